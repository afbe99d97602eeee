// Everything the page knows, as signals. The live source and the frozen one fill the same ones.
import { computed, signal } from "@preact/signals";
import type {
  Compared,
  Columns,
  ExceptionRow,
  Failure,
  Mark,
  Point,
  Setup,
  Status,
  Table,
  TestFacts,
  Totals,
  Worker,
} from "./types";

declare global {
  interface Window {
    basePath?: string;
  }
}

/** True in a report: nothing comes any more, and nobody is asked. */
export const frozen = signal(false);
/** Two runs instead of one; its charts count the seconds of load. */
export const compared = signal<Compared | null>(null);
export const status = signal<Status | null>(null);
export const marks = signal<Mark[]>([]);
export const table = signal<Table | null>(null);
export const top = signal<Table | null>(null);
export const failures = signal<Failure[] | null>(null);
export const exceptions = signal<ExceptionRow[] | null>(null);
export const totals = signal<Totals>({ failures: 0, exceptions: 0, logs: {} });
export const workers = signal<Worker[] | null>(null);
export const logs = signal<Record<string, string[]> | null>(null);
export const test = signal<TestFacts | null>(null);
export const setup = signal<Setup | null>(null);
/** Sentences of a report on what makes its numbers less than they seem. */
export const cautions = signal<string[]>([]);

/** When the master was heard last (this machine's clock, ms), and what the time is now. */
export const heardAt = signal(0);
export const now = signal(Date.now());
/** Its clock, from ours: heartbeat ages and "first seen" are told by the master's. */
export const notice = signal<{ text: string; bad: boolean } | null>(null);
export const editing = signal(false);
export const helping = signal(false);
export const printing = signal(false);

const STALE_MS = 4000;
const ACTIVE = ["spawning", "running", "cleanup", "stopping"];

export const testName = computed(() => compared.value?.tests ?? status.value?.name ?? "");
export const active = computed(() => ACTIVE.includes(status.value?.state ?? ""));
export const ended = computed(() => Boolean(status.value?.final));
/** Seconds since the numbers were true; 0 while they are. */
export const staleSeconds = computed(() => {
  if (frozen.value || ended.value || !heardAt.value) return 0;
  const age = now.value - heardAt.value;
  return age > STALE_MS ? Math.round(age / 1000) : 0;
});

export function emptyColumns(): Columns {
  return {
    time: [], width_seconds: [], users: [], requests: [], failures: [], rps: [],
    failures_per_second: [], p50_ms: [], p95_ms: [], p99_ms: [], length: [], workers: [],
    dropped_iterations: [], codes: {},
  };
}

/** The history of the whole test; a new object at each change, its arrays grow in place. */
export const history = signal<Columns>(emptyColumns());

const NUMBERS = [
  "time", "width_seconds", "users", "requests", "failures", "rps", "failures_per_second",
  "p50_ms", "p95_ms", "p99_ms", "length", "workers", "dropped_iterations",
] as const;

export function append(points: Point[]): void {
  if (!points.length) return;
  const columns = history.value;
  for (const point of points) {
    // The last seconds come again: what a worker reported late is in them by then.
    let at = columns.time.length;
    while (at > 0 && (columns.time[at - 1] as number) >= point.time) at -= 1;
    if (at < columns.time.length && columns.time[at] !== point.time) continue;
    for (const name of NUMBERS) (columns[name] as (number | null)[])[at] = point[name];
    for (const code of Object.keys(point.codes)) columns.codes[code] ??= new Array<number>(at).fill(0);
    for (const [code, counts] of Object.entries(columns.codes)) counts[at] = point.codes[code] ?? 0;
  }
  history.value = { ...columns };
}
