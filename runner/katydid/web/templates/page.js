"use strict";
// The page polls the API and writes text nodes only: nothing from the run is ever parsed as HTML.
const api = window.basePath + "/api/v1/";
const byId = (id) => document.getElementById(id);
const page = { status: null, tab: "requests", sort: { key: "requests", down: true }, editing: false,
  filled: false, seen: 0, data: {}, openRows: new Set() };

function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const child of children) if (child !== null && child !== undefined) node.append(child);
  return node;
}

// -- numbers as people read them
const THIN = "\u2009";
function count(value) {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}
function decimals(value, digits) {
  if (value === null || value === undefined) return "–";
  return Math.abs(value) >= 1000 ? count(value) : value.toFixed(digits);
}
function ms(value) {
  if (value === null || value === undefined) return "–";
  return value < 10 ? value.toFixed(1) : count(value);
}
function percent(value) {
  if (!value) return "0";
  return value < 0.01 ? "<0.01" : value.toFixed(value < 10 ? 2 : 1);
}
function span(seconds) {
  const all = Math.floor(seconds), h = Math.floor(all / 3600), m = Math.floor(all / 60) % 60, s = all % 60;
  if (h) return `${h}${THIN}h ${String(m).padStart(2, "0")}${THIN}m`;
  return m ? `${m}${THIN}m ${String(s).padStart(2, "0")}${THIN}s` : `${s}${THIN}s`;
}
function clockTime(epoch) {
  return epoch ? new Date(epoch * 1000).toLocaleTimeString() : "–";
}
function withUnit(text, unit) {
  return unit ? [text, el("span", "unit", THIN + unit)] : [text];
}

// -- talking to the API
async function call(method, path, body) {
  const options = { method, headers: { "Content-Type": "application/json" } };
  if (body !== undefined) options.body = JSON.stringify(body);
  const response = await fetch(api + path, options);
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.error), { field: answer.field, code: response.status });
  return answer;
}
async function change(method, path, body) {
  try {
    show(await call(method, path, body));
    await pollStatus();
  } catch (error) {
    if (error.code === 401) byId("log-in").hidden = false;
    banner(error.message, "bad");
    throw error;
  }
}

// -- state in one glance
const ACTIVE = ["spawning", "running", "cleanup", "stopping"];
const STATES = {
  ready: ["○", "Ready", "grey"], spawning: ["●", "Ramping up", "running"], running: ["●", "Running", "running"],
  cleanup: ["◌", "Stopping", "warn"], stopping: ["◌", "Stopping", "warn"], stopped: ["■", "Stopped", "grey"],
};
const VERDICTS = { Passed: ["✓", "ok"], Failed: ["✗", "bad"], Error: ["!", "bad"], Stopped: ["■", "warn"] };

