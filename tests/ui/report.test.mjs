// The report as a file: nothing is asked of any network, whatever way the run went out.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { launch, open, tableOf, text, violations } from "./browser.mjs";
import { folder, HERE, Process, PYTHON, ROOT, startShop, until } from "./engine.mjs";
import { percent, rate, shown, whole } from "./figures.mjs";
import { usual, USUAL_BYTES } from "./usual.mjs";

const LOCUSTFILE = path.join(ROOT, "examples/quickstart/locustfile.py");
let shop, browser, out;

before(async () => {
  out = folder();
  [shop, browser] = await Promise.all([startShop("--error-rate", "5%"), launch()]);
});

after(async () => {
  await browser?.close();
  await shop?.end();
  out?.remove();
});

/** A headless run whose results are in a folder of their own. */
function run(name, time, ...args) {
  const results = path.join(out.path, name);
  const engine = new Process(["katydid", "-f", LOCUSTFILE, "--headless", "--host", shop.url, "-u", "6", "-r", "6", "-t", time, "--results", results, ...args], { cwd: out.path });
  return { engine, results, document: () => JSON.parse(readFileSync(path.join(results, "run.json"), "utf8")) };
}

const openReport = (results, options) => open(browser, `file://${path.join(results, "report.html")}`, options);

async function agrees(page, document) {
  const { status, requests } = document;
  await page.locator("[data-tile]").first().waitFor();
  const tile = (name) => page.locator(`[data-tile="${name}"] .num`).evaluate((cell) => cell.firstChild.textContent.replace(/\u2009/g, ""));
  assert.equal(await tile("requests"), whole(status.total.requests));
  assert.equal(await tile("rps"), rate(status.total.rps));
  assert.equal(await tile("failures"), percent(status.total.fail_percent));
  const table = await tableOf(page);
  assert.equal(table.keys.length, requests.length);
  for (const row of requests) assert.deepEqual(table.rows[`${row.method} ${row.name}`], shown(row));
  const charts = page.locator(".chart canvas");
  assert.equal(await charts.count(), 4);
  const drawn = await charts.first().evaluate((canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte !== 0));
  assert.ok(drawn, "an empty chart");
  assert.deepEqual(page.asked.filter((url) => !/^(data|blob):/.test(url)).length, 1, `asked for ${page.asked}`);
  assert.deepEqual(page.troubles, []);
}

