// One test by clicking, from start to start: real master, two workers, demo shop, two browsers.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readFileSync } from "node:fs";
import path from "node:path";
import { csvOf, launch, open, tableOf, text, violations } from "./browser.mjs";
import { folder, HERE, ROOT, startEngine, startShop, until } from "./engine.mjs";
import { percent, shown, whole } from "./figures.mjs";

const LOCUSTFILE = path.join(ROOT, "examples/quickstart/locustfile.py");
let shop, engine, browser, page;

before(async () => {
  shop = await startShop("--error-rate", "5%");
  [engine, browser] = await Promise.all([
    startEngine("-f", LOCUSTFILE, "--host", shop.url, "--processes", "2", "--threshold", "p95 < 5s", "--threshold", "POST /checkout: p99 < 9s"),
    launch(),
  ]);
  await until(async () => (await engine.api("status")).workers_ready === 2, "two workers");
  page = await open(browser, engine.url);
});

after(async () => {
  await browser?.close();
  await engine?.end();
  await shop?.end();
});

const state = () => engine.api("status").then((status) => status.state);
const tile = (name) => page.locator(`[data-tile="${name}"] .num`).evaluate((cell) => cell.firstChild.textContent.replace(/\u2009/g, ""));
const points = (where) => where.locator('[data-chart="rps"] .plot').getAttribute("aria-label");

