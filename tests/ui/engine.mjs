// The real engine and the demo shop as child processes, and their API.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const HERE = path.dirname(fileURLToPath(import.meta.url));
export const ROOT = path.resolve(HERE, "../..");
export const PYTHON = path.join(ROOT, ".venv/bin/python");
const PATIENCE_MS = 120_000; // far more than anything here takes: a busy machine is no failure

/** Wait until `look()` gives something true, and return it. */
export async function until(look, what, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  let last;
  for (;;) {
    try {
      last = await look();
      if (last) return last;
    } catch (error) {
      if (error.final) throw error;
      last = error;
    }
    if (Date.now() > end) throw new Error(`${what} did not come: ${last}`);
    await new Promise((done) => setTimeout(done, 50)); // polls another process
  }
}

const living = new Set();
process.on("exit", () => living.forEach((child) => child.kill("SIGKILL"))); // whatever a test left

export class Process {
  constructor(args, options = {}) {
    const clean = Object.entries(process.env).filter(([name]) => !/^(LOCUST|KATYDID)_/.test(name));
    this.output = "";
    this.child = spawn(PYTHON, ["-m", ...args], { stdio: ["ignore", "pipe", "pipe"], ...options, env: { ...Object.fromEntries(clean), ...options.env } });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on("data", (chunk) => (this.output += chunk));
    this.exited = once(this.child, "exit");
    living.add(this.child);
    void this.exited.then(() => living.delete(this.child));
  }

  /** The first group of `pattern` once it was printed. */
  async said(pattern) {
    return until(() => {
      const found = pattern.exec(this.output);
      if (!found && this.child.exitCode !== null) throw Object.assign(new Error(`it ended: ${this.output}`), { final: true });
      return found?.[1] ?? (found && true);
    }, `${pattern} in ${this.child.spawnargs.join(" ")}`);
  }

  /** Ask it to end; returns its exit code. */
  async end(signal = "SIGTERM") {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill("SIGKILL"), PATIENCE_MS);
    const [code] = this.child.exitCode === null && this.child.signalCode === null ? await this.exited : [this.child.exitCode];
    clearTimeout(timer);
    return code;
  }
}

export async function startShop(...args) {
  const shop = new Process(["katydid.demo", "--port", "0", "--latency", "10ms", "--seed", "7", ...args]);
  shop.url = await shop.said(/The demo shop is open at (\S+)/);
  return shop;
}

/** `katydid -f …` with its page on a free port; `url` is where, `api(path)` asks it. */
export async function startEngine(...args) {
  const engine = new Process(["katydid", "--web-host", "127.0.0.1", "--web-port", "0", ...args]);
  engine.url = (await engine.said(/Starting web interface at (http:\S+?),? /)).replace("localhost", "127.0.0.1");
  engine.api = async (path, init) => {
    const answer = await fetch(`${engine.url}/api/v1/${path}`, init);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  return engine;
}

export function folder() {
  const made = mkdtempSync(path.join(tmpdir(), "katydid-ui-"));
  return { path: made, remove: () => rmSync(made, { recursive: true, force: true }) };
}
