// Two runs side by side: the page of `katydid compare --html`, frozen as a report is.
import { Chart, type Series } from "../charts/chart";
import { THIN, count, dateTime, ms, percent, rate, ticking } from "../format";
import type { Cells, Compared, Curves, Metric, RunFacts } from "../model/types";
import { range, search, sort } from "../model/url";
import { Num } from "./bits";
import type { ColumnDef } from "./columns";
import { Help } from "./help";
import { Part } from "./report";
import { RequestTable } from "./table";
import { ThemeButton } from "./theme";

const SHOWN: Record<string, (value: number | null) => string> = { "": count, "/s": rate, "%": percent, ms };
const NARROW = ["failures", "p95"];
const MOST_IN_SIGHT = 4;

export function Comparison({ data }: { data: Compared }) {
  const inSight = [...data.tolerances].sort((a, b) => Number(b.exceeded) - Number(a.exceeded)).slice(0, MOST_IN_SIGHT);
  return (
    <div class="report compare">
      <header class="top">
        <div class="bar">
          <h1>Katydid<span class="grey"> · </span><span class="name">{data.tests}</span><span class="grey">, two runs</span></h1>
          <span class={`state ${data.tone === "run" ? "running" : data.tone}`} role="status" title={data.sentence}>
            <i aria-hidden="true">{data.icon}</i> {data.word}<span class="why">: {data.sentence}</span>
          </span>
          <span class="grow" />
          <ThemeButton />
        </div>
        <dl class="numbers">{data.metrics.map((metric) => <Tile key={metric.id} metric={metric} data={data} />)}</dl>
        {data.tolerances.length > 0 && (
          <ul class="thresholds" aria-label="Tolerances">
            {inSight.map((one) => <Tolerance key={one.text} {...one} />)}
            {inSight.length < data.tolerances.length && <li><a href="#tolerances" onClick={toTolerances}>All {count(data.tolerances.length)}</a></li>}
          </ul>
        )}
      </header>
      <main>
        <div class="banners">
          {data.cautions.map((text) => <div key={text} class="banner warn"><i aria-hidden="true">!</i> <span>{text}</span></div>)}
        </div>
        <Runs runs={data.runs} />
        {data.charts ? <Overlaid curves={data.charts} /> : <p class="empty">No second of load was recorded in either run, so there is nothing to draw.</p>}
        <Part title={`Requests ${count(data.table.count)}`}><Changes data={data} /></Part>
        {inSight.length < data.tolerances.length && (
          <Part title={`Tolerances ${count(data.tolerances.length)}`}>
            <ul class="card thresholds all" id="tolerances" tabIndex={-1} aria-label="All tolerances">{data.tolerances.map((one) => <Tolerance key={one.text} {...one} />)}</ul>
          </Part>
        )}
        {data.failures.length > 0 && <Part title={`Failures ${count(data.failures_count)}`}><FailureChanges data={data} /></Part>}
        <footer class="grey">Made by Katydid. <code>katydid compare</code> makes this page again from the two run.json files.</footer>
      </main>
      <Help />
    </div>
  );
}

function toTolerances(event: MouseEvent): void {
  event.preventDefault(); // what stands after # is the page's state
  document.getElementById("tolerances")?.focus();
}

/** What a row says of a metric: after, before, and how that reads. */
function said(cells: Cells, fields: string[], id: string) {
  const at = fields.indexOf(id);
  const [after, was, , told, tone] = cells.slice(at, at + 5) as [number | null, number | null, number | null, string, string];
  return { after, was, told, tone };
}

function Tile({ metric, data }: { metric: Metric; data: Compared }) {
  const { after, was, told, tone } = said(data.table.total, data.table.fields, metric.id);
  const show = SHOWN[metric.unit] ?? count;
  return (
    <div class="tile" data-tile={metric.id}>
      <dt>{metric.title}</dt>
      <dd><Num value={show(after)} unit={metric.unit} /></dd>
      <dd class="delta num"><span class={tone || "grey"}>{told}</span> <span class="grey">was {show(was)}</span></dd>
    </div>
  );
}

function Tolerance({ exceeded, text }: { exceeded: boolean; text: string }) {
  return <li class={exceeded ? "bad" : "ok"}><i aria-label={exceeded ? "Exceeded" : "Within"}>{exceeded ? "✕" : "✓"}</i> {text}</li>;
}

