// The page: live over the API of a master, or frozen with the data of a report inside.
import "uplot/dist/uPlot.min.css";
import { options, render } from "preact";
import { listenToKeys } from "./keyboard";
import { thaw } from "./model/frozen";
import { goLive } from "./model/live";
import { active, compared, editing, ended, frozen, printing, status } from "./model/state";
import { applyTheme } from "./model/theme";
import { keepInUrl, tab } from "./model/url";
import "./style/page.css";
import "./style/parts.css";
import "./style/print.css";
import { Charts } from "./views/charts";
import { Comparison } from "./views/compared";
import { Drawer } from "./views/drawer";
import { Banners, Header } from "./views/header";
import { Help } from "./views/help";
import { Logs, Workers } from "./views/machines";
import { Report } from "./views/report";
import { Busiest, Requests } from "./views/requests";
import { StartForm } from "./views/start";
import { Test } from "./views/test";
import { Exceptions, Failures } from "./views/troubles";

function Overview() {
  return <><Charts /><Busiest /></>;
}

const VIEWS = { overview: Overview, requests: Requests, failures: Failures, exceptions: Exceptions, workers: Workers, logs: Logs, test: Test };

function Page() {
  const View = VIEWS[tab.value];
  const s = status.value;
  const mayChange = s && s.may_change !== false && !ended.value;
  const fresh = s && !active.value && s.load_started_at === null;
  const form = mayChange && (editing.value || fresh);
  return (
    <>
      <Header />
      <main>
        <Banners />
        <div id="view" role="tabpanel" aria-labelledby={`tab-${tab.value}`}>
          {form && <StartForm />}
          {s ? !(fresh && form && tab.value === "overview") && <View /> : <p class="empty">Connecting to the master …</p>}
        </div>
      </main>
      <Drawer />
      <Help />
    </>
  );
}

function App() {
  if (compared.value) return <Comparison data={compared.value} />;
  return frozen.value ? <Report /> : <Page />;
}

/** Paper wants everything, in light colours, at once: rendering waits for nothing meanwhile. */
function printWhole(): void {
  const set = (value: boolean) => () => {
    const usual = options.debounceRendering;
    options.debounceRendering = (work) => work();
    printing.value = value;
    options.debounceRendering = usual as typeof options.debounceRendering;
  };
  addEventListener("beforeprint", set(true));
  addEventListener("afterprint", set(false));
}

async function begin(): Promise<void> {
  applyTheme();
  const report = await thaw();
  keepInUrl();
  listenToKeys();
  printWhole();
  if (!report) goLive();
  render(<App />, document.getElementById("katydid") as HTMLElement);
}

void begin();
