// What a person reads on a page (live, or a report's file) of a run that has ended, as JSON on
// standard output: for tests in Python that hold it against other outputs.
import { launch, open, tableOf, text } from "./browser.mjs";
import { until } from "./engine.mjs";

const browser = await launch();
try {
  const page = await open(browser, process.argv[2]);
  const verdict = await until(async () => /(Passed|Failed|Error|Stopped)\b/.exec(await text(page, ".state"))?.[1], "a verdict");
  await page.locator("table.requests tfoot").waitFor();
  const { rows, total } = await tableOf(page);
  const thresholds = await page.locator("[data-threshold]").evaluateAll((all) => all.map((each) => [each.dataset.threshold, each.querySelector("i").getAttribute("aria-label")]));
  process.stdout.write(JSON.stringify({ rows, total, verdict, thresholds: Object.fromEntries(thresholds), troubles: page.troubles }));
} finally {
  await browser.close();
}