describe("a run by clicking", { concurrency: false }, () => {
  test("the form starts it, with what was typed", async () => {
    await page.getByLabel("Users", { exact: true }).last().waitFor();
    await page.fill("#field-users", "0");
    await page.getByRole("button", { name: "Start" }).click();
    assert.equal(await text(page, "#field-users-hint"), "A whole number of at least 1.");
    assert.equal(await state(), "ready");
    await page.fill("#field-users", "8");
    await page.fill("#field-spawnRate", "8");
    assert.match(await text(page, ".preview figcaption"), /^8 users after 1.?s, until it is stopped$/);
    const classes = await page.locator(".class b").allInnerTexts();
    assert.deepEqual(classes, ["Customer", "Visitor"]);
    assert.deepEqual(await page.locator(".class .share").allInnerTexts(), ["25 %", "75 %"]);
    await page.keyboard.press("Enter");
    await until(async () => (await engine.api("status")).load.users === 8, "eight users");
    await until(async () => (await text(page, '[data-value="users"]')) === "8", "eight users on the page");
    await until(async () => Number(await tile("requests")) > 20, "twenty requests");
    assert.equal(await tile("workers"), "2/2");
    assert.deepEqual(await page.locator("[data-threshold]").allInnerTexts().then((all) => all.map((each) => each.split(" (")[0].slice(2))), ["p95 < 5s", "POST /checkout: p99 < 9s"]);
  });

  test("an edit changes the load that runs", async () => {
    await page.getByRole("button", { name: "Edit load" }).click();
    assert.equal(await page.inputValue("#field-users"), "8");
    await page.fill("#field-users", "12");
    await page.getByRole("button", { name: "Apply" }).click();
    await until(async () => (await engine.api("status")).load.users === 12, "twelve users");
    await until(async () => (await text(page, '[data-value="users"]')) === "12", "twelve users on the page");
  });

  test("a search, an order, groups and a link that keeps them", async () => {
    await page.keyboard.press("2");
    await page.locator("#search").waitFor();
    await until(async () => (await tableOf(page)).keys.length >= 6, "six names");
    await page.getByRole("button", { name: "Request", exact: true }).click();
    const names = (await tableOf(page)).keys;
    assert.deepEqual(names.map((key) => key.split(" ")[1]), names.map((key) => key.split(" ")[1]).sort());
    await page.keyboard.press("1"); // from a tab without the field, and quicker than it can appear:
    await page.keyboard.type("/cart"); // nothing that is typed is lost, or taken for a command
    await until(async () => (await tableOf(page)).keys.length === 2, "two names with cart");
    assert.deepEqual((await tableOf(page)).keys.sort(), ["GET /cart", "POST /cart"]);
    await page.reload();
    await until(async () => (await tableOf(page)).keys.length === 2, "the same two after a reload");
    await page.getByRole("button", { name: "Group" }).click();
    await until(async () => (await tableOf(page)).keys[0] === "group /cart", "the group of /cart");
    const { keys, rows } = await tableOf(page);
    assert.equal(keys.length, 3);
    assert.equal(Number(rows["group /cart"].requests), Number(rows["GET /cart"].requests) + Number(rows["POST /cart"].requests));
    await page.getByRole("button", { name: "Group" }).click();
    await page.fill("#search", "");
  });

  test("a name opens to its charts, its spread and its failures", async () => {
    await page.getByRole("button", { name: "GET /products/[id]" }).click();
    const drawer = page.getByRole("dialog", { name: "GET /products/[id]" });
    await drawer.locator("svg.histogram rect").first().waitFor();
    const titles = await drawer.locator("svg.histogram rect title").allTextContents();
    const samples = titles.reduce((sum, each) => sum + Number(/: ([\d\u2009]+) requests/.exec(each)[1].replace(/\u2009/g, "")), 0);
    const detail = await engine.api(`request?${new URLSearchParams({ method: "GET", name: "/products/[id]" })}`);
    assert.ok(samples > 0 && samples <= detail.row.requests, `${samples} of ${detail.row.requests}`);
    assert.equal(await drawer.locator(".chart canvas").count(), 2);
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
  });

  test("stop ends it, and the page says the API's numbers", async () => {
    await page.getByRole("button", { name: "Stop" }).click();
    await until(async () => (await state()) === "stopped", "the end");
    const status = await engine.api("status");
    await until(async () => (await tile("requests")) === whole(status.total.requests), "the last number");
    assert.equal(await tile("failures"), percent(status.total.fail_percent));
    const { items } = await engine.api("stats");
    await until(async () => (await tableOf(page)).total.requests === whole(status.total.requests), "the table's total");
    const table = await tableOf(page);
    assert.deepEqual(Object.keys(table.rows).sort(), items.map((row) => `${row.method} ${row.name}`).sort());
    for (const row of items) assert.deepEqual(table.rows[`${row.method} ${row.name}`], shown(row));
    assert.deepEqual(table.total, shown(status.total));
  });

  test("a reload and a second browser have the same history", async () => {
    await page.keyboard.press("1");
    const { points: history } = await engine.api("history");
    const other = await open(browser, engine.url);
    await page.reload();
    for (const each of [page, other]) await until(async () => (await points(each))?.includes("Requests"), "the chart");
    const [one, two] = [await csvOf(page, "rps"), await csvOf(other, "rps")];
    assert.deepEqual(one, two);
    const rows = one.slice(1).map((line) => line.split(","));
    assert.deepEqual(rows.map(([time, rps]) => [Date.parse(time) / 1000, Number(rps)]), history.map((point) => [point.time, point.rps]));
    assert.deepEqual(other.troubles, []);
    await other.context().close();
  });

  test("failures, workers, logs and the test itself are there", async () => {
    await page.keyboard.press("3");
    const { items } = await engine.api("failures");
    assert.ok(items.length > 0);
    await until(async () => (await page.locator('[aria-label="Failures"] tbody tr').count()) === items.length, "the failures");
    await page.keyboard.press("5");
    await until(async () => (await page.locator("[data-worker]").count()) === 2, "two workers");
    await page.keyboard.press("6");
    await page.getByText("Ramping to 8 users").first().waitFor();
    await page.keyboard.press("7");
    await page.locator("pre.code").getByText("class Visitor(HttpUser):").waitFor();
  });

  test("reset forgets the numbers, and a start begins anew", async () => {
    await page.keyboard.press("1");
    await page.getByRole("button", { name: "Reset numbers" }).click();
    await until(async () => (await tile("requests")) === "0", "nothing counted");
    await page.getByRole("button", { name: "Run again" }).click();
    assert.equal(await page.inputValue("#field-users"), "12");
    await page.fill("#field-users", "3");
    await page.locator("form.start button[type=submit]").click();
    await until(async () => (await engine.api("status")).load.users === 3, "three users");
    await until(async () => Number(await tile("requests")) > 0, "new requests");
    await page.getByRole("button", { name: "Stop" }).click();
    await until(async () => (await state()) === "stopped", "the end");
    const { points: history } = await engine.api("history");
    await until(async () => (await csvOf(page, "users")).length - 1 === history.length, "only the new run's history");
  });

  test("no view has a serious barrier, in light and in dark", async () => {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await until(async () => (await page.evaluate(() => document.documentElement.dataset.theme)) === colorScheme, colorScheme);
      for (const key of ["1", "2", "3", "5", "6", "7"]) {
        await page.keyboard.press(key);
        await page.locator("#view > *").first().waitFor();
        assert.deepEqual(await violations(page), [], `${colorScheme}, tab ${key}`);
      }
    }
  });

  test("colours follow the system, and the button's choice outlives a reload", async () => {
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [light, dark] = ["rgb(247, 248, 250)", "rgb(15, 18, 21)"];
    for (const [colorScheme, colour] of [["dark", dark], ["light", light]]) {
      await page.emulateMedia({ colorScheme });
      await until(async () => (await background()) === colour, `${colorScheme} colours`);
    }
    const button = page.getByRole("button", { name: /^Colours/ });
    await button.click(); // light, whatever the system says
    await button.click();
    await until(async () => (await background()) === dark, "the chosen dark");
    await page.reload();
    await until(async () => (await background()) === dark, "dark after a reload");
    await button.click();
    await until(async () => (await background()) === light, "the system's again");
  });

  test("a phone's width scrolls down only", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    for (const key of ["1", "2", "3", "5", "6", "7"]) {
      await page.keyboard.press(key);
      await page.locator("#view > *").first().waitFor();
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 360), `tab ${key} is wider than the screen`);
    }
  });

  test("nothing was wrong on the console, and nobody else was asked", () => {
    assert.deepEqual(page.troubles, []);
  });
});

