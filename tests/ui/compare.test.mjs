// Two runs side by side, as a file: the numbers of both run.json, and nothing asked of any network.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { launch, open, text, violations } from "./browser.mjs";
import { folder, Process, PYTHON, ROOT, startShop, until } from "./engine.mjs";
import { ms, percent, rate, whole } from "./figures.mjs";
import { usual, USUAL_BYTES } from "./usual.mjs";

const LOCUSTFILE = path.join(ROOT, "examples/quickstart/locustfile.py");
let shop, browser, out, first, second;

before(async () => {
  out = folder();
  [shop, browser] = await Promise.all([startShop("--error-rate", "5%"), launch()]);
  const results = path.join(out.path, "run");
  const engine = new Process(["katydid", "-f", LOCUSTFILE, "--headless", "--host", shop.url, "-u", "6", "-r", "6", "-t", "4s", "--results", results], { cwd: out.path });
  await engine.exited;
  first = JSON.parse(readFileSync(path.join(results, "run.json"), "utf8"));
  second = worse(first);
});

after(async () => {
  await browser?.close();
  await shop?.end();
  out?.remove();
});

/** The same run half as slow again: one name gone, one new, no users in its last second. */
function worse(document) {
  const slower = (row) => {
    const { latency } = row;
    const times = Object.fromEntries(Object.entries(latency.percentiles_ms).map(([name, value]) => [name, value && value * 1.5]));
    return { ...row, latency: { ...latency, mean_ms: latency.mean_ms * 1.5, max_ms: latency.max_ms * 1.5, percentiles_ms: times } };
  };
  const [gone, renamed, ...rest] = document.requests.map(slower);
  const status = { ...document.status, total: slower(document.status.total) };
  return { ...document, status, requests: [{ ...renamed, name: `${renamed.name}<b>new</b>` }, ...rest], history: document.history.slice(0, -1), failures: [{ ...failure, occurrences: 3 }], gone };
}
const failure = { method: "GET", name: "/", error: "<img src=x onerror=alert(1)>", reason: "Error", first_seen: 1, last_seen: 1 };

/** The page of a comparison in the browser; `told` is what the console said. */
async function compared(name, one, other, options = {}, ...flags) {
  const files = [one, other].map((document, i) => {
    const file = path.join(out.path, `${name}-${i}.json`);
    writeFileSync(file, JSON.stringify(document));
    return file;
  });
  const file = path.join(out.path, `${name}.html`);
  const made = spawnSync(PYTHON, ["-m", "katydid", "compare", ...files, "--html", file, ...flags], { encoding: "utf8" });
  const page = await open(browser, `file://${file}`, options);
  await page.locator(".chart canvas").first().waitFor();
  return { page, file, code: made.status, told: made.stdout };
}

const plain = (words) => words.replace(/[\u2009\u202f]/g, "").trim();
const rowsOf = (page) => page.locator("table.requests").evaluate((table) => [...table.querySelectorAll("tbody tr[data-key]")].map((row) => [row.dataset.key, Object.fromEntries([...row.querySelectorAll("[data-column]")].map((cell) => [cell.dataset.column, cell.textContent.replace(/[\u2009\u202f]/g, "").trim()]))]));

