// What never scrolls away: state, time, load, the numbers, the thresholds, the tabs.
import { THIN, bytes, count, duration, ms, percent, plural, rate, ticking, withUnit } from "../format";
import { address, change, edit } from "../model/live";
import { active, cautions, editing, ended, exceptions, failures, frozen, heardAt, helping, notice, now, staleSeconds, status } from "../model/state";
import type { Status, Threshold } from "../model/types";
import { TABS, tab, type Tab } from "../model/url";
import { arrowTo, Num } from "./bits";
import { ThemeButton } from "./theme";

const STATES: Record<string, [string, string, string]> = {
  ready: ["○", "Ready", "grey"],
  spawning: ["●", "Ramping up", "running"],
  running: ["●", "Running", "running"],
  cleanup: ["◌", "Stopping", "warn"],
  stopping: ["◌", "Stopping", "warn"],
  stopped: ["■", "Stopped", "grey"],
};
const VERDICTS: Record<string, [string, string]> = {
  Passed: ["✓", "ok"], Failed: ["✕", "bad"], Error: ["!", "bad"], Stopped: ["■", "warn"],
};

/** [icon, word, tone]; the verdict takes the place of the state at the end. */
export function stateOf(s: Status): [string, string, string] {
  if (s.verdict && !active.value && (s.final || s.state === "stopped")) {
    const [icon, tone] = VERDICTS[s.verdict] ?? ["?", "grey"];
    return [icon, s.verdict, tone];
  }
  return STATES[s.state] ?? ["?", s.state, "grey"];
}

/** The sentence beside the verdict. */
export function why(s: Status): string {
  if (!s.verdict || active.value) return "";
  const breached = s.thresholds.filter((t) => t.status === "Breached");
  const first = breached[0];
  if (s.verdict === "Failed" && first) {
    const more = breached.length > 1 ? ` (and ${breached.length - 1} more)` : "";
    return `${first.expression} was ${withUnit(first.value, first.unit)}${more}`;
  }
  if (s.message) return s.message;
  if (s.verdict === "Failed" && s.total.failures) {
    return `${plural(s.total.failures, "request")} failed (${percent(s.total.fail_percent)}${THIN}%)`;
  }
  return "";
}

export function Header() {
  const s = status.value;
  const [icon, word, tone] = s ? stateOf(s) : ["○", "Connecting", "grey"];
  const reason = s ? why(s) : "";
  document.title = s ? `${word} · ${s.name || "Katydid"}` : "Katydid";
  return (
    <header class={staleSeconds.value ? "top stale" : "top"}>
      <div class="bar">
        <h1>Katydid<span class="grey"> · </span><span class="name">{s?.name || "load test"}</span></h1>
        <span class={`state ${tone}`} role="status" data-state={s?.state}>
          <i aria-hidden="true">{icon}</i> {word}{reason && <span class="why">: {reason}</span>}
        </span>
        {s && <Clock s={s} />}
        {s && <Users s={s} />}
        <span class="grow" />
        {s && !frozen.value && <Actions s={s} />}
        {!frozen.value && <Downloads />}
        <ThemeButton />
        <button class="icon" onClick={() => (helping.value = !helping.value)} title="Keys (?)" aria-label="Keys">?</button>
      </div>
      {s && <Numbers s={s} />}
      {s && s.thresholds.length > 0 && <Thresholds rows={s.thresholds} />}
      {!frozen.value && <Tabs />}
    </header>
  );
}

function Clock({ s }: { s: Status }) {
  if (!s.load_started_at) return null;
  const limit = s.load.run_time_seconds;
  const running = active.value;
  // The master says the time once a second; between two ticks it goes on here.
  const since = running && !frozen.value ? Math.min(1, (now.value - heardAt.value) / 1000) : 0;
  const elapsed = s.elapsed_seconds + Math.max(0, since);
  return (
    <span class="clock num">
      {running ? ticking(elapsed) : duration(s.elapsed_seconds)}
      {running && limit ? <span class="grey"> / {ticking(limit)}</span> : null}
      {running && limit ? <progress max={limit} value={Math.min(limit, elapsed)} aria-label="Run time used" /> : null}
    </span>
  );
}

