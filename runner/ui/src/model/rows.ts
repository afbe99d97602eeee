// Rows of the request table: chosen, ordered, grouped. Pure, so that 10,000 names stay quick.
import type { Cells, Table } from "./types";

export interface Row {
  key: string;
  method: string;
  name: string;
  cells: Cells;
  /** A group's heading has the number of its rows. */
  members?: number;
}

const SUMMED = ["requests", "failures", "rps", "failures_per_second", "current_rps", "total_length"];

export function rowsOf(table: Table, query: string, order: string, grouped: boolean, closed: Set<string>): Row[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const rows: Row[] = [];
  for (const cells of table.rows) {
    const [method, name] = [String(cells[0]), String(cells[1])];
    const text = `${method} ${name}`.toLowerCase();
    if (words.every((word) => text.includes(word))) rows.push({ key: `${method} ${name}`, method, name, cells });
  }
  const compare = comparison(table, order);
  if (!grouped) return rows.sort(compare);
  return inGroups(table, rows, compare, closed);
}

function comparison(table: Table, order: string): (a: Row, b: Row) => number {
  const down = order.startsWith("-");
  const field = down ? order.slice(1) : order;
  const column = Math.max(0, table.fields.indexOf(field));
  const byName = (a: Row, b: Row) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
  return (a, b) => {
    const [left, right] = [a.cells[column], b.cells[column]];
    if (left === right) return byName(a, b);
    if (left === null || left === undefined) return 1; // nothing known: last, whatever the order
    if (right === null || right === undefined) return -1;
    return (left < right ? -1 : 1) * (down ? -1 : 1) || byName(a, b);
  };
}

/** "/cart/items" → "/cart"; a name without a path is its own group. */
export function groupOf(name: string): string {
  const path = name.replace(/^[a-z]+:\/\/[^/]*/i, "");
  const first = /^\/[^/?#]*/.exec(path);
  return first ? first[0] : name;
}

function inGroups(table: Table, rows: Row[], compare: (a: Row, b: Row) => number, closed: Set<string>): Row[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groupOf(row.name);
    const members = groups.get(group);
    if (members) members.push(row);
    else groups.set(group, [row]);
  }
  const heads = [...groups].map(([name, members]) => headOf(table, name, members)).sort(compare);
  return heads.flatMap((head) => {
    const members = (groups.get(head.name) ?? []).sort(compare);
    return closed.has(head.name) ? [head] : [head, ...members];
  });
}

/** Sums, shares and extremes of a group. Percentiles of a group cannot be had from those of names. */
function headOf(table: Table, name: string, members: Row[]): Row {
  const at = (field: string) => table.fields.indexOf(field);
  const cells: Cells = table.fields.map(() => null);
  [cells[0], cells[1]] = ["", name];
  const sum = (field: string) => members.reduce((total, row) => total + Number(row.cells[at(field)] ?? 0), 0);
  for (const field of SUMMED) cells[at(field)] = sum(field);
  const requests = sum("requests");
  cells[at("fail_percent")] = requests ? (100 * sum("failures")) / requests : 0;
  cells[at("mean_length")] = requests ? sum("total_length") / requests : 0;
  const highest = members.map((row) => row.cells[at("max_ms")]).filter((v): v is number => typeof v === "number");
  cells[at("max_ms")] = highest.length ? Math.max(...highest) : null;
  return { key: `group ${name}`, method: "", name, cells, members: members.length };
}
