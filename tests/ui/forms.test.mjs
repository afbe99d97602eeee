// What the form offers: stages, the open model, arguments; the token; a base path; the plain page.
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { launch, open, text, violations } from "./browser.mjs";
import { HERE, ROOT, startEngine, startShop, until } from "./engine.mjs";

const TOKEN = "a-token-for-this-run";
let shop, browser;

before(async () => {
  [shop, browser] = await Promise.all([startShop(), launch()]);
});

after(async () => {
  await browser?.close();
  await shop?.end();
});

async function withEngine(args, look) {
  const engine = await startEngine(...args);
  const pages = [];
  try {
    await look(engine, async (where = "/", options = {}) => {
      const page = await open(browser, engine.url + where, options);
      pages.push(page);
      return page;
    });
    for (const page of pages) assert.deepEqual(page.troubles, []);
  } finally {
    await Promise.all(pages.map((page) => page.context().close()));
    await engine.end();
  }
}

describe("forms", { concurrency: false }, () => {
  test("stages and the locustfile's own arguments reach the run", async () => {
    const file = path.join(ROOT, "examples/07-custom-arguments/locustfile.py");
    await withEngine(["-f", file, "--host", shop.url], async (engine, openPage) => {
      const page = await openPage();
      await page.getByText("Stages", { exact: true }).click();
      await page.locator('[name="stages[0].duration"]').fill("2x");
      await page.getByText("Arguments of the locustfile").click();
      await page.locator('[name="arguments.search_for"]').fill("oak");
      await page.locator('[name="arguments.page_size"]').fill("many");
      await page.getByRole("button", { name: "Start" }).click();
      assert.equal(await text(page, '[id="field-stages[0].duration-hint"]'), "A time such as 30s, 5m or 1h30m.");
      for (const [name, value] of [["stages[0].duration", "2s"], ["stages[0].target", "4"]]) await page.locator(`[name="${name}"]`).fill(value);
      assert.deepEqual(await violations(page), []);
      await page.getByRole("button", { name: "Start" }).click();
      // What only the master can know it says at the same field.
      await until(async () => /does not take `many`/.test(await text(page, '[id="field-arguments.page_size-hint"]')), "the master's hint");
      assert.equal((await engine.api("status")).state, "ready");
      assert.match(page.troubles.shift() ?? "", /status of 400/); // chromium reports what we wanted
      await page.locator('[name="arguments.page_size"]').fill("5");
      await page.getByRole("button", { name: "Start" }).click();
      await until(async () => (await engine.api("status")).load.users === 4, "four users");
      assert.deepEqual((await engine.api("status")).load.spec.stages[0], { duration: "2s", users: 4 });
      await until(async () => (await engine.api("stats")).items.some((row) => row.name === "/search?q=oak"), "a search for oak");
      assert.deepEqual((await engine.api("failures")).items, []);
      await page.getByRole("button", { name: "Stop" }).click();
    });
  });

  test("an arrival rate starts iterations on schedule, and is edited while it runs", async () => {
    const file = path.join(ROOT, "examples/quickstart/locustfile.py");
    await withEngine(["-f", file, "--host", shop.url], async (engine, openPage) => {
      const page = await openPage();
      await page.getByText("Arrival rate", { exact: true }).click();
      await page.fill("#field-rate", "12");
      await page.fill("#field-maxUsers", "30");
      await page.fill("#field-runTime", "5m");
      assert.match(await text(page, ".preview figcaption"), /^12.0 iterations \/s, over after 5.?m 00.?s$/);
      await page.keyboard.press("Enter");
      await until(async () => (await engine.api("status")).load.rate === 12, "twelve a second");
      await page.getByText("12.0 iterations").waitFor();
      await page.getByRole("button", { name: "Edit load" }).click();
      assert.equal(await page.inputValue("#field-rate"), "12");
      assert.equal(await page.getByText("Stages", { exact: true }).count(), 1, "only the stages of the rate");
      await page.fill("#field-rate", "6");
      await page.getByRole("button", { name: "Apply" }).click();
      await until(async () => (await engine.api("status")).load.rate === 6, "six a second");
      await page.keyboard.press("s");
      await until(async () => (await engine.api("status")).state === "stopped", "the end");
    });
  });

  test("a shape of the locustfile can be chosen, and not be chosen", async () => {
    const file = path.join(ROOT, "examples/03-shape/locustfile.py");
    await withEngine(["-f", file, "--host", shop.url], async (engine, openPage) => {
      const page = await openPage();
      assert.ok(await page.locator('input[value="shape"]').isChecked());
      assert.equal(await page.locator("form.start select").inputValue(), "TwoWaves");
      await page.getByText("Users", { exact: true }).first().click();
      await page.fill("#field-users", "2");
      await page.getByRole("button", { name: "Start" }).click();
      await until(async () => (await engine.api("status")).load.users === 2, "two users");
      assert.equal((await engine.api("status")).load.model, "users");
      await page.getByRole("button", { name: "Stop" }).click();
      await page.getByRole("button", { name: "Run again" }).click();
      await page.getByText("Shape", { exact: true }).click();
      await page.locator("form.start button[type=submit]").click();
      await until(async () => (await engine.api("status")).load.model === "shape", "the shape");
      await page.getByRole("button", { name: "Stop" }).click();
    });
  });

  test("without the token one may look; with it, under a base path, change", async () => {
    const file = path.join(ROOT, "examples/quickstart/locustfile.py");
    await withEngine(["-f", file, "--host", shop.url, "--control-token", TOKEN, "--web-base-path", "/load"], async (engine, openPage) => {
      const page = await openPage("/");
      const link = page.getByRole("link", { name: "Log in to change the run" });
      await link.waitFor();
      assert.equal(await page.locator("form.start").count(), 0);
      await page.keyboard.press("s");
      assert.equal((await engine.api("status")).state, "ready");
      await link.click();
      await page.getByLabel("Token").fill("not the token");
      await Promise.all([page.waitForResponse((answer) => answer.status() === 401), page.getByRole("button", { name: "Log in" }).click()]);
      await page.getByText("That is not the token of this run.").waitFor();
      page.troubles.length = 0; // chromium reports the 401 that we wanted
      assert.deepEqual(await violations(page), []);
      await page.getByLabel("Token").fill(TOKEN);
      await page.getByRole("button", { name: "Log in" }).click();
      await page.fill("#field-users", "2");
      await page.getByRole("button", { name: "Start" }).click();
      await until(async () => (await engine.api("status")).load.users === 2, "two users");
      await page.getByRole("button", { name: "Stop" }).click();
      assert.ok(page.asked.every((url) => url.includes("/load/") || url.startsWith("data:")), String(page.asked));
      assert.ok(page.asked.every((url) => !url.includes(TOKEN)));
    });
  });

  test("names, errors and classes that look like script stay text", async () => {
    await withEngine(["-f", path.join(HERE, "locustfiles/hostile.py"), "-u", "2", "-r", "2", "--autostart"], async (engine, openPage) => {
      const page = await openPage("/#tab=requests");
      const key = "GET /<img src=x onerror=alert(1)><script>alert(2)</script>";
      await page.getByRole("button", { name: key }).click();
      await page.getByRole("dialog", { name: key }).waitFor();
      await page.keyboard.press("Escape");
      for (const tab of ["3", "4", "7"]) {
        await page.keyboard.press(tab);
        await page.getByText("<script>alert(2)</script>").first().waitFor();
      }
      assert.equal(await page.locator("main img, main script").count(), 0);
    });
  });

  test("a lost master greys the numbers, and says since when", async () => {
    const file = path.join(ROOT, "examples/quickstart/locustfile.py");
    const engine = await startEngine("-f", file, "--host", shop.url);
    const page = await open(browser, engine.url);
    await page.locator("[data-tile]").first().waitFor();
    await engine.end("SIGKILL");
    await page.getByText(/The master does not answer: these numbers are .* old/).waitFor();
    assert.equal(await page.locator("header.stale").count(), 1);
    await page.context().close();
  });

  test("the plain page needs no bundle", async () => {
    const file = path.join(ROOT, "examples/quickstart/locustfile.py");
    await withEngine(["-f", file, "--host", shop.url, "-u", "2", "-r", "2", "--autostart"], async (engine, openPage) => {
      const page = await openPage("/?plain=1");
      await until(async () => /Running/.test(await text(page, "#state")), "the state");
      await page.getByText("/products/[id]").first().waitFor();
      assert.ok(page.asked.every((url) => !url.includes("/ui/")));
    });
  });

  test("the bundle is at most 150 KB", () => {
    const size = statSync(path.join(ROOT, "runner/katydid/page/built/app.js")).size;
    assert.ok(size <= 150 * 1024, `${size} bytes`);
  });
});