function Users({ s }: { s: Status }) {
  const { load } = s;
  if (!active.value) return load.peak_users ? <span class="grey">{plural(load.peak_users, "user")} at the peak</span> : null;
  const ramping = load.target_users !== load.users && load.rate === null;
  return (
    <span>
      <b class="num" data-value="users">{count(load.users)}</b>
      {ramping ? ` of ${count(load.target_users)} users` : load.users === 1 ? " user" : " users"}
      {load.rate !== null && <span class="grey"> · {rate(load.rate)} iterations{THIN}/s wanted</span>}
    </span>
  );
}

function Actions({ s }: { s: Status }) {
  if (s.may_change === false) return <a class="button" href={`${window.basePath ?? ""}/login`}>Log in to change the run</a>;
  const idle = !active.value;
  return (
    <>
      {s.total.requests > 0 && !ended.value && (
        <button onClick={() => void change("reset")} title="Begin the numbers anew">Reset numbers</button>
      )}
      {active.value && s.load.model !== "shape" && (
        <button onClick={edit} title="e" disabled={editing.value}>Edit load</button>
      )}
      {active.value && <button class="danger" onClick={() => void change("stop")} title="s">■ Stop</button>}
      {idle && !ended.value && s.load_started_at !== null && (
        <button class="accent" onClick={edit} title="s" disabled={editing.value}>Run again</button>
      )}
    </>
  );
}

function Downloads() {
  const files = [["report.html?download=1", "Report (HTML)"], ["results.json", "Everything (JSON)"],
    ["results.csv", "Requests (CSV)"], ["junit.xml", "Verdict (JUnit XML)"], ["results.tar.gz", "All of them (tar.gz)"]];
  return (
    <details class="menu">
      <summary class="button">Download</summary>
      <div>{files.map(([path, name]) => <a key={path} href={address(path as string)} download>{name}</a>)}</div>
    </details>
  );
}

function Tile({ label, children, id, title }: { label: string; children: preact.ComponentChildren; id: string; title?: string }) {
  return <div class="tile" data-tile={id} title={title}><dt>{label}</dt><dd>{children}</dd></div>;
}

function Numbers({ s }: { s: Status }) {
  const live = active.value;
  const { total, generator } = s;
  const latency = live ? total.current_percentiles_ms : total.latency.percentiles_ms;
  const of = live ? "over the last ten seconds" : "over the whole run";
  const [size, unit] = bytes(total.total_length);
  return (
    <dl class="numbers">
      <Tile id="rps" label="Requests" title={`Requests per second ${of}`}><Num value={rate(live ? total.current_rps : total.rps)} unit="/s" /></Tile>
      <Tile id="requests" label="In all"><Num value={count(total.requests)} /></Tile>
      <Tile id="failures" label="Failures" title={`${count(total.failures)} of ${count(total.requests)} requests`}>
        <Num value={percent(total.fail_percent)} unit="%" tone={total.failures ? "bad" : ""} />
      </Tile>
      {["p50", "p95", "p99"].map((p) => (
        <Tile key={p} id={p} label={p} title={`${p} ${of}`}><Num value={ms(latency[p])} unit="ms" /></Tile>
      ))}
      <Tile id="bytes" label="Received"><Num value={size} unit={unit} /></Tile>
      {s.workers_expected > 0 && (
        <Tile id="workers" label="Workers">
          <Num value={`${s.workers_ready}/${s.workers_expected}`} tone={s.workers_lost ? "warn" : ""} />
          {s.workers_lost > 0 && <small class="warn"> ! {s.workers_lost} lost</small>}
        </Tile>
      )}
      {s.load.dropped_iterations > 0 && (
        <Tile id="dropped" label="Dropped" title="Iterations that had no free user when they were due">
          <Num value={count(s.load.dropped_iterations)} tone="bad" />
        </Tile>
      )}
      <Tile id="generator" label="Generator" title={`Highest CPU of one process; event loop up to ${ms(generator.max_loop_lag_ms)} ms late`}>
        <Num value={count(generator.max_cpu_percent)} unit="% CPU" tone={generator.saturated ? "warn" : ""} />
        <small class={generator.saturated ? "warn" : "ok"}>{generator.saturated ? ` ! saturated${saturatedShare(s)}` : " ✓ ok"}</small>
      </Tile>
    </dl>
  );
}

/** " 10 %" of the load, where that is known. */
function saturatedShare({ generator, elapsed_seconds }: Status): string {
  const seconds = generator.saturated_seconds;
  if (!seconds || !elapsed_seconds) return "";
  return ` ${Math.min(100, Math.max(1, Math.round((100 * seconds) / elapsed_seconds)))}${THIN}%`;
}

