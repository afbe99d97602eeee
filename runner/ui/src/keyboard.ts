// Keys for the whole page; a field that is being typed in keeps its own.
import { change, edit } from "./model/live";
import { active, editing, ended, frozen, helping, status } from "./model/state";
import { opened, range, search, tab } from "./model/url";
import { shownTabs } from "./views/header";

let searching = false; // the field to search in is about to be there: what is typed meanwhile is for it

export function listenToKeys(): void {
  addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    if (event.key === "Escape") return escape(target);
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return;
    if (searching && event.key.length === 1) {
      search.value += event.key;
      return event.preventDefault();
    }
    const act = KEYS[event.key] ?? (/^[1-9]$/.test(event.key) ? () => toTab(Number(event.key)) : undefined);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

const mayChange = () => !frozen.value && !ended.value && status.value?.may_change !== false;

const KEYS: Record<string, () => void> = {
  "?": () => (helping.value = !helping.value),
  "/": () => {
    if (focusSearch() || frozen.value) return;
    searching = true;
    tab.value = "requests";
    setTimeout(() => {
      searching = false;
      focusSearch();
    });
  },
  e: () => {
    if (mayChange() && active.value && status.value?.load.model !== "shape") edit();
  },
  s: () => {
    if (!mayChange()) return;
    if (active.value) void change("stop");
    else if (status.value?.load_started_at) edit();
    else document.querySelector<HTMLInputElement>("form.start input.first")?.focus();
  },
};

function focusSearch(): boolean {
  const field = document.getElementById("search");
  field?.focus();
  return field !== null;
}

function toTab(number: number): void {
  const wanted = shownTabs()[number - 1];
  if (wanted && !frozen.value) tab.value = wanted;
}

function escape(target: HTMLElement): void {
  if (helping.value) helping.value = false;
  else if (opened.value) opened.value = "";
  else if (editing.value) editing.value = false;
  else if (target.id === "search") target.blur();
  else range.value = null;
}
