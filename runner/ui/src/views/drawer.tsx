// One request name, whole: its numbers, charts, spread of response times, failures.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Chart } from "../charts/chart";
import { frameOf } from "../charts/frame";
import { Histogram, type Line } from "../charts/histogram";
import { THIN, bytes, count, ms, percent, rate, time } from "../format";
import { details } from "../model/frozen";
import { detail as ask } from "../model/live";
import { active, frozen, status } from "../model/state";
import type { Detail } from "../model/types";
import { logScale, opened } from "../model/url";
import { Empty, Num } from "./bits";
import { latencies, rates } from "./charts";

const AGAIN_MS = 3000;

export function Drawer() {
  const key = opened.value;
  return key ? <Open key={key} name={key} /> : null;
}

function Open({ name }: { name: string }) {
  const found = useSignal<Detail | null>(details.get(name) ?? null);
  const failed = useSignal("");
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    panel.current?.focus();
    return () => before?.focus?.();
  }, []);
  useEffect(() => {
    if (frozen.value) return undefined;
    let timer = 0;
    let gone = false;
    const space = name.indexOf(" ");
    const look = () =>
      ask(name.slice(0, space), name.slice(space + 1))
        .then((answer) => { found.value = answer; failed.value = ""; })
        .catch((error: Error) => (failed.value = error.message))
        .finally(() => { if (!gone) timer = window.setTimeout(look, active.peek() ? AGAIN_MS : 5 * AGAIN_MS); });
    void look();
    return () => { gone = true; clearTimeout(timer); };
  }, [name]);
  const close = () => (opened.value = "");
  return (
    <>
      <div class="shade" onClick={close} />
      <div class="drawer" role="dialog" aria-modal="true" aria-label={name} ref={panel} tabIndex={-1}
        onKeyDown={(event) => event.key === "Escape" && (event.stopPropagation(), close())}>
        <div class="toolbar sticky">
          <h2>{name}</h2>
          <span class="grow" />
          <button onClick={close} title="Escape" aria-label="Close">✕</button>
        </div>
        {found.value ? <Body detail={found.value} /> :
          failed.value ? <Empty>{failed.value}</Empty> :
          frozen.value ? <Empty>This report has the numbers of this name; its charts are in run.json.</Empty> : <Empty>Asking …</Empty>}
      </div>
    </>
  );
}

function Body({ detail }: { detail: Detail }) {
  const { row, failures } = detail;
  const [size, unit] = bytes(row.mean_length);
  const facts: [string, string, string, string][] = [
    ["Requests", count(row.requests), "", ""],
    ["Failed", percent(row.fail_percent), "%", row.failures ? "bad" : ""],
    ["RPS", rate(row.rps), "/s", ""],
    ["Mean", ms(row.latency.mean_ms), "ms", ""],
    ["Mean size", size, unit, ""],
  ];
  return (
    <>
      <dl class="numbers">
        {facts.map(([label, value, of, tone]) => (
          <div class="tile" key={label}><dt>{label}</dt><dd><Num value={value} unit={of} tone={tone} /></dd></div>
        ))}
      </dl>
      <Percentiles detail={detail} />
      <h3>Spread of response times</h3>
      <Histogram pairs={detail.histogram} lines={linesOf(detail)} />
      <History detail={detail} />
      <Codes row={row} />
      <h3>Failures</h3>
      {failures.length ? (
        <div class="across"><table class="rows">
          <thead><tr><th scope="col">Error</th><th scope="col" class="num">Times</th><th scope="col" class="num">Last</th></tr></thead>
          <tbody>
            {failures.map((failure) => (
              <tr key={failure.error}><td class="text">{failure.error}</td><td class="num">{count(failure.occurrences)}</td><td class="num">{time(failure.last_seen)}</td></tr>
            ))}
          </tbody>
        </table></div>
      ) : <Empty>None of these requests failed.</Empty>}
    </>
  );
}

function Percentiles({ detail }: { detail: Detail }) {
  const { latency, service } = detail.row;
  const names = Object.keys(latency.percentiles_ms);
  return (
    <div class="across"><table class="rows compact" aria-label="Percentiles">
      <thead><tr><th scope="col" class="num">min</th>{names.map((p) => <th key={p} scope="col" class="num">{p === "p100" ? "max" : p}</th>)}<th scope="col" /></tr></thead>
      <tbody>
        <tr><td class="num">{ms(latency.min_ms)}</td>{names.map((p) => <td key={p} class="num">{ms(latency.percentiles_ms[p])}</td>)}<td class="grey">ms{service && " from the intended start"}</td></tr>
        {service && <tr><td class="num">{ms(service.min_ms)}</td>{names.map((p) => <td key={p} class="num">{ms(service.percentiles_ms[p])}</td>)}<td class="grey">ms from the send</td></tr>}
      </tbody>
    </table></div>
  );
}

function History({ detail }: { detail: Detail }) {
  if (!detail.history) return <Empty>Only the first 200 names have charts of their own.</Empty>;
  const f = frameOf(detail.history);
  return (
    <div class="charts one">
      <Chart id="request-rps" title="Requests and failures" unit="/s" x={f.x} series={rates(f)} height={120} />
      <Chart id="request-latency" title="Response times" unit="ms" x={f.x} series={latencies(f)} log={logScale.value} height={150} />
    </div>
  );
}

function Codes({ row }: { row: Detail["row"] }) {
  const codes = Object.entries(row.codes);
  if (!codes.length) return null;
  return (
    <p class="codes">
      <span class="grey">Status codes</span>
      {codes.map(([code, n]) => (
        <span key={code} class={/^[45]|^0$/.test(code) ? "bad" : ""}>{code === "0" ? "no response" : code}{THIN}<b class="num">{count(n)}</b></span>
      ))}
    </p>
  );
}

/** Percentiles of this name, and the limits of thresholds on its response times. */
function linesOf(detail: Detail): Line[] {
  const { latency, name, method } = detail.row;
  const lines: Line[] = [];
  for (const p of ["p50", "p95", "p99"] as const) {
    const at = latency.percentiles_ms[p];
    if (at) lines.push({ at, label: p, colour: "--violet-3" });
  }
  for (const threshold of status.value?.thresholds ?? []) {
    if (threshold.unit !== "ms" || !threshold.expression.startsWith(`${method} ${name}:`.trimStart())) continue;
    lines.push({ at: threshold.limit, label: `limit ${ms(threshold.limit)} ms`, colour: threshold.status === "Breached" ? "--bad" : "--ok", limit: true });
  }
  return lines;
}