function saturation(s: Status): string {
  const { saturated_seconds, first_saturated_at } = s.generator;
  const since = first_saturated_at && s.load_started_at ? `, first at ${duration(first_saturated_at - s.load_started_at)}` : "";
  const span = saturated_seconds ? ` for ${duration(Math.max(1, saturated_seconds))} (${saturatedShare(s).trim()} of the load)${since}` : "";
  return `The load generator was saturated${span}: latencies may be its own.`;
}

const MET: Record<string, [string, string]> = { Met: ["✓", "ok"], Breached: ["✕", "bad"], Pending: ["…", "grey"] };

function Thresholds({ rows }: { rows: Threshold[] }) {
  return (
    <ul class="thresholds" aria-label="Thresholds">
      {rows.map((row) => {
        const [icon, tone] = MET[row.status] ?? ["?", "grey"];
        const value = row.value === null ? row.status.toLowerCase() : withUnit(row.value, row.unit);
        return (
          <li key={row.name} class={tone} data-threshold={row.name} title={[row.name, row.status, row.reason].filter(Boolean).join(" · ")}>
            <i aria-label={row.status}>{icon}</i> {row.expression} <span class="grey num">({value})</span>
          </li>
        );
      })}
    </ul>
  );
}

const NAMES: Record<Tab, string> = {
  overview: "Overview", requests: "Requests", failures: "Failures", exceptions: "Exceptions",
  workers: "Workers", logs: "Logs", test: "Test",
};

export function shownTabs(): Tab[] {
  return TABS.filter((each) => each !== "workers" || Boolean(status.value?.workers_expected));
}

function Tabs() {
  const tabs = shownTabs();
  const counts: Partial<Record<Tab, number>> = {
    failures: status.value?.total.failures ?? 0,
    exceptions: exceptions.value?.reduce((sum, each) => sum + each.count, 0) ?? 0,
  };
  void failures.value;
  return (
    <div class="tabs" role="tablist" aria-label="Views">
      {tabs.map((each, i) => (
        <button key={each} role="tab" id={`tab-${each}`} aria-controls="view" aria-selected={tab.value === each}
          tabIndex={tab.value === each ? 0 : -1} title={String(i + 1)} onClick={() => (tab.value = each)}
          onKeyDown={(event) => arrowTo(event, tabs.length, i, (to) => {
            tab.value = tabs[to] as Tab;
            document.getElementById(`tab-${tabs[to]}`)?.focus();
          })}>
          {NAMES[each]}{counts[each] ? <span class="badge num">{count(counts[each])}</span> : null}
        </button>
      ))}
    </div>
  );
}

/** What needs attention, in a line; never a box in the way. */
export function Banners() {
  const s = status.value;
  const lines: [string, string, string?][] = [];
  if (notice.value) lines.push([notice.value.bad ? "bad" : "info", notice.value.text]);
  if (staleSeconds.value) lines.push(["warn", `The master does not answer: these numbers are ${duration(staleSeconds.value)} old. Trying again …`]);
  for (const caution of cautions.value) lines.push(["warn", caution]);
  if (s && !frozen.value) {
    if (s.generator.saturated) lines.push(["warn", saturation(s), s.generator.reasons.join("\n")]);
    if (s.workers_lost) lines.push(["warn", `${s.workers_lost} of ${s.workers_expected} workers are lost; the others took their users.`]);
    if (s.state === "ready" && s.workers_ready < s.workers_expected) lines.push(["info", `Waiting for workers: ${s.workers_ready} of ${s.workers_expected} are here.`]);
    if (ended.value) lines.push(["info", "The run is over. Download the report, or start a new run to compare it with this one."]);
  }
  return (
    <div class="banners" aria-live="polite">
      {lines.map(([tone, text, more]) => (
        <div key={text} class={`banner ${tone}`}>
          <i aria-hidden="true">{tone === "info" ? "i" : "!"}</i> 
          {more ? <details><summary>{text}</summary><pre>{more}</pre></details> : <span>{text}</span>}
          {text === notice.value?.text && <button class="quiet" onClick={() => (notice.value = null)}>Dismiss</button>}
        </div>
      ))}
    </div>
  );
}