function stateOf(status) {
  const verdict = status.final && VERDICTS[status.verdict];
  if (verdict) return [verdict[0], status.verdict, verdict[1]];
  return STATES[status.state] || ["?", status.state, "grey"];
}
function show(status) {
  page.status = status;
  page.seen = Date.now();
  document.body.classList.remove("stale");
  const active = ACTIVE.includes(status.state), [icon, word, colour] = stateOf(status);
  byId("name").textContent = status.name || "load test";
  document.title = `${word} · ${status.name || "Katydid"}`;
  byId("state").replaceChildren(el("span", "icon", icon), " ", word);
  byId("state").className = "state " + colour;
  const limit = status.load.run_time_seconds;
  byId("clock").textContent = status.load_started_at
    ? span(status.elapsed_seconds) + (limit ? " / " + span(limit) : "") : "";
  byId("progress").hidden = !(limit && active);
  byId("progress").value = limit ? Math.min(1, status.elapsed_seconds / limit) : 0;
  byId("users").replaceChildren(...users(status.load, active));
  const may = status.may_change !== false;
  byId("log-in").hidden = may;
  byId("stop").hidden = !may || !active;
  byId("reset").hidden = !may || status.final || !status.total.requests;
  byId("edit").hidden = !may || !active || status.load.model !== "users" || page.editing;
  byId("form").hidden = !may || status.final || (active && !page.editing);
  describeForm(status, active);
  showNumbers(status);
  showThresholds(status.thresholds);
  showBanner(status);
}
function users(load, active) {
  const now = el("span", "num", count(load.users));
  const parts = [now, active && load.target_users !== load.users ? ` of ${count(load.target_users)} users` : " users"];
  if (active && load.spawn_rate && load.target_users !== load.users) parts.push(el("span", "grey", ` at ${load.spawn_rate}/s`));
  if (load.rate !== null && load.rate !== undefined) parts.push(el("span", "grey", ` · ${decimals(load.rate, 1)} iterations/s`));
  return parts;
}
function tile(label, className, ...value) {
  return el("div", "tile", el("span", "label", label), el("span", "value " + className, ...value));
}
function showNumbers(status) {
  const total = status.total, live = ACTIVE.includes(status.state);
  const latency = live ? total.current_percentiles_ms : total.latency.percentiles_ms;
  const cpu = status.generator.max_cpu_percent;
  const tiles = [
    tile("Requests", "", ...withUnit(decimals(live ? total.current_rps : total.rps, 1), "/s")),
    tile("In all", "", count(total.requests)),
    tile("Failures", total.failures ? "bad" : "", ...withUnit(percent(total.fail_percent), "%")),
    ...["p50", "p95", "p99"].map((p) => tile(p, "", ...withUnit(ms(latency[p]), "ms"))),
  ];
  if (status.workers_expected) {
    const lost = status.workers_lost ? el("span", "bad", ` ${status.workers_lost} lost`) : null;
    tiles.push(tile("Workers", "", `${status.workers_ready}/${status.workers_expected}`, lost));
  }
  if (status.load.dropped_iterations) tiles.push(tile("Dropped", "bad", count(status.load.dropped_iterations)));
  tiles.push(tile("Generator", status.generator.saturated ? "warn" : "",
    ...withUnit(count(cpu), "% CPU"), status.generator.saturated ? " saturated" : null));
  if (status.host) tiles.push(tile("Host", "", el("span", "unit", status.host)));
  byId("numbers").replaceChildren(...tiles);
}
function showThresholds(thresholds) {
  const marks = { Met: ["✓", "ok"], Breached: ["✗", "bad"], Pending: ["…", "grey"] };
  byId("thresholds").replaceChildren(...thresholds.map((t) => {
    const [icon, colour] = marks[t.status] || ["?", "grey"];
    const value = t.value === null ? t.status.toLowerCase() : decimals(t.value, t.unit === "ms" ? 0 : 2) + (t.unit ? THIN + t.unit : "");
    const item = el("span", "", el("span", colour, icon + " "), t.expression, " ", el("span", "grey num", `(${value})`));
    item.title = [t.name, t.status, t.reason].filter(Boolean).join(" · ");
    return item;
  }));
}
function showBanner(status) {
  if (status.final) {
    const colour = status.verdict === "Passed" ? "ok" : "bad";
    banner([status.verdict, status.message].filter(Boolean).join(": "), colour);
  } else if (status.generator.saturated) {
    banner("The generator is saturated, so latencies read too high: " + status.generator.reasons.join(" "), "");
  } else if (status.workers_lost) {
    banner(`${status.workers_lost} of ${status.workers_expected} workers are lost; the others took their users.`, "");
  } else banner("");
}
function banner(text, colour = "") {
  byId("banner").textContent = text;
  byId("banner").className = "banner " + colour;
  byId("banner").hidden = !text;
}

// -- the form
function describeForm(status, active) {
  const byUsers = status.load.model === "users", form = byId("form");
  const models = { stages: "The stages of the manifest decide how many users there are.",
    shape: "A shape class of the locustfile decides how many users there are.",
    arrivalRate: "The arrival rate of the manifest decides how many iterations start." };
  byId("form-note").textContent = models[status.load.model] || "";
  byId("form-note").hidden = byUsers;
  for (const name of ["users", "spawnRate", "runTime"]) form.querySelector(`[data-field=${name}]`).hidden = !byUsers;
  form.querySelector("[data-field=runTime]").hidden = !byUsers || active;
  form.querySelector("[data-field=host]").hidden = active;
  byId("form-title").textContent = active ? "Edit the load" : status.state === "stopped" ? "Start again" : "Start the test";
  byId("submit").textContent = active ? "Apply" : "Start";
  byId("cancel").hidden = !active;
  if (page.filled) return;
  page.filled = true;
  form.users.value = status.load.target_users || window.templateArgs.num_users || 1;
  form.spawnRate.value = status.load.spawn_rate || window.templateArgs.spawn_rate || 1;
  form.runTime.value = status.load.run_time_seconds ? `${status.load.run_time_seconds}s` : "";
  form.host.value = status.host || window.templateArgs.host || "";
}
byId("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target, body = {};
  for (const label of form.querySelectorAll("[data-field]")) {
    label.classList.remove("wrong");
    const text = label.querySelector("input").value.trim();
    if (!label.hidden && text) body[label.dataset.field] = text;
  }
  byId("form-error").textContent = "";
  try {
    await change("POST", "start", body);
    page.editing = false;
    show(page.status);
  } catch (error) {
    byId("form-error").textContent = error.message;
    const label = error.field && form.querySelector(`[data-field="${CSS.escape(error.field)}"]`);
    if (label) { label.classList.add("wrong"); label.querySelector("input").focus(); banner(""); }
  }
});
function edit(on) {
  page.editing = on;
  page.filled = page.filled && !on;
  if (page.status) show(page.status);
  if (on) byId("form").users.focus();
}
byId("edit").addEventListener("click", () => edit(true));
byId("cancel").addEventListener("click", () => edit(false));
byId("stop").addEventListener("click", () => change("POST", "stop").catch(() => {}));
byId("reset").addEventListener("click", () => change("POST", "reset").then(pollTab).catch(() => {}));

