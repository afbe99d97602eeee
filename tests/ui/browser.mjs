// Debian's chromium, and pages that remember everything they should not have done.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE_MS = 120_000;

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: FLAGS });
}

/** A page of its own profile; `page.troubles` are console errors, exceptions and foreign requests. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.setDefaultNavigationTimeout(PATIENCE_MS);
  page.troubles = [];
  page.asked = [];
  page.on("console", (message) => message.type() === "error" && page.troubles.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => page.troubles.push(`exception: ${error.stack}`));
  page.on("dialog", (dialog) => { page.troubles.push(`dialog: ${dialog.message()}`); void dialog.dismiss(); });
  page.on("request", (request) => {
    page.asked.push(request.url());
    if (!/^(http:\/\/127\.0\.0\.1[:/]|file:|data:|blob:)/.test(request.url())) page.troubles.push(`foreign: ${request.url()}`);
  });
  await page.goto(url);
  return page;
}

/** Serious and critical violations of axe's rules, as lines. */
export async function violations(page) {
  // By the debugger, which no content security policy stops.
  await page.evaluate(AXE);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations
    .filter((each) => each.impact === "serious" || each.impact === "critical")
    .flatMap((each) => each.nodes.map((node) => `${each.id}: ${node.target} ${node.failureSummary}`));
}

/** Text of an element without thin spaces and surroundings. */
export async function text(page, selector) {
  return (await page.locator(selector).first().innerText()).replace(/\u2009/g, "").trim();
}

/** The request table as shown: key → column → text. */
export async function tableOf(page, selector = "table.requests") {
  return page.locator(selector).first().evaluate((table) => {
    const plain = (cell) => cell.textContent.replace(/\u2009/g, "").trim();
    const columns = (row) => Object.fromEntries([...row.querySelectorAll("[data-column]")].map((cell) => [cell.dataset.column, plain(cell)]));
    const rows = [...table.querySelectorAll("tbody tr[data-key]")].map((row) => [row.dataset.key, columns(row)]);
    const foot = table.querySelector("tfoot tr");
    return { keys: rows.map(([key]) => key), rows: Object.fromEntries(rows), total: foot ? columns(foot) : null };
  });
}

/** A chart as the page would save it, line by line: what is drawn, second by second. */
export async function csvOf(page, chart) {
  const button = page.locator(`[data-chart="${chart}"] button`, { hasText: "CSV" });
  const [file] = await Promise.all([page.waitForEvent("download"), button.click()]);
  let whole = "";
  for await (const chunk of await file.createReadStream()) whole += chunk;
  return whole.trim().split("\n");
}
