// What a link should bring back: tab, search, order, columns, range, the open request. It lives in
// the part after #, which no server sees and a report opened from disk has as well.
import { effect, signal, type Signal } from "@preact/signals";

export const TABS = ["overview", "requests", "failures", "exceptions", "workers", "logs", "test"] as const;
export const USUAL_SORT = "-requests";
export type Tab = (typeof TABS)[number];

const given = new URLSearchParams(location.hash.slice(1));

export const tab = signal<Tab>(oneOf(given.get("tab"), TABS));
export const search = signal(given.get("q") ?? "");
export const sort = signal(given.get("sort") ?? USUAL_SORT);
export const grouped = signal(given.get("group") === "1");
export const recent = signal(given.get("window") === "10s");
export const hiddenColumns = signal(new Set((given.get("hide") ?? "bytes,rx").split(",").filter(Boolean)));
export const range = signal<[number, number] | null>(rangeOf(given.get("range")));
export const opened = signal(given.get("request") ?? "");
export const logScale = signal(given.get("log") === "1");

function oneOf(text: string | null, known: readonly Tab[]): Tab {
  return known.find((each) => each === text) ?? "overview";
}

function rangeOf(text: string | null): [number, number] | null {
  const [from, to] = (text ?? "").split("-").map(Number);
  return from && to && to > from ? [from, to] : null;
}

function text(): string {
  const parts = new URLSearchParams();
  const put = (name: string, value: string, usual: string) => {
    if (value !== usual) parts.set(name, value);
  };
  put("tab", tab.value, "overview");
  put("q", search.value, "");
  put("sort", sort.value, USUAL_SORT);
  put("group", grouped.value ? "1" : "", "");
  put("window", recent.value ? "10s" : "", "");
  put("hide", [...hiddenColumns.value].sort().join(","), "bytes,rx");
  put("range", range.value ? range.value.map(Math.round).join("-") : "", "");
  put("request", opened.value, "");
  put("log", logScale.value ? "1" : "", "");
  return parts.toString();
}

export function keepInUrl(): void {
  effect(() => {
    const wanted = text();
    if (wanted === location.hash.slice(1)) return;
    // A report in a sandboxed frame may not touch the history; its state is then its own.
    try {
      history.replaceState(null, "", wanted ? `#${wanted}` : location.pathname + location.search);
    } catch {
      /* nothing to do: the page works without */
    }
  });
}

export function toggle<T>(set: Signal<Set<T>>, item: T): void {
  const next = new Set(set.value);
  if (!next.delete(item)) next.add(item);
  set.value = next;
}