// -- tables: [title, class, value for sorting, content]
const pct = (p) => [p, "num", (r) => r.latency.percentiles_ms[p], (r) => ms(r.latency.percentiles_ms[p])];
const TABS = {
  requests: { title: "Requests", path: "stats?limit=1000", empty: "Each request name gets a row here once the test has sent it.",
    columns: [
      ["Method", "", (r) => r.method], ["Name", "name", (r) => r.name],
      ["Requests", "num", (r) => r.requests, (r) => count(r.requests)],
      ["/s now", "num", (r) => r.current_rps, (r) => decimals(r.current_rps, 1)],
      ["/s", "num", (r) => r.rps, (r) => decimals(r.rps, 1)],
      ["Failures", "num", (r) => r.failures, (r) => count(r.failures)],
      ["%", "num", (r) => r.fail_percent, (r) => el("span", r.failures ? "bad" : "", percent(r.fail_percent))],
      ["mean ms", "num", (r) => r.latency.mean_ms, (r) => ms(r.latency.mean_ms)],
      pct("p50"), pct("p95"), pct("p99"),
      ["max", "num", (r) => r.latency.max_ms, (r) => ms(r.latency.max_ms)],
      ["bytes", "num", (r) => r.mean_length, (r) => count(r.mean_length)],
    ] },
  failures: { title: "Failures", path: "failures?limit=1000", empty: "No request has failed.",
    columns: [
      ["Count", "num", (r) => r.occurrences, (r) => count(r.occurrences)], ["Method", "", (r) => r.method],
      ["Name", "name", (r) => r.name], ["Failure", "name", (r) => r.error],
      ["First", "num", (r) => r.first_seen, (r) => clockTime(r.first_seen)],
      ["Last", "num", (r) => r.last_seen, (r) => clockTime(r.last_seen)],
    ] },
  exceptions: { title: "Exceptions", path: "exceptions", empty: "No task has raised an exception.",
    columns: [
      ["Count", "num", (r) => r.count, (r) => count(r.count)],
      ["Exception", "name", (r) => r.message, (r) => details(r.message, r.traceback)],
      ["Workers", "name", (r) => r.nodes.join(", ")],
    ] },
  workers: { title: "Workers", path: "workers?limit=2000", empty: "This process runs the users itself; there are no workers.",
    columns: [
      ["Worker", "name", (r) => r.id], ["State", "", (r) => r.state, (r) => r.lost_at ? `${r.state} since ${clockTime(r.lost_at)}` : r.state],
      ["Users", "num", (r) => r.users, (r) => count(r.users)],
      ["CPU %", "num", (r) => r.cpu_percent, (r) => count(r.cpu_percent)],
      ["MiB", "num", (r) => r.memory_bytes, (r) => count(r.memory_bytes / 1048576)],
      ["lag ms", "num", (r) => r.loop_lag_ms, (r) => ms(r.loop_lag_ms)],
      ["heartbeat", "num", (r) => r.heartbeat_age_seconds, (r) => span(r.heartbeat_age_seconds)],
      ["Version", "", (r) => r.version],
    ] },
  logs: { title: "Logs", path: "logs", empty: "Nothing was logged yet." },
};
function details(summary, text) {
  const box = el("details", "", el("summary", "", summary), el("pre", "", text));
  box.open = page.openRows.has(summary + text);
  box.addEventListener("toggle", () => page.openRows[box.open ? "add" : "delete"](summary + text));
  return box;
}
function drawTabs() {
  byId("tabs").replaceChildren(...Object.entries(TABS).map(([key, tab]) => {
    const data = page.data[key], badge = data && ["failures", "exceptions"].includes(key) ? ` ${data.count}` : "";
    const button = el("button", "", tab.title + badge);
    button.setAttribute("role", "tab");
    button.setAttribute("aria-selected", String(key === page.tab));
    button.addEventListener("click", () => openTab(key));
    return button;
  }));
}
function openTab(key) {
  page.tab = key;
  byId("filter-line").hidden = key === "logs";
  drawTab();
  pollTab();
}
function drawTab() {
  drawTabs();
  const tab = TABS[page.tab], data = page.data[page.tab], view = byId("view");
  if (!data) return view.replaceChildren(el("p", "empty", "Loading…"));
  if (page.tab === "logs") return drawLogs(data, view);
  const wanted = byId("filter").value.toLowerCase();
  const rows = data.items.filter((r) => !wanted || JSON.stringify(Object.values(r)).toLowerCase().includes(wanted));
  if (!rows.length && !data.total?.requests) return view.replaceChildren(el("p", "empty", wanted ? "Nothing matches the filter." : tab.empty));
  view.replaceChildren(table(tab.columns, sorted(rows, tab.columns), page.tab === "requests" ? data.total : null));
  return view;
}
function drawLogs(data, view) {
  const nodes = Object.entries(data.logs).filter(([, lines]) => lines.length);
  if (!nodes.length) return view.replaceChildren(el("p", "empty", TABS.logs.empty));
  return view.replaceChildren(...nodes.flatMap(([node, lines]) => [el("h2", "empty", node), el("pre", "", lines.join("\n"))]));
}
function sorted(rows, columns) {
  const column = columns.find((c) => c[0].toLowerCase() === page.sort.key) || columns[0], sign = page.sort.down ? -1 : 1;
  const key = (row) => column[2](row) ?? -Infinity;
  return [...rows].sort((a, b) => (key(a) < key(b) ? -sign : key(a) > key(b) ? sign : 0));
}
function table(columns, rows, total) {
  const head = el("tr", "", ...columns.map(([title, kind]) => {
    const key = title.toLowerCase(), cell = el("th", kind, title + (key === page.sort.key ? (page.sort.down ? " ↓" : " ↑") : ""));
    cell.addEventListener("click", () => { page.sort = { key, down: key === page.sort.key ? !page.sort.down : true }; drawTab(); });
    return cell;
  }));
  const line = (row, kind) => el("tr", kind, ...columns.map(([, cls, value, content]) => el("td", cls, content ? content(row) : String(value(row) ?? ""))));
  const body = rows.map((row) => line(row, row.lost_at ? "lost" : ""));
  if (total) body.push(line({ ...total, name: "Aggregated" }, "total"));
  return el("table", "", el("thead", "", head), el("tbody", "", ...body));
}

