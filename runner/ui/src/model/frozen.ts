// The frozen source: a report carries its data in itself, packed. Nothing is asked of any network.
import {
  cautions,
  compared,
  exceptions,
  failures,
  frozen,
  history,
  logs,
  marks,
  status,
  table,
  test,
  top,
  totals,
  workers,
} from "./state";
import type { Compared, Detail, Frozen } from "./types";
import { sort, USUAL_SORT } from "./url";

export const details = new Map<string, Detail>();

/** True where this page is a report; its data is then in place. */
export async function thaw(): Promise<boolean> {
  const packed = document.getElementById("katydid-data");
  if (!packed) return false;
  frozen.value = true;
  const data = JSON.parse(await unpack(packed.textContent ?? "")) as Frozen & { comparison?: Compared };
  if (data.comparison) {
    compared.value = data.comparison;
    if (sort.value === USUAL_SORT) sort.value = "order";
    return true;
  }
  for (const [key, detail] of Object.entries(data.details)) details.set(key, detail);
  table.value = data.table;
  top.value = { ...data.table, rows: busiest(data.table.rows, data.table.fields.indexOf("requests")) };
  history.value = data.history;
  marks.value = data.marks;
  failures.value = data.failures;
  exceptions.value = data.exceptions;
  totals.value = data.totals;
  workers.value = data.workers;
  logs.value = data.logs;
  test.value = data.test;
  cautions.value = data.cautions;
  status.value = data.status;
  return true;
}

function busiest<T extends unknown[]>(rows: T[], column: number): T[] {
  return [...rows].sort((a, b) => Number(b[column]) - Number(a[column])).slice(0, 10);
}

async function unpack(base64: string): Promise<string> {
  const bytes = Uint8Array.from(atob(base64.trim()), (letter) => letter.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(plain).text();
}
