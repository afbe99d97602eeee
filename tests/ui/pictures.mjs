// The pictures of docs/images, of real runs against the demo shop: `node pictures.mjs FOLDER`.
// docs/images/page_pictures.py runs this and makes them small. Only a quiet machine makes good ones.
import path from "node:path";
import { launch, open, text } from "./browser.mjs";
import { folder, Process, ROOT, startShop, until } from "./engine.mjs";

const LOADTEST = path.join(ROOT, "examples/quickstart/loadtest.yaml");
const WIDTH = 1280;
const [target] = process.argv.slice(2);
const out = folder();
const browser = await launch();

async function look(url, name, colorScheme, prepare = async () => {}, height = 840) {
  const page = await open(browser, url, { viewport: { width: WIDTH, height }, colorScheme });
  await page.locator(".chart canvas").first().waitFor();
  await prepare(page);
  await page.screenshot({ path: path.join(target, `${name}.png`) });
  await page.context().close();
}

const run = (results, ...args) =>
  new Process(["katydid", "run", LOADTEST, "--workers", "2", "--web-host", "127.0.0.1", "--web-port", "0", "--results", path.join(out.path, results), ...args], { cwd: out.path });
const report = (results) => `file://${path.join(out.path, results, "report.html")}`;

/** A run that goes on, edited on its page; how it is, and one of its requests. */
async function ofARunningTest() {
  const shop = await startShop("--latency", "20ms", "--error-rate", "0.5%");
  const engine = run("running", "--host", shop.url, "-u", "24", "-r", "2", "-t", "5m");
  const url = await engine.said(/Starting web interface at (http:\S+?)[,\s]/);
  const elapsed = async () => (await (await fetch(`${url}/api/v1/status`)).json()).elapsed_seconds;
  await until(async () => (await elapsed()) > 48, "the time of the edit");
  await look(url, "overview", "light", async (page) => {
    await page.getByRole("button", { name: "Edit load" }).click();
    await page.fill("#field-users", "36");
    await page.getByRole("button", { name: "Apply" }).click();
    await until(async () => (await text(page, '[data-value="users"]')) === "36", "36 users");
    await until(async () => (await elapsed()) > 105, "the time of the picture");
    await page.locator('[data-chart="rps"] .u-over').hover({ position: { x: 600, y: 60 } });
  });
  await look(`${url}/#tab=requests&request=POST+%2Fcheckout`, "request", "dark", (page) => page.locator("svg.histogram rect").first().waitFor());
  await engine.end();
  await shop.end();
}

/** A run with its verdict, and one that is compared with it: the same shop, but slower. */
async function ofEndedRuns() {
  const shop = await startShop("--latency", "20ms", "--error-rate", "0.5%");
  const { port } = new URL(shop.url);
  await run("before", "--host", shop.url, "-t", "40s").exited;
  await shop.end();
  const slower = await startShop("--port", port, "--latency", "28ms", "--error-rate", "1.5%");
  await run("after", "--host", slower.url, "-t", "40s").exited;
  await slower.end();
  await look(report("before"), "report", "light");
  const compare = new Process(["katydid", "compare", "before", "after", "--html", "compare.html", "--tolerance", "p95=10%", "--tolerance", "failures=1%", "--tolerance", "rps=5%"], { cwd: out.path });
  await compare.exited;
  await look(`file://${path.join(out.path, "compare.html")}`, "compare", "light", async () => {}, 1400);
}

try {
  await ofARunningTest();
  await ofEndedRuns();
} finally {
  await browser.close();
  out.remove();
}