function Runs({ runs }: { runs: RunFacts[] }) {
  return (
    <section class="card" aria-label="Runs">
      <div class="across" tabIndex={0} role="region" aria-label="Table, scrollable">
        <table class="rows">
          <thead><tr>{["Run", "Verdict", "Test", "Load started", "Load", "Target", "Read from"].map((each) => <th key={each} scope="col">{each}</th>)}</tr></thead>
          <tbody>
            {runs.map((run, i) => (
              <tr key={run.called}>
                <th scope="row"><b>{run.called}</b> <i class={`stroke ${i ? "dash" : ""}`} aria-hidden="true" /><span class="hidden">{i ? "dashed" : "solid"}</span></th>
                <td class={run.tone}>{run.icon} {run.word}</td><td class="text">{run.test}</td><td class="num-left">{dateTime(run.started_at)}</td>
                <td class="text">{run.load}</td><td class="text">{run.host ?? "–"}</td><td class="text">{run.source || "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Overlaid({ curves }: { curves: Curves }) {
  const { elapsed, before, after } = curves;
  const pair = (name: keyof typeof before, label: string, unit: string, colour: string): Series[] => [
    { label: `${label} before`, unit, colour, values: before[name] },
    { label: `${label} after`, unit, colour, values: after[name], dash: true },
  ];
  return (
    <section aria-label="Charts">
      <div class="toolbar of-charts">
        {range.value ? (
          <span><span class="num">{ticking(range.value[0])} – {ticking(range.value[1])}</span>{" "}
            <button class="quiet" onClick={() => (range.value = null)}>Show all</button></span>
        ) : <span class="grey">Before solid, after dashed, each from the start of its load; a point is {curves.width}.</span>}
      </div>
      <div class="charts">
        <Chart id="rps" title="Requests" unit="/s" x={elapsed} series={pair("rps", "Requests", "/s", "--accent")} />
        <Chart id="latency" title="Response times" unit="ms" x={elapsed} series={[
          ...pair("p50_ms", "p50", "ms", "--violet-1"), ...pair("p95_ms", "p95", "ms", "--violet-2"), ...pair("p99_ms", "p99", "ms", "--violet-3"),
        ]} />
        <Chart id="failures" title="Failures" unit="/s" x={elapsed} height={130} series={pair("failures_per_second", "Failures", "/s", "--bad")} />
        <Chart id="users" title="Users" unit="" x={elapsed} height={130} series={pair("users", "Users", "", "--series-users")} />
      </div>
    </section>
  );
}

function columnsOf(data: Compared): ColumnDef[] {
  return data.metrics.map(({ id, title, unit }) => {
    const show = SHOWN[unit] ?? count;
    return {
      id, unit, show, label: unit === "%" ? `${title} %` : title, field: `${id}_change`, narrow: NARROW.includes(id),
      title: `${title} of the second run, and how it differs from the first; by the change`,
      cell: (cells: Cells, fields: string[]) => {
        const { after, was, told, tone } = said(cells, fields, id);
        return <span title={`was ${show(was)}`}>{show(after)} <small class={tone || "grey"}>{told}</small></span>;
      },
    };
  });
}

function Changes({ data }: { data: Compared }) {
  if (!data.table.rows.length) return <section class="card"><p class="empty">No request was made in either run.</p></section>;
  return (
    <section class="card fill" aria-label="Requests">
      <div class="toolbar">
        <input type="search" id="search" placeholder="Search names  ( / )" aria-label="Search request names" value={search.value}
          onInput={(event) => (search.value = event.currentTarget.value)} />
        <button aria-pressed={sort.value === "order"} onClick={() => (sort.value = "order")}
          title="A p95 that is 10 % slower weighs as much as one percentage point more failures">Largest regression first</button>
        <span class="grey hint">The second run and its change from the first; failures in {THIN}% and percentage points.</span>
      </div>
      <RequestTable data={data.table} columns={columnsOf(data)} />
    </section>
  );
}

function FailureChanges({ data }: { data: Compared }) {
  const rest = data.failures_count - data.failures.length;
  return (
    <section class="card" aria-label="Failures">
      {rest > 0 && <p class="cut warn">! The first {count(data.failures.length)} of {count(data.failures_count)} kinds of failure; the two run.json have all.</p>}
      <div class="across" tabIndex={0} role="region" aria-label="Table, scrollable">
        <table class="rows">
          <thead><tr><th scope="col">Request</th><th scope="col">Error</th><th scope="col" class="num">Before</th><th scope="col" class="num">After</th></tr></thead>
          <tbody>
            {data.failures.map((row) => (
              <tr key={`${row.method} ${row.name} ${row.error}`}>
                <th scope="row" class="name"><span class="method">{row.method}</span> {row.name}</th>
                <td class="text">{row.error}</td>
                <td class="num">{count(row.before)}</td>
                <td class={`num ${row.after > row.before ? "bad" : row.after < row.before ? "ok" : ""}`}>{count(row.after)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
