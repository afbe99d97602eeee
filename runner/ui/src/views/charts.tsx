// The four charts of a run, on one time axis.
import { useSignalEffect } from "@preact/signals";
import { Chart, type Series } from "../charts/chart";
import { along, coarse, type Frame, frame, perSecond, width } from "../charts/frame";
import { GLYPHS } from "../charts/marks";
import { time } from "../format";
import { call } from "../model/live";
import { frozen, history, marks } from "../model/state";
import type { Columns } from "../model/types";
import { logScale, range } from "../model/url";

const CODES: [string, string, (code: string) => boolean][] = [
  ["2xx", "--ok", (c) => c.startsWith("2")],
  ["3xx", "--accent", (c) => c.startsWith("3")],
  ["4xx", "--warn", (c) => c.startsWith("4")],
  ["5xx", "--bad", (c) => c.startsWith("5")],
  ["no response", "--grey", (c) => c === "0"],
  ["other", "--violet-2", (c) => !/^[2345]|^0$/.test(c)],
];

export function rates(f: Frame): Series[] {
  return [
    { label: "Requests", unit: "/s", colour: "--accent", values: along(f, f.columns.rps), area: true },
    { label: "Failures", unit: "/s", colour: "--bad", values: along(f, f.columns.failures_per_second), area: true },
  ];
}

export function latencies(f: Frame): Series[] {
  return [
    { label: "p50", unit: "ms", colour: "--violet-1", values: along(f, f.columns.p50_ms) },
    { label: "p95", unit: "ms", colour: "--violet-2", values: along(f, f.columns.p95_ms) },
    { label: "p99", unit: "ms", colour: "--violet-3", values: along(f, f.columns.p99_ms) },
  ];
}

/** Stacked: each series is drawn on top of those before it, and says its own value. */
export function codes(f: Frame): Series[] {
  const below = f.x.map(() => 0);
  const series: Series[] = [];
  for (const [label, colour, belongs] of CODES) {
    const mine = Object.entries(f.columns.codes).filter(([code]) => belongs(code));
    if (!mine.length) continue;
    const sum = f.columns.time.map((_, i) => mine.reduce((total, [, counts]) => total + (counts[i] ?? 0), 0));
    const values = perSecond(f, sum);
    const drawn = values.map((value, i) => (value === null ? null : (below[i] = (below[i] as number) + value)));
    series.push({ label, unit: "/s", colour, values, drawn: [...drawn], area: true });
  }
  return series.reverse(); // the highest first, so that the others stay visible in front of it
}

export function Charts() {
  const f = frame.value;
  const users = along(f, f.columns.users);
  const shared = { x: f.x, users };
  return (
    <section aria-label="Charts">
      <Toolbar />
      <div class="charts">
        <Chart id="rps" title="Requests and failures" unit="/s" {...shared} series={rates(f)} />
        <Chart id="latency" title="Response times" unit="ms" {...shared} series={latencies(f)} log={logScale.value}
          tools={
            <button class="quiet" aria-pressed={logScale.value} onClick={() => (logScale.value = !logScale.value)}
              title="Logarithmic axis">log</button>
          } />
        <Chart id="users" title="Users" unit="" {...shared} height={130}
          series={[{ label: "Users", unit: "", colour: "--series-users", values: users, area: true }]} />
        <Chart id="codes" title="Status codes" unit="/s" {...shared} height={130} series={codes(f)}
          empty="HTTP status codes, stacked, appear with the first responses." />
      </div>
    </section>
  );
}

const WIDTHS: [number, string][] = [[1, "1 s"], [10, "10 s"], [60, "1 m"]];

function Toolbar() {
  useSignalEffect(() => {
    const wanted = width.value;
    const newest = history.value.time.at(-1) ?? 0;
    if (frozen.value || wanted === 1) return;
    // A coarser point changes until it is whole: look again whenever a fifth of it has passed.
    const known = coarse.peek()?.time.at(-1) ?? 0;
    const fresh = coarse.peek()?.width_seconds.at(-1) === wanted;
    if (fresh && newest - known < wanted / 5) return;
    void call<Columns>("GET", `history?columns=1&width=${wanted}`)
      .then((columns) => width.peek() === wanted && (coarse.value = columns))
      .catch(() => undefined);
  });
  const shown = range.value;
  return (
    <div class="toolbar of-charts">
      {!frozen.value && (
        <div class="choice" role="group" aria-label="Seconds per point">
          {WIDTHS.map(([seconds, label]) => (
            <button key={seconds} aria-pressed={width.value === seconds}
              onClick={() => { coarse.value = null; width.value = seconds; }}>{label}</button>
          ))}
        </div>
      )}
      {shown ? (
        <span>
          <span class="num">{time(shown[0])} – {time(shown[1])}</span>{" "}
          <button class="quiet" onClick={() => (range.value = null)}>Show all</button>
        </span>
      ) : <span class="grey hint">Drag over a chart to look closer, double-click to see all.</span>}
      <span class="grow" />
      <Events />
    </div>
  );
}

function Events() {
  const all = marks.value;
  if (!all.length) return null;
  return (
    <details class="menu right">
      <summary class="quiet">{all.length === 1 ? "1 event" : `${all.length} events`}</summary>
      <ol class="events">
        {[...all].reverse().map((mark) => (
          <li key={`${mark.time}${mark.text}`}><span class="num grey">{time(mark.time)}</span> {GLYPHS[mark.kind] ?? "·"} {mark.text}</li>
        ))}
      </ol>
    </details>
  );
}
