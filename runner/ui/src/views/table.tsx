// The request table: thousands of rows of which only those in sight exist, sticky head and totals.
import { signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { count } from "../format";
import { type Row, rowsOf } from "../model/rows";
import { compared, printing } from "../model/state";
import type { Cells, Table } from "../model/types";
import { grouped, hiddenColumns, opened, recent, search, sort } from "../model/url";
import { Spark } from "./bits";
import { COLUMNS, type ColumnDef } from "./columns";

const ROW_PX = 29;
const BEYOND = 8;
const SLOTS = 64;
const closedGroups = signal(new Set<string>());

export const columnsShown = () => COLUMNS.filter((column) => !hiddenColumns.value.has(column.id));

export function RequestTable({ data, columns = columnsShown() }: { data: Table; columns?: ColumnDef[] }) {
  const source = useSignal(data);
  source.value = data;
  const rows = useComputed(() => rowsOf(source.value, search.value, sort.value, grouped.value, closedGroups.value));
  const scroller = useRef<HTMLDivElement>(null);
  const view = useSignal({ top: 0, height: 800 });
  useEffect(() => {
    const box = scroller.current as HTMLDivElement;
    const look = () => {
      const top = Math.floor(box.scrollTop / ROW_PX) * ROW_PX; // a render per row, not per pixel
      if (top !== view.peek().top || box.clientHeight !== view.peek().height) view.value = { top, height: box.clientHeight };
    };
    const sized = new ResizeObserver(look);
    sized.observe(box);
    box.addEventListener("scroll", look, { passive: true });
    return () => {
      sized.disconnect();
      box.removeEventListener("scroll", look);
    };
  }, []);
  const all = rows.value;
  const first = printing.value ? 0 : Math.max(0, Math.floor(view.value.top / ROW_PX) - BEYOND);
  const last = printing.value ? all.length : Math.min(all.length, first + Math.ceil(view.value.height / ROW_PX) + 2 * BEYOND);
  // A row that leaves at one end comes back at the other with new text: nothing is made anew.
  const slots = Math.ceil((last - first + 1) / SLOTS) * SLOTS;
  return (
    <div class="scroller" ref={scroller} tabIndex={0} role="region" aria-label="Requests, scrollable">
      <table class="rows requests fixed" aria-rowcount={all.length + 2}>
        <colgroup>
          <col />
          {columns.map((column) => <col key={column.id} class={column.narrow ? "figure" : "figure roomy"} />)}
          {!compared.value && <col class="sparks" />}
        </colgroup>
        <Head columns={columns} />
        <tbody>
          {first > 0 && <tr class="gap" aria-hidden="true" style={{ height: `${first * ROW_PX}px` }} />}
          {all.slice(first, last).map((row, i) => (
            <Line key={(first + i) % slots} row={row} at={first + i} table={data} columns={columns} />
          ))}
          {last < all.length && <tr class="gap" aria-hidden="true" style={{ height: `${(all.length - last) * ROW_PX}px` }} />}
        </tbody>
        {all.length === 0 && <tbody><tr><td colSpan={columns.length + 2} class="empty">No request name contains “{search.value}”.</td></tr></tbody>}
        <tfoot>
          <tr>
            <th scope="row" class="name">All {count(data.count)} {data.count === 1 ? "name" : "names"}</th>
            {columns.map((column) => <Value key={column.id} column={column} cells={data.total} table={data} />)}
            {!compared.value && <td class="sparks" />}
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

/** The busiest names, without a scroller of its own. */
export function BusiestTable({ data }: { data: Table }) {
  const columns = columnsShown();
  const rows = rowsOf(data, "", "-requests", false, new Set());
  return (
    <div class="across"><table class="rows requests">
      <Head columns={columns} plain />
      <tbody>{rows.map((row, i) => <Line key={row.key} row={row} at={i} table={data} columns={columns} />)}</tbody>
    </table></div>
  );
}

function Head({ columns, plain = false }: { columns: ColumnDef[]; plain?: boolean }) {
  const heading = (field: string, label: string, title: string, className: string, narrow?: boolean) => {
    const down = sort.value === `-${field}`;
    const sorted = down || sort.value === field;
    const order = sorted ? (down ? "descending" : "ascending") : "none";
    const props = { class: `${className} ${narrow ? "" : "roomy"}`, title };
    if (plain) return <th key={field} scope="col" {...props}>{label}</th>;
    return (
      <th key={field} scope="col" aria-sort={order} {...props}>
        <button onClick={() => (sort.value = down ? field : sorted || field === "name" ? (sorted ? `-${field}` : field) : `-${field}`)}>
          {label}{sorted && <i aria-hidden="true">{down ? " ↓" : " ↑"}</i>}
        </button>
      </th>
    );
  };
  return (
    <thead>
      <tr>
        {heading("name", "Request", "Method and name", "name", true)}
        {columns.map((c) => heading(fieldOf(c), c.unit && c.unit !== "%" ? `${c.label} ${c.unit}` : c.label, titleOf(c), "num", c.narrow))}
        {!compared.value && <th scope="col" class="sparks" title="p95 of the last points">p95 trend</th>}
      </tr>
    </thead>
  );
}

const fieldOf = (column: ColumnDef) => (recent.value && column.recent) || column.field;

function titleOf(column: ColumnDef): string {
  return column.recent ? `${column.title}, ${recent.value ? "last ten seconds" : "whole run"}` : column.title;
}

function Line({ row, at, table, columns }: { row: Row; at: number; table: Table; columns: ColumnDef[] }) {
  const group = row.members !== undefined;
  const note = row.cells[table.fields.indexOf("note")]; // -1 where there are none
  const shut = group && closedGroups.value.has(row.name);
  const act = () => {
    if (!group) opened.value = row.key;
    else {
      const next = new Set(closedGroups.value);
      if (!next.delete(row.name)) next.add(row.name);
      closedGroups.value = next;
    }
  };
  const name = (
    <>
      {group ? <i aria-hidden="true">{shut ? "▸ " : "▾ "}</i> : row.method && <><span class="method">{row.method}</span> </>}
      {row.name}
      {group && <span class="grey"> {row.members}</span>}
      {note && <small class="warn"> {note}</small>}
    </>
  );
  return (
    <tr class={group ? "group" : opened.value === row.key ? "open" : ""} data-key={row.key} aria-rowindex={at + 2} onClick={compared.value ? undefined : act}>
      <th scope="row" class="name" title={row.key}>
        {compared.value ? name : <button aria-expanded={group ? !shut : undefined} onClick={(event) => { event.stopPropagation(); act(); }}>{name}</button>}
      </th>
      {columns.map((column) => <Value key={column.id} column={column} cells={row.cells} table={table} />)}
      {!compared.value && (
        <td class="sparks">
          {!group && table.sparks[row.key] && <Spark values={table.sparks[row.key] ?? []} label="p95 of the last points" />}
        </td>
      )}
    </tr>
  );
}

function Value({ column, cells, table }: { column: ColumnDef; cells: Cells; table: Table }) {
  if (column.cell) return <td class={`num ${column.narrow ? "" : "roomy"}`} data-column={column.id}>{column.cell(cells, table.fields)}</td>;
  const value = cells[table.fields.indexOf(fieldOf(column))] as number | null | undefined;
  const bad = (column.id === "failed" || column.id === "failures") && Boolean(value);
  return (
    <td class={`num ${column.narrow ? "" : "roomy"} ${bad ? "bad" : value === null || value === 0 ? "grey" : ""}`} data-column={column.id}>
      {column.show(value ?? null)}
    </td>
  );
}
