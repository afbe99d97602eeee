// The live source: one stream of status and history, and polls for what the open tab shows.
// Polls are never closer than 2 s, and never take more than a tenth of the time.
import { effect, type Signal } from "@preact/signals";
import {
  append,
  editing,
  emptyColumns,
  ended,
  exceptions,
  failures,
  heardAt,
  history,
  logs,
  marks,
  notice,
  now,
  setup,
  status,
  table,
  test,
  top,
  totals,
  workers,
} from "./state";
import type { Detail, Mark, Point, Setup, Status } from "./types";
import { tab } from "./url";

const POLL_MS = 2000;
const MOST_POINTS = 3000;
const RETURN_MS = 2000;
const base = `${window.basePath ?? ""}/api/v1/`;

export class ApiError extends Error {
  constructor(message: string, readonly code: number, readonly field: string | null) {
    super(message);
  }
}

export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const options: RequestInit = { method, headers: { "Content-Type": "application/json" } };
  if (body !== undefined) options.body = JSON.stringify(body);
  const response = await fetch(base + path, options);
  const answer = await response.json().catch(() => ({ error: `${response.status} from the master.` }));
  if (!response.ok) throw new ApiError(answer.error, response.status, answer.field ?? null);
  return answer as T;
}

export const address = (path: string): string => base + path;

let stream: EventSource | null = null;
let again = 0;

/** Follow the run; the first event of a stream has the whole history. */
function listen(): void {
  stream?.close();
  clearTimeout(again);
  let first = true;
  const mine = new EventSource(`${base}stream`);
  stream = mine;
  // Not the browser's own return to where it was: a point may have grown since.
  mine.addEventListener("error", () => {
    mine.close();
    if (stream === mine) again = window.setTimeout(listen, RETURN_MS);
  });
  mine.addEventListener("tick", (event) => {
    if (first) history.value = emptyColumns();
    first = false;
    const tick = JSON.parse((event as MessageEvent<string>).data) as {
      status: Status;
      history: Point[];
      marks?: Mark[];
    };
    const before = status.value;
    heardAt.value = Date.now();
    status.value = { ...tick.status, may_change: before?.may_change ?? true };
    if (tick.marks) marks.value = tick.marks;
    if (before && startedAnew(before, tick.status)) refreshAll();
    else if (history.value.time.length > MOST_POINTS) listen(); // takes the rolled-up ones
    else append(tick.history);
  });
}

function startedAnew(before: Status, after: Status): boolean {
  const other = before.load_started_at !== after.load_started_at && before.load_started_at !== null;
  return other || after.total.requests < before.total.requests;
}

/** Forget what was shown: the statistics began again. */
export function refreshAll(): void {
  for (const each of [table, top, failures, exceptions] as Signal<unknown>[]) each.value = null;
  listen();
  poll();
}

const WANTED: Record<string, () => Promise<unknown>[]> = {
  overview: () => [get("table?top=1", top)],
  requests: () => [get("table", table)],
  failures: () => [counted("failures", failures)],
  exceptions: () => [counted("exceptions", exceptions)],
  workers: () => [page("workers", workers)],
  logs: () => [call<{ logs: Record<string, string[]> }>("GET", "logs").then((a) => (logs.value = a.logs))],
  test: () => [get("test", test)],
};

async function get<T>(path: string, into: Signal<T | null>): Promise<void> {
  into.value = await call<T>("GET", path);
}

async function page<T>(path: string, into: Signal<T[] | null>): Promise<number> {
  const answer = await call<{ items: T[]; count: number }>("GET", `${path}?limit=2000`);
  into.value = answer.items;
  return answer.count;
}

async function counted<T>(path: "failures" | "exceptions", into: Signal<T[] | null>): Promise<void> {
  totals.value = { ...totals.peek(), [path]: await page(path, into) };
}

let timer = 0;
let polls = 0;

/** Ask for what the open tab shows, now and from now on. */
function poll(): void {
  clearTimeout(timer);
  const mine = ++polls;
  const began = performance.now();
  Promise.all(document.hidden ? [] : (WANTED[tab.peek()] ?? (() => []))())
    .catch(() => undefined) // the stream says that the master is gone
    .then(() => {
      if (mine !== polls) return;
      const took = performance.now() - began;
      const idle = ended.peek() || tab.peek() === "test";
      timer = window.setTimeout(poll, Math.max(idle ? 10_000 : POLL_MS, 10 * took));
    });
}

/** Open the form, with what is in force now. */
export function edit(): void {
  setup.value = null;
  editing.value = true;
}

export async function loadSetup(): Promise<void> {
  setup.value = await call<Setup>("GET", "setup");
}

export function detail(method: string, name: string): Promise<Detail> {
  const asked = new URLSearchParams({ method, name });
  return call<Detail>("GET", `request?${asked}`);
}

/** A change of the run: true when it was done; its refusal is shown otherwise. */
export async function change(path: string, body?: unknown): Promise<boolean> {
  try {
    status.value = { ...(await call<Status>("POST", path, body)), may_change: true };
    notice.value = null;
    return true;
  } catch (error) {
    notice.value = { text: (error as Error).message, bad: true };
    if (error instanceof ApiError && error.code === 401 && status.value) {
      status.value = { ...status.value, may_change: false };
    }
    return false;
  }
}

export function goLive(): void {
  call<Status>("GET", "status")
    .then((answer) => {
      status.value = answer;
      heardAt.value = Date.now();
    })
    .catch((error: unknown) => (notice.value = { text: (error as Error).message, bad: true }));
  listen();
  setInterval(() => (now.value = Date.now()), 1000);
  document.addEventListener("visibilitychange", () => document.hidden || poll());
  effect(() => {
    void tab.value;
    poll();
  });
  effect(() => {
    const state = status.value?.state;
    if (editing.value || state === "ready" || state === "stopped") void loadSetup().catch(() => undefined);
  });
}
