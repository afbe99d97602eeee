// The report: the page frozen, all of it one below the other.
import { cautions, exceptions, failures, logs, status, table, workers } from "../model/state";
import { count, dateTime, duration, plural, rate } from "../format";
import type { Status } from "../model/types";
import { Charts } from "./charts";
import { Drawer } from "./drawer";
import { Banners, Header } from "./header";
import { Help } from "./help";
import { Logs, Workers } from "./machines";
import { Requests } from "./requests";
import { Test } from "./test";
import { Exceptions, Failures } from "./troubles";

export function Report() {
  const s = status.value;
  if (!s) return null;
  void cautions.value;
  return (
    <div class="report">
      <Header />
      <main>
        <Summary s={s} />
        <Banners />
        <Charts />
        <Part title={`Requests ${count(table.value?.count ?? 0)}`}><Requests /></Part>
        {failures.value?.length ? <Part title={`Failures ${count(s.total.failures)}`}><Failures /></Part> : null}
        {exceptions.value?.length ? <Part title="Exceptions"><Exceptions /></Part> : null}
        {workers.value?.length ? <Part title="Workers"><Workers /></Part> : null}
        {logs.value && <Part title="Logs"><Logs /></Part>}
        <Part title="Test"><Test /></Part>
        <footer class="grey">Made by Katydid. Everything here is also in run.json: <code>katydid report run.json</code> makes this page again.</footer>
      </main>
      <Drawer />
      <Help />
    </div>
  );
}

export function Part({ title, children }: { title: string; children: preact.ComponentChildren }) {
  return <section class="part"><h2>{title}</h2>{children}</section>;
}

function Summary({ s }: { s: Status }) {
  const parts = [loadText(s)];
  if (s.host) parts.push(`against ${s.host}`);
  if (s.load_started_at) parts.push(`from ${dateTime(s.load_started_at)}`);
  if (s.workers_expected) parts.push(`on ${plural(s.workers_expected, "worker")}`);
  return <p class="summary grey">{parts.filter(Boolean).join(", ")}.</p>;
}

function loadText({ load, elapsed_seconds }: Status): string {
  const time = elapsed_seconds ? ` for ${duration(elapsed_seconds)}` : "";
  if (load.model === "arrivalRate") return `${rate(load.rate)} iterations /s from up to ${plural(load.max_users ?? 0, "user")}${time}`;
  if (load.model === "stages") return `Stages, ${plural(load.peak_users, "user")} at the peak${time}`;
  if (load.model === "shape") return `A shape of the locustfile, ${plural(load.peak_users, "user")} at the peak${time}`;
  return `${plural(load.target_users || load.peak_users, "user")}${load.spawn_rate ? ` at ${rate(load.spawn_rate)} /s` : ""}${time}`;
}