describe("a comparison", { concurrency: false }, () => {
  test("has the numbers of both runs, the charts of both, and asks nobody", async () => {
    const { page, code } = await compared("worse", first, second, {}, "--tolerance", "p95=10%", "--tolerance", "rps=5%");
    assert.equal(code, 3);
    assert.match(await text(page, ".state"), /^✕ Worse than tolerated: p95=10%: /);
    assert.match(await page.title(), /worse than tolerated · Katydid$/);
    const tile = async (id) => plain(await page.locator(`[data-tile="${id}"]`).innerText()).replace(/\s+/g, " ");
    const [was, is] = [first, second].map((each) => each.status.total.latency.percentiles_ms.p95);
    assert.equal(await tile("p95"), `p95 ${ms(is)}ms +50 % was ${ms(was)}`);
    assert.equal(await tile("rps"), `RPS ${rate(first.status.total.rps)}/s 0 % was ${rate(first.status.total.rps)}`);
    assert.deepEqual((await page.locator(".thresholds li").allInnerTexts()).map((each) => each[0]), ["✕", "✓"]);
    const rows = Object.fromEntries(await rowsOf(page));
    const { requests } = second;
    assert.equal(Object.keys(rows).length, requests.length + 2); // and the two that are gone, one of them by its name
    for (const row of requests.slice(1)) {
      const shown = rows[`${row.method} ${row.name}`];
      assert.equal(shown.requests, `${whole(row.requests)} 0 %`);
      assert.equal(shown.p95, `${ms(row.latency.percentiles_ms.p95)} +50 %`);
      assert.equal(shown.failures, `${percent(row.fail_percent)} 0`);
    }
    const name = (row) => page.locator(`tr[data-key="${row.method} ${row.name}"] .name`).innerText();
    assert.match(await name(second.gone), / gone$/);
    assert.match(await name(requests[0]), /<b>new<\/b> new$/);
    assert.match(await page.locator('[aria-label="Failures"]').innerText(), /<img src=x onerror=alert\(1\)>/);
    assert.equal(await page.locator("main img, main script").count(), 0);
    assert.equal(await page.locator(".chart canvas").count(), 4);
    for (const canvas of await page.locator(".chart canvas").all()) {
      assert.ok(await canvas.evaluate((each) => each.getContext("2d").getImageData(0, 0, each.width, each.height).data.some((byte) => byte !== 0)), "an empty chart");
    }
    assert.equal(page.asked.length, 1, `asked for ${page.asked}`);
    assert.deepEqual(page.troubles, []);
    await page.context().close();
  });

  test("its charts lie over each other from the start of each load", async () => {
    const { page } = await compared("charts", first, second);
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Requests as CSV" }).click()]);
    let csv = "";
    for await (const chunk of await file.createReadStream()) csv += chunk;
    const [head, ...lines] = csv.trim().split("\n");
    assert.equal(head, "elapsed (s),Requests before (/s),Requests after (/s)");
    const start = Math.floor(first.status.load_started_at);
    assert.deepEqual(lines.map((line) => line.split(",")[1]), first.history.map((point) => String(point.requests / point.width_seconds)));
    assert.deepEqual(lines.map((line) => Number(line.split(",")[0])), first.history.map((point) => point.time - start));
    assert.equal(lines.at(-1).split(",")[2], "");
    await page.locator('[data-chart="latency"] .plot').focus();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    const tip = page.locator('[data-chart="latency"] .tip');
    assert.match(plain(await tip.innerText()), /^00:0\d\s+p50 before/);
    assert.match(plain(await tip.innerText()), /p99 after/);
    await page.context().close();
  });

  test("the largest regression is first, until another order is asked for", async () => {
    const { page } = await compared("order", first, { ...second, requests: [second.requests[0], { ...second.requests[1], fail_percent: 90 }, ...second.requests.slice(2)] });
    const worst = `${second.requests[1].method} ${second.requests[1].name}`;
    assert.equal((await rowsOf(page))[0][0], worst);
    await page.getByRole("button", { name: "Request", exact: true }).click();
    const names = (await rowsOf(page)).map(([key]) => key.split(" ")[1]);
    assert.deepEqual(names, [...names].sort());
    await page.getByRole("button", { name: "Failures %", exact: true }).click();
    assert.equal((await rowsOf(page))[0][0], worst);
    await page.keyboard.press("/");
    await page.keyboard.type("check");
    await until(async () => (await rowsOf(page)).length === 1, "one name");
    await page.locator("#search").press("Escape");
    await page.getByRole("button", { name: "Largest regression first" }).click();
    assert.equal(await page.getByRole("button", { name: "Largest regression first" }).getAttribute("aria-pressed"), "true");
    await page.context().close();
  });

  test("no view has a serious barrier in light and in dark, a phone scrolls down only", async () => {
    const { page } = await compared("looks", first, second, {}, "--tolerance", "*: p95=10%");
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await until(async () => (await page.evaluate(() => document.documentElement.dataset.theme)) === colorScheme, colorScheme);
      assert.deepEqual(await violations(page), [], colorScheme);
    }
    await page.getByRole("link", { name: /^All \d/ }).click();
    assert.equal(await page.evaluate(() => document.activeElement.id), "tolerances");
    await page.setViewportSize({ width: 360, height: 740 });
    await until(() => page.evaluate(() => document.documentElement.scrollWidth <= 360), "a page of a phone's width", 10_000);
    await page.context().close();
  });

  test("prints on A4 in light colours, no table cut", async () => {
    const { page } = await compared("print", first, second, { colorScheme: "dark" }, "--tolerance", "*: p95=10%");
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    await page.setViewportSize({ width: 704, height: 1000 }); // A4 without its margins
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "light");
    const wide = await page.evaluate(() => [...document.querySelectorAll("table, canvas, pre")].filter((each) => each.getBoundingClientRect().right > 705).map((each) => each.className));
    assert.deepEqual(wide, []);
    await page.context().close();
  });

  test("of ten minutes and ten names is small", async () => {
    const { page, file } = await compared("usual", usual(first), usual(first, 7));
    const { size } = statSync(file);
    assert.ok(size <= USUAL_BYTES, `${size} bytes`);
    assert.deepEqual(page.troubles, []);
    await page.context().close();
  });
});
