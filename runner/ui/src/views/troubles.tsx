// Failures of requests and exceptions of tasks: the newest first.
import { count, dateTime, plural, time } from "../format";
import { exceptions, failures, printing, totals } from "../model/state";
import { opened } from "../model/url";
import { Copy, Empty } from "./bits";

const OTHER = "(other)"; // what the engine counts together, once it has its most kinds

/** Where a list is not all of them: what it lacks. */
function Cut({ shown, total, kind, other }: { shown: unknown[]; total: number; kind: string; other: number | undefined }) {
  const parts: string[] = [];
  if (total > shown.length) parts.push(`The first ${count(shown.length)} of ${count(total)} kinds of ${kind}; run.json has all.`);
  if (other) parts.push(`Only the first ${plural(total - 1, "kind")} of ${kind} are listed; ${plural(other, kind)} of further kinds are counted together as ${OTHER}.`);
  return parts.length ? <p class="cut warn">! {parts.join(" ")}</p> : null;
}

export function Failures() {
  const rows = [...(failures.value ?? [])].sort((a, b) => b.last_seen - a.last_seen);
  if (!rows.length) {
    return <section class="card"><Empty>{failures.value ? "No request has failed. A failed one appears here with its reason." : "Asking …"}</Empty></section>;
  }
  return (
    <section class="card" aria-label="Failures">
      <Cut shown={rows} total={totals.value.failures} kind="failure" other={rows.find((row) => row.name === OTHER && row.error === OTHER)?.occurrences} />
      <div class="across">
        <table class="rows">
          <thead>
            <tr><th scope="col">Request</th><th scope="col">Error</th><th scope="col" class="num">Times</th><th scope="col" class="num roomy">First</th><th scope="col" class="num">Last</th><th scope="col"><span class="hidden">Copy</span></th></tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const key = `${row.method} ${row.name}`;
              return (
                <tr key={key + row.error}>
                  <th scope="row" class="name"><button onClick={() => (opened.value = key)}><span class="method">{row.method}</span> {row.name}</button></th>
                  <td class="text"><Long text={row.error} /></td>
                  <td class="num bad">{count(row.occurrences)}</td>
                  <td class="num roomy" title={dateTime(row.first_seen)}>{time(row.first_seen)}</td>
                  <td class="num" title={dateTime(row.last_seen)}>{time(row.last_seen)}</td>
                  <td><Copy text={`${key}: ${row.error}`} label={`Copy the error of ${key}`} /></td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Long({ text }: { text: string }) {
  if (text.length <= 160 && !text.includes("\n")) return <>{text}</>;
  return <details open={printing.value}><summary>{text.slice(0, 140)} …</summary><pre>{text}</pre></details>;
}

export function Exceptions() {
  const rows = [...(exceptions.value ?? [])].sort((a, b) => b.last_seen - a.last_seen);
  if (!rows.length) {
    return <section class="card"><Empty>{exceptions.value ? "No task has raised an exception. One appears here with its traceback." : "Asking …"}</Empty></section>;
  }
  return (
    <section class="list" aria-label="Exceptions">
      <Cut shown={rows} total={totals.value.exceptions} kind="exception" other={rows.find((row) => row.message === OTHER)?.count} />
      {rows.map((row) => (
        <details class="card" key={row.message + row.traceback} open={printing.value || rows.length === 1}>
          <summary>
            <b class="bad">{row.message}</b>
            <span class="grey"> · {plural(row.count, "time")}, last at <span class="num">{time(row.last_seen)}</span>, first at <span class="num">{time(row.first_seen)}</span>{row.nodes.length > 0 && `, on ${row.nodes.join(", ")}`}</span>
          </summary>
          <div class="trace"><Copy text={`${row.message}\n${row.traceback}`} label="Copy the traceback" /><pre tabIndex={0}>{row.traceback}</pre></div>
        </details>
      ))}
    </section>
  );
}