test("a saturated generator is told alike by page, API, console, file and report", async () => {
  const out = folder();
  const burning = await startEngine("-f", path.join(HERE, "locustfiles/burning.py"), "-u", "1", "-r", "1", "-t", "4s", "--autostart", "--results", out.path);
  const own = await launch();
  try {
    const page = await open(own, burning.url);
    await until(async () => (await burning.api("status")).verdict, "the end of the load");
    const { generator, elapsed_seconds } = await burning.api("status");
    assert.equal(generator.saturated, true);
    assert.ok(generator.saturated_seconds > 1 && generator.saturated_seconds <= elapsed_seconds + 0.1, JSON.stringify(generator));
    const share = `${Math.min(100, Math.round((100 * generator.saturated_seconds) / elapsed_seconds))}%`;
    const told = async (where) => (await text(where, '[data-tile="generator"] small.warn'));
    await until(async () => (await told(page)) === `! saturated ${share}`, share);
    const sentence = await text(page, ".banner summary");
    assert.match(sentence, new RegExp(`^The load generator was saturated for \\d+s \\(${share} of the load\\), first at \\d+s: latencies may be its own.$`));
    assert.deepEqual(page.troubles, []);
    await burning.end(); // from here on chromium tells that nobody answers
    const saved = JSON.parse(readFileSync(path.join(out.path, "run.json"), "utf8")).status;
    assert.deepEqual(saved.generator, generator);
    await burning.said(/WARNING\/katydid\.\S+ (The load generator was saturated for )/);
    const report = await open(own, `file://${path.join(out.path, "report.html")}`);
    assert.equal(await told(report), `! saturated ${share}`);
    assert.match(await text(report, ".banner"), /The load generator was saturated for /);
    assert.deepEqual(report.troubles, []);
  } finally {
    await own.close();
    await burning.end();
    out.remove();
  }
});