describe("the report", { concurrency: false }, () => {
  let short;

  test("of a run of three seconds says what run.json says, and asks nobody", async () => {
    short = run("short", "3s", "--threshold", "p95 < 5s", "--processes", "2");
    await short.engine.exited;
    const page = await openReport(short.results);
    await agrees(page, short.document());
    assert.match(await text(page, ".state"), /Passed/);
    assert.ok(statSync(path.join(short.results, "report.html")).size < USUAL_BYTES);
    await page.locator('tr[data-key="GET /products"]').click();
    const drawer = page.getByRole("dialog", { name: "GET /products" });
    assert.equal(await drawer.locator(".chart canvas").count(), 2);
    assert.ok(await drawer.locator("svg.histogram rect").count());
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press("Escape");
    assert.deepEqual(await violations(page), []);
    assert.equal(page.asked.length, 1);
    await page.context().close();
  });

  test("of a run that was broken off is whole, too", async () => {
    const aborted = run("aborted", "10m", "--threshold", "p95 < 1ms");
    await aborted.engine.said(/(All users spawned)/);
    await aborted.engine.end("SIGINT");
    const document = aborted.document();
    const page = await openReport(aborted.results, { colorScheme: "dark" });
    await agrees(page, document);
    assert.equal(document.status.verdict, (await text(page, ".state")).match(/Passed|Failed|Stopped|Error/)[0]);
    await page.context().close();
  });

  test("of ten minutes and ten names is small, and is made again from run.json", async () => {
    const document = short.document();
    const file = path.join(out.path, "usual.json");
    writeFileSync(file, JSON.stringify(usual(document)));
    const made = spawnSync(PYTHON, ["-m", "katydid", "report", file, "--html", path.join(out.path, "usual.html")], { encoding: "utf8" });
    assert.equal(made.status, 0, made.stderr);
    const size = statSync(path.join(out.path, "usual.html")).size;
    assert.ok(size <= USUAL_BYTES, `${size} bytes`);
    const page = await open(browser, `file://${path.join(out.path, "usual.html")}`);
    await page.locator('[data-chart="rps"] canvas').waitFor();
    assert.deepEqual(page.troubles, []);
    await page.context().close();
  });

  test("prints on A4 in light colours, no table cut", async () => {
    const page = await openReport(short.results, { colorScheme: "dark" });
    await page.locator(".chart canvas").first().waitFor();
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    await page.setViewportSize({ width: 704, height: 1000 }); // A4 without its margins
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "light");
    const wide = await page.evaluate(() => [...document.querySelectorAll("table, canvas, pre")].filter((each) => each.getBoundingClientRect().right > 705).map((each) => each.className));
    assert.deepEqual(wide, []);
    const pdf = await page.pdf({ format: "A4" });
    assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
    await page.context().close();
  });

  test("says where a list is not all of them", async () => {
    const results = path.join(out.path, "many-errors");
    const engine = new Process(["katydid", "-f", path.join(HERE, "locustfiles/many_errors.py"), "--headless", "-u", "1", "-r", "1", "-t", "60s", "--results", results], { cwd: out.path });
    await engine.exited;
    const words = async (page, part) => (await page.locator(`[aria-label="${part}"]`).innerText()).replace(/\u2009/g, "");
    const page = await openReport(results);
    await page.locator("[data-tile]").first().waitFor();
    assert.match(await words(page, "Failures"), /! Only the first 1000 kinds of failure are listed; 200 failures of further kinds are counted together as \(other\)./);
    assert.match(await words(page, "Exceptions"), /! Only the first 200 kinds of exception are listed; \d+ exceptions of further kinds are counted together as \(other\)./);
    const banners = (await page.locator(".banner").allInnerTexts()).join("\n").replace(/[\u2009\u202f]/g, "");
    assert.match(banners, /Only the first 1000 kinds of failure are listed: 200 further failures are counted together as \(other\)./);
    assert.match(banners, /Only the first 200 kinds of exception are listed: \d+ further exceptions are counted together as \(other\)./);
    assert.deepEqual(page.troubles, []);
    await page.context().close();
    const document = JSON.parse(readFileSync(path.join(results, "run.json"), "utf8"));
    const [one] = document.failures;
    const file = path.join(out.path, "cut.json");
    writeFileSync(file, JSON.stringify({ ...document, failures: Array.from({ length: 1500 }, (_, i) => ({ ...one, error: `failure ${i}` })) }));
    const made = spawnSync(PYTHON, ["-m", "katydid", "report", file, "--html", path.join(out.path, "cut.html")], { encoding: "utf8" });
    assert.equal(made.status, 0, made.stderr);
    const cut = await open(browser, `file://${path.join(out.path, "cut.html")}`);
    await cut.locator("[data-tile]").first().waitFor();
    assert.match(await words(cut, "Failures"), /^! The first 1000 of 1500 kinds of failure; run.json has all\.$/m);
    assert.equal(await cut.locator('[aria-label="Failures"] tbody tr').count(), 1000);
    await cut.context().close();
  });

  test("shows names and errors as text, whatever they are", async () => {
    const results = path.join(out.path, "hostile");
    const engine = new Process(["katydid", "-f", path.join(HERE, "locustfiles/hostile.py"), "--headless", "-u", "2", "-r", "2", "-t", "2s", "--results", results], { cwd: out.path });
    await engine.exited;
    const page = await openReport(results);
    await page.locator("[data-tile]").first().waitFor();
    await page.getByText("<img src=x onerror=alert(1)>").first().waitFor();
    assert.equal(await page.locator("main img, main script").count(), 0);
    await until(() => page.asked.length === 1, "one request");
    assert.deepEqual(page.troubles, []);
    await page.context().close();
  });
});
