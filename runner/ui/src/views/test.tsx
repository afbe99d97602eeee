// What ran: locustfile, manifest, options, versions, and how the tasks share the users.
import { signal } from "@preact/signals";
import { percent } from "../format";
import { status, test } from "../model/state";
import type { Ratio } from "../model/types";
import { Copy, Empty } from "./bits";

const file = signal("");

export function Test() {
  const facts = test.value;
  if (!facts) return <section class="card"><Empty>Asking …</Empty></section>;
  const texts: Record<string, string> = { ...facts.sources };
  if (facts.manifest) texts["loadtest.yaml"] ??= facts.manifest;
  return (
    <section class="test" aria-label="Test">
      <Files texts={texts} />
      <div class="side">
        <Shares title="Shares of the tasks" ratio={facts.task_ratio.total ?? {}} />
        <Facts title="Run" facts={runFacts()} />
        <Facts title="Options" facts={facts.options} empty="No option was given." />
        <Facts title="Versions" facts={facts.versions} />
      </div>
    </section>
  );
}

function runFacts(): Record<string, unknown> {
  const s = status.value;
  if (!s) return {};
  return { test: s.name, run: s.run, host: s.host ?? "that of each user class", "user classes": s.user_classes, load: s.load.spec, "latency clock": s.latency_clock };
}

function Files({ texts }: { texts: Record<string, string> }) {
  const names = Object.keys(texts);
  if (!names.length) return <div class="card"><Empty>The source of this test is not known to the master.</Empty></div>;
  const name = names.includes(file.value) ? file.value : (names[0] as string);
  const text = texts[name] ?? "";
  return (
    <div class="card source">
      <div class="toolbar">
        {names.length > 1 ? (
          <label>File <select value={name} onChange={(event) => (file.value = event.currentTarget.value)}>{names.map((each) => <option key={each}>{each}</option>)}</select></label>
        ) : <h2>{name}</h2>}
        <span class="grow" />
        <Copy text={text} label={`Copy ${name}`} />
      </div>
      <pre class="code" tabIndex={0} aria-label={name}>
        {text.replace(/\n$/, "").split("\n").map((line, i) => <div key={i} data-line={i + 1}>{line || " "}</div>)}
      </pre>
    </div>
  );
}

function Facts({ title, facts, empty }: { title: string; facts: Record<string, unknown>; empty?: string }) {
  const rows = Object.entries(facts);
  if (!rows.length && !empty) return null;
  return (
    <div class="card">
      <h2>{title}</h2>
      {rows.length ? (
        <dl class="facts">{rows.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{shown(value)}</dd></div>)}</dl>
      ) : <Empty>{empty}</Empty>}
    </div>
  );
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join(", ");
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

function Shares({ title, ratio }: { title: string; ratio: Record<string, Ratio> }) {
  if (!Object.keys(ratio).length) return null;
  return <div class="card"><h2>{title}</h2><Tree ratio={ratio} /></div>;
}

function Tree({ ratio }: { ratio: Record<string, Ratio> }) {
  return (
    <ul class="tree">
      {Object.entries(ratio).map(([name, part]) => (
        <li key={name}>
          <span class="share"><i style={{ width: `${100 * part.ratio}%` }} /></span>
          <b class="num">{percent(100 * part.ratio)}<small> %</small></b> {name}
          {part.tasks && <Tree ratio={part.tasks} />}
        </li>
      ))}
    </ul>
  );
}
