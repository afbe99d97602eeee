// The request tab: search, order, groups, columns, and the table.
import { count } from "../format";
import { active, frozen, status, table, top } from "../model/state";
import { grouped, hiddenColumns, recent, search, tab, toggle } from "../model/url";
import { Empty } from "./bits";
import { COLUMNS } from "./columns";
import { BusiestTable, RequestTable } from "./table";

export function Requests() {
  const data = table.value;
  return (
    <section class="card fill" aria-label="Requests">
      <div class="toolbar">
        <input type="search" id="search" placeholder="Search names  ( / )" aria-label="Search request names" value={search.value}
          onInput={(event) => (search.value = event.currentTarget.value)} />
        <button aria-pressed={grouped.value} onClick={() => (grouped.value = !grouped.value)} title="By the first part of the path">Group</button>
        <div class="choice" role="group" aria-label="Numbers of">
          <button aria-pressed={!recent.value} onClick={() => (recent.value = false)}>Whole run</button>
          <button aria-pressed={recent.value} onClick={() => (recent.value = true)}>Last 10 s</button>
        </div>
        <details class="menu">
          <summary class="button">Columns</summary>
          <fieldset>
            <legend class="hidden">Columns</legend>
            {COLUMNS.map((column) => (
              <label key={column.id}>
                <input type="checkbox" checked={!hiddenColumns.value.has(column.id)} onChange={() => toggle(hiddenColumns, column.id)} />
                {column.title}
              </label>
            ))}
          </fieldset>
        </details>
        <span class="grow" />
        {data && data.names_dropped > 0 && <span class="warn">! {count(data.names_dropped)} more names are counted as (other)</span>}
      </div>
      {data && data.rows.length ? <RequestTable data={data} /> : <NoRequests />}
    </section>
  );
}

export function Busiest() {
  const data = top.value;
  if (!data || !data.rows.length) return <section class="card"><NoRequests /></section>;
  return (
    <section class="card" aria-label="Busiest requests">
      <div class="toolbar">
        <h2>{data.count > data.rows.length ? "Busiest requests" : "Requests"}</h2>
        <span class="grow" />
        {!frozen.value && <button class="quiet" onClick={() => (tab.value = "requests")}>All {count(data.count)} →</button>}
      </div>
      <BusiestTable data={data} />
    </section>
  );
}

function NoRequests() {
  if (frozen.value) return <Empty>No request was made in this run.</Empty>;
  return (
    <Empty>
      {active.value ? "The first requests appear here within a second of their end." :
        status.value?.load_started_at ? "No request was made." : "Every request name gets a row here. Start the test to see them."}
    </Empty>
  );
}
