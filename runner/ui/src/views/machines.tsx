// Workers and logs.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { bytes, count, duration, ms, plural, time } from "../format";
import { frozen, logs, printing, status, totals, workers } from "../model/state";
import type { Worker } from "../model/types";
import { Copy, Empty, Num, Spark } from "./bits";

const TONES: Record<string, [string, string]> = {
  running: ["●", "ok"], spawning: ["●", "running"], ready: ["○", "grey"], stopping: ["◌", "warn"],
  cleanup: ["◌", "warn"], stopped: ["■", "grey"], stalled: ["!", "warn"], missing: ["✕", "bad"], left: ["■", "grey"],
};

export function Workers() {
  const rows = workers.value;
  if (!rows?.length) {
    return <section class="card"><Empty>{rows ? "A worker that connects gets a row here: katydid -f locustfile.py --worker --master-host …" : "Asking …"}</Empty></section>;
  }
  return (
    <section class="card" aria-label="Workers">
      <div class="across">
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Worker</th><th scope="col">State</th><th scope="col" class="num">Users</th><th scope="col" class="num">CPU %</th>
              <th scope="col" class="roomy">Last minute</th><th scope="col" class="num roomy">Memory</th><th scope="col" class="num">Loop lag ms</th>
              {!frozen.value && <th scope="col" class="num">Last heard</th>}<th scope="col" class="roomy">Version</th>
            </tr>
          </thead>
          <tbody>{rows.map((row) => <WorkerLine key={row.id} row={row} />)}</tbody>
        </table>
      </div>
    </section>
  );
}

function WorkerLine({ row }: { row: Worker }) {
  const [icon, tone] = TONES[row.state] ?? ["?", "grey"];
  const lost = row.lost_at !== null && row.state === "missing";
  const [size, unit] = bytes(row.memory_bytes);
  const hot = row.cpu_percent > 90;
  return (
    <tr class={lost ? "lost" : ""} data-worker={row.index}>
      <th scope="row" class="name" title={row.id}><span class="grey num">{row.index}</span> {row.id}</th>
      <td class={tone}>{icon} {row.state}{lost && <span class="num"> since {time(row.lost_at)}</span>}</td>
      <td class="num">{count(row.users)}</td>
      <td class={`num ${hot ? "warn" : ""}`}>{hot && "! "}{row.cpu_percent.toFixed(0)}</td>
      <td class="roomy"><Spark values={row.cpu_trend} max={100} label={`CPU of worker ${row.index} over the last minute`} /></td>
      <td class="num roomy"><Num value={size} unit={unit} /></td>
      <td class={`num ${row.loop_lag_ms > 100 ? "warn" : ""}`}>{ms(row.loop_lag_ms)}</td>
      {!frozen.value && <td class="num">{row.heartbeat_age_seconds < 2 ? "now" : `${duration(row.heartbeat_age_seconds)} ago`}</td>}
      <td class="roomy">{row.version}</td>
    </tr>
  );
}

const chosen = signal("");
const wanted = signal("");

export function Logs() {
  const all = logs.value ?? {};
  const nodes = Object.keys(all);
  if (!nodes.some((node) => all[node]?.length)) return <section class="card"><Empty>{logs.value ? "What the master and the workers log appears here." : "Asking …"}</Empty></section>;
  if (printing.value) return <section class="card">{nodes.map((node) => <div key={node}><h3>{node}</h3><pre>{(all[node] ?? []).slice(-40).join("\n")}</pre></div>)}</section>;
  const node = nodes.includes(chosen.value) ? chosen.value : (nodes[0] as string);
  const lines = all[node] ?? [];
  const whole = totals.value.logs[node] ?? 0;
  const needle = wanted.value.toLowerCase();
  const shown = needle ? lines.filter((line) => line.toLowerCase().includes(needle)) : lines;
  return (
    <section class="card" aria-label="Logs">
      <div class="toolbar">
        <label>Node <select value={node} onChange={(event) => (chosen.value = event.currentTarget.value)}>{nodes.map((each) => <option key={each} value={each}>{each === "master" && !status.value?.workers_expected ? "this process" : each}</option>)}</select></label>
        <input type="search" placeholder="Search lines" aria-label="Search log lines" value={wanted.value} onInput={(event) => (wanted.value = event.currentTarget.value)} />
        <span class="grey">{lines.length < whole && !needle ? `the last ${count(lines.length)} of ${count(whole)} lines` : plural(shown.length, "line")}</span>
        <span class="grow" />
        <Copy text={shown.join("\n")} label="Copy the log" />
      </div>
      <LogText lines={shown} />
    </section>
  );
}

function LogText({ lines }: { lines: string[] }) {
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    if (box.current && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines.length, lines.at(-1)]);
  return (
    <pre class="log" ref={box} tabIndex={0} aria-label="Log lines"
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        atEnd.current = scrollTop + clientHeight > scrollHeight - 20;
      }}>
      {lines.map((line, i) => <div key={i} class={/ERROR|CRITICAL|Traceback/.test(line) ? "bad" : /WARN/.test(line) ? "warn" : ""}>{line}</div>)}
    </pre>
  );
}