// -- polling
async function pollStatus() {
  try {
    show(await call("GET", "status"));
  } catch (error) {
    document.body.classList.add("stale");
    const age = page.seen ? ` The numbers are ${span((Date.now() - page.seen) / 1000)} old.` : "";
    banner((error.code ? error.message : "The connection to the run is broken.") + age, "bad");
  }
}
async function pollTab() {
  const key = page.tab;
  try {
    page.data[key] = await call("GET", TABS[key].path);
    if (key === "requests") {
      const [failures, exceptions] = await Promise.all([call("GET", "failures?limit=1000"), call("GET", "exceptions")]);
      Object.assign(page.data, { failures, exceptions });
    }
    if (key === page.tab) drawTab();
  } catch (error) { /* pollStatus says that the connection is broken */ }
}
async function loop(poll, pause) {
  for (;;) {
    if (!document.hidden) await poll();
    await new Promise((done) => setTimeout(done, pause));
  }
}

// -- theme and keys
function theme(name) { document.documentElement.dataset.theme = name; }
theme(localStorage.getItem("katydid-theme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
byId("theme").addEventListener("click", () => {
  const other = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("katydid-theme", other);
  theme(other);
});
byId("filter").addEventListener("input", drawTab);
document.addEventListener("keydown", (event) => {
  if (event.target.closest?.("input") || event.ctrlKey || event.metaKey || event.altKey) return;
  const tab = Object.keys(TABS)[Number(event.key) - 1];
  if (tab) openTab(tab);
  else if (event.key === "/") { event.preventDefault(); byId("filter").focus(); }
  else if (event.key === "s" && !byId("stop").hidden) byId("stop").click();
  else if (event.key === "s" && !byId("form").hidden) byId("form").requestSubmit();
  else if (event.key === "e" && !byId("edit").hidden) { event.preventDefault(); edit(true); }
});
drawTab();
loop(pollStatus, 1000);
loop(pollTab, 2000);
