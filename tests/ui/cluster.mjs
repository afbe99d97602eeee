// A person at the page of a running test, forwarded from a cluster: node cluster.mjs URL TOKEN.
// tests/e2e/operator/test_operator_page.py starts it on a test of 4 users; it looks, logs in, changes
// the load to 6 users, and presses Stop. What it saw last goes to standard output as JSON.
import assert from "node:assert/strict";
import { csvOf, launch, open, tableOf, text, violations } from "./browser.mjs";
import { until } from "./engine.mjs";

const [url, token] = process.argv.slice(2);
const api = async (path) => (await fetch(`${url}api/v1/${path}`)).json();
const browser = await launch();
try {
  const page = await open(browser, url);
  const requests = async () => Number((await tableOf(page)).total?.requests);
  await until(async () => (await text(page, '[data-value="users"]')) === "4", "four users");
  assert.equal(await text(page, '[data-tile="workers"] .num'), "2/2");
  await page.keyboard.press("2");
  await until(async () => (await requests()) > 20, "twenty requests");

  // The run goes on meanwhile: what is shown lies between two answers of the API.
  const seen = await api("status");
  await until(async () => (await requests()) >= seen.total.requests, "what the API said");
  const { rows, total } = await tableOf(page);
  const { total: later, load } = await api("status");
  assert.ok(Number(total.requests) <= later.requests, `${total.requests} of ${later.requests}`);
  assert.equal(load.users, 4);
  const { items } = await api("stats");
  assert.deepEqual(Object.keys(rows), items.map((row) => `${row.method} ${row.name}`));

  const drawn = async (where) => (await csvOf(where, "rps")).slice(1).map((line) => line.split(","));
  const { points: history } = await api("history");
  const other = await open(browser, url);
  await page.reload();
  await page.keyboard.press("1");
  for (const each of [page, other]) {
    await until(async () => (await drawn(each)).length >= history.length, "the seconds so far");
    assert.deepEqual(
      (await drawn(each)).slice(0, history.length).map(([time, rps]) => [Date.parse(time) / 1000, Number(rps)]),
      history.map((point) => [point.time, point.rps]),
    );
  }
  assert.deepEqual(await violations(page), []);
  assert.deepEqual([...page.troubles, ...other.troubles], []);

  assert.equal(await page.getByRole("button", { name: "Stop" }).count(), 0); // without the token one looks
  await page.getByRole("link", { name: "Log in to change the run" }).click();
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Edit load" }).click();
  await page.fill("#field-users", "6");
  await page.getByRole("button", { name: "Apply" }).click();
  await until(async () => (await text(page, '[data-value="users"]')) === "6", "six users");
  assert.equal((await api("status")).load.users, 6);
  assert.deepEqual(page.troubles, []);
  await page.keyboard.press("2");
  const last = await requests();
  await page.getByRole("button", { name: "Stop" }).click();
  console.log(JSON.stringify({ requests: last, name: Object.keys(rows)[0] }));
  await until(async () => (await api("status")).state !== "running", "the end");
} finally {
  await browser.close();
}
