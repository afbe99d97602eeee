// The start form, which is also the edit form: load first, the rest folded, errors at their fields.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ApiError, call, refreshAll } from "../model/live";
import { formOf, type LoadForm, mistakes, type Model, specOf, type Stage } from "../model/load";
import { active, editing, setup, status } from "../model/state";
import type { Argument, Setup, Status } from "../model/types";
import { Empty } from "./bits";
import { Field, type Put } from "./field";
import { Preview } from "./preview";

const MODELS: [Model, string, string][] = [
  ["users", "Users", "A number of users, each with its own pauses"],
  ["stages", "Stages", "Users that rise and fall in steps"],
  ["arrivalRate", "Arrival rate", "Iterations per second on schedule, whatever the target does"],
  ["shape", "Shape", "A LoadTestShape of the locustfile decides"],
];

export function StartForm() {
  const facts = setup.value;
  if (!facts) return <section class="card"><Empty>Asking what there is to start …</Empty></section>;
  return <Form key={editing.value ? "edit" : "start"} facts={facts} />;
}

function Form({ facts }: { facts: Setup }) {
  const form = useSignal<LoadForm>(formOf(facts.load, facts.shape));
  const host = useSignal(facts.host ?? "");
  const chosen = useSignal(new Set(facts.chosen));
  const values = useSignal<Record<string, string | string[] | boolean>>(argumentsOf(facts.arguments));
  const refused = useSignal<Record<string, string>>({});
  const tried = useSignal(false);
  const busy = useSignal(false);
  const first = useRef<HTMLFormElement>(null);
  const running = active.value;
  useEffect(() => first.current?.querySelector<HTMLInputElement>("input.first")?.focus(), []);

  const put: Put = (change) => {
    form.value = { ...form.value, ...change };
    refused.value = {};
  };
  const wrong = { ...(tried.value ? problems(form.value, facts, host.value, chosen.value, running) : {}), ...refused.value };
  const submit = async (event: Event) => {
    event.preventDefault();
    tried.value = true;
    if (busy.value || Object.keys(problems(form.value, facts, host.value, chosen.value, running)).length) return;
    busy.value = true;
    try {
      const again = !running && status.peek()?.load_started_at != null;
      status.value = { ...(await call<Status>("POST", "start", body(facts, form.value, host.value, chosen.value, values.value, running))), may_change: true };
      editing.value = false;
      if (again) refreshAll();
    } catch (error) {
      refused.value = { [fieldOf(error as ApiError)]: (error as Error).message };
    }
    busy.value = false;
  };
  const models = MODELS.filter(([model]) => (model !== "shape" || facts.shapes.length > 0) && !(running && otherKind(model, facts)));
  return (
    <form class="card start" ref={first} onSubmit={(event) => void submit(event)} noValidate aria-label={running ? "Edit the load" : "Start a test"}>
      <h2>{running ? "Edit the load" : status.value?.load_started_at ? "Run again" : "Start the test"}</h2>
      <div class="choice models" role="radiogroup" aria-label="Kind of load">
        {models.map(([model, label, title]) => (
          <label key={model} title={title} class={form.value.model === model ? "on" : ""}>
            <input type="radio" name="model" value={model} checked={form.value.model === model} onChange={() => put({ model })} />{label}
          </label>
        ))}
      </div>
      <p class="grey">{MODELS.find(([model]) => model === form.value.model)?.[2]}.</p>
      <div class="fields"><LoadFields form={form.value} put={put} facts={facts} wrong={wrong} running={running} />
        {!running && <Field name="host" label="Host" wide wrong={wrong} value={host.value} placeholder="https://shop.example" onInput={(value) => { host.value = value; refused.value = {}; }} />}
      </div>
      <Preview form={form.value} />
      {!running && facts.classes.length > 1 && <Classes facts={facts} chosen={chosen} wrong={wrong.classes} />}
      {!running && facts.arguments.length > 0 && <Arguments all={facts.arguments} values={values} wrong={wrong} />}
      {wrong[""] && <p class="wrong" role="alert">{wrong[""]}</p>}
      <div class="toolbar">
        <button class="accent" type="submit" disabled={busy.value}>{running ? "Apply" : "Start"}</button>
        {editing.value && <button type="button" onClick={() => (editing.value = false)}>Cancel</button>}
        {running && <span class="grey">Users who are there stay; run time counts from the start of the test.</span>}
      </div>
    </form>
  );
}

/** A running test cannot change between users and the open model. */
function otherKind(model: Model, facts: Setup): boolean {
  const open = status.value?.load.model === "arrivalRate" || Boolean(facts.load.arrivalRate);
  return (model === "arrivalRate") !== open || model === "shape";
}

function problems(form: LoadForm, facts: Setup, host: string, chosen: Set<string>, running: boolean): Record<string, string> {
  const wrong = mistakes(form);
  if (!running && facts.host_required && !host.trim()) wrong.host = "No user class has a host of its own: give one.";
  if (!running && facts.classes.length > 0 && !chosen.size) wrong.classes = "Choose at least one class.";
  return wrong;
}

function body(facts: Setup, form: LoadForm, host: string, chosen: Set<string>, values: Record<string, unknown>, running: boolean): Record<string, unknown> {
  const load = specOf(form);
  if (running) return { load };
  const asked: Record<string, unknown> = { load };
  if (host.trim() !== (facts.host ?? "")) asked.host = host.trim();
  if (facts.classes.length > 1) asked.userClasses = facts.classes.map((each) => each.name).filter((name) => chosen.has(name));
  if (facts.shapes.length) asked.shapeClass = form.model === "shape" ? form.shape || facts.shapes[0] : "";
  const changed = Object.entries(values).filter(([name, value]) => {
    const argument = facts.arguments.find((each) => each.name === name) as Argument;
    return JSON.stringify(value) !== JSON.stringify(plain(argument));
  });
  if (changed.length) asked.arguments = Object.fromEntries(changed);
  return asked;
}

/** The form's name of the field that the master refused. */
function fieldOf(error: ApiError): string {
  const field = (error.field ?? "").replace(/^load\./, "").replace(/^arrivalRate\.stages/, "stages").replace(/^arrivalRate\./, "");
  if (/^stages\[\d+\]\.(users|rate)$/.test(field)) return field.replace(/\.(users|rate)$/, ".target");
  return field === "userClasses" ? "classes" : field === "load" ? "" : field;
}

function LoadFields({ form, put, facts, wrong, running }: { form: LoadForm; put: Put; facts: Setup; wrong: Record<string, string>; running: boolean }) {
  const time = <Field name="runTime" label="Run time" wrong={wrong} value={form.runTime} placeholder="until stopped" hint="10m, 1h30m" onInput={(runTime) => put({ runTime })} />;
  switch (form.model) {
    case "users":
      return (
        <>
          <Field name="users" label="Users" numeric first wrong={wrong} value={form.users} onInput={(users) => put({ users })} />
          <Field name="spawnRate" label="Spawn rate" unit="users /s" numeric wrong={wrong} value={form.spawnRate} onInput={(spawnRate) => put({ spawnRate })} />
          {time}
        </>
      );
    case "stages":
      return <Stages rows={form.stages} target="Users" wrong={wrong} onChange={(stages) => put({ stages })} />;
    case "arrivalRate":
      return (
        <>
          <Field name="rate" label={form.rateStages.length ? "Start at" : "Iterations"} unit="/s" numeric first wrong={wrong} value={form.rate} onInput={(rate) => put({ rate })} />
          <Field name="maxUsers" label="At most" unit="users" numeric wrong={wrong} value={form.maxUsers} onInput={(maxUsers) => put({ maxUsers })} />
          {time}
          <Stages rows={form.rateStages} target="Iterations /s" wrong={wrong} onChange={(rateStages) => put({ rateStages })} />
        </>
      );
    case "shape":
      return (
        <label class="field wide">Shape class
          <select value={form.shape || facts.shapes[0]} disabled={running} onChange={(event) => put({ shape: event.currentTarget.value })}>
            {facts.shapes.map((name) => <option key={name}>{name}</option>)}
          </select>
        </label>
      );
  }
}

function Stages({ rows, target, wrong, onChange }: { rows: Stage[]; target: string; wrong: Record<string, string>; onChange: (rows: Stage[]) => void }) {
  const set = (at: number, change: Partial<Stage>) => onChange(rows.map((row, i) => (i === at ? { ...row, ...change } : row)));
  return (
    <fieldset class="stages wide">
      <legend>Stages</legend>
      {rows.map((row, i) => (
        <div class="stage" key={i}>
          <span class="num grey">{i + 1}</span>
          <Field name={`stages[${i}].duration`} label="Takes" first={i === 0} wrong={wrong} value={row.duration} onInput={(duration) => set(i, { duration })} />
          <Field name={`stages[${i}].target`} label={`${target} at its end`} numeric wrong={wrong} value={row.target} onInput={(value) => set(i, { target: value })} />
          <button type="button" class="quiet" aria-label={`Remove stage ${i + 1}`} onClick={() => onChange(rows.filter((_, at) => at !== i))}>Remove</button>
        </div>
      ))}
      {wrong.stages && <p class="wrong" role="alert">{wrong.stages}</p>}
      <button type="button" class="quiet" onClick={() => onChange([...rows, { duration: rows.at(-1)?.duration ?? "1m", target: rows.at(-1)?.target ?? "10" }])}>Add a stage</button>
    </fieldset>
  );
}

function Classes({ facts, chosen, wrong }: { facts: Setup; chosen: { value: Set<string> }; wrong?: string | undefined }) {
  const weights = facts.classes.filter((each) => chosen.value.has(each.name) && !each.fixed_count).reduce((sum, each) => sum + each.weight, 0);
  return (
    <fieldset class="classes">
      <legend>User classes</legend>
      {facts.classes.map((each) => {
        const on = chosen.value.has(each.name);
        const share = each.fixed_count ? `${each.fixed_count} users` : on && weights ? `${Math.round((100 * each.weight) / weights)} %` : "";
        return (
          <label key={each.name} class="class">
            <input type="checkbox" checked={on} onChange={() => {
              const next = new Set(chosen.value);
              if (!next.delete(each.name)) next.add(each.name);
              chosen.value = next;
            }} />
            <b>{each.name}</b>
            <span class="num share">{share}</span>
            <span class="grey">{each.fixed_count ? "fixed" : `weight ${each.weight}`}{each.about && ` · ${each.about}`}</span>
          </label>
        );
      })}
      {wrong && <p class="wrong" role="alert">{wrong}</p>}
    </fieldset>
  );
}

type Values = { value: Record<string, string | string[] | boolean> };

function Arguments({ all, values, wrong }: { all: Argument[]; values: Values; wrong: Record<string, string> }) {
  const set = (name: string, value: string | string[] | boolean) => (values.value = { ...values.value, [name]: value });
  const folded = !all.some((each) => each.is_required || wrong[`arguments.${each.name}`]);
  return (
    <details class="arguments" open={!folded}>
      <summary>Arguments of the locustfile <span class="grey">{all.length}</span></summary>
      <div class="fields">
        {all.map((each) => <ArgumentField key={each.name} argument={each} value={values.value[each.name]} wrong={wrong} onInput={(value) => set(each.name, value)} />)}
      </div>
    </details>
  );
}

function ArgumentField({ argument, value, wrong, onInput }: { argument: Argument; value: string | string[] | boolean | undefined; wrong: Record<string, string>; onInput: (value: string | string[] | boolean) => void }) {
  const name = `arguments.${argument.name}`;
  const label = argument.name.replace(/_/g, " ");
  if (typeof value === "boolean") {
    return <label class="field check"><input type="checkbox" checked={value} onChange={(event) => onInput(event.currentTarget.checked)} /> {label}{argument.help_text && <small class="grey">{argument.help_text}</small>}</label>;
  }
  if (argument.choices) {
    const many = argument.is_multiple;
    return (
      <label class="field">{label}
        <select multiple={many} value={Array.isArray(value) ? undefined : value}
          onChange={(event) => onInput(many ? [...event.currentTarget.selectedOptions].map((option) => option.value) : event.currentTarget.value)}>
          {argument.choices.map((each) => <option key={String(each)} value={String(each)} selected={Array.isArray(value) ? value.includes(String(each)) : undefined}>{String(each)}</option>)}
        </select>
        {argument.help_text && <small class="grey">{argument.help_text}</small>}
      </label>
    );
  }
  return <Field name={name} label={label} secret={argument.is_secret} wrong={wrong} value={Array.isArray(value) ? value.join(", ") : (value ?? "")}
    placeholder={argument.is_secret ? "unchanged" : ""} hint={argument.help_text} onInput={onInput} />;
}

function plain(argument: Argument): string | string[] | boolean {
  const value = argument.default_value;
  if (typeof value === "boolean") return value;
  if (Array.isArray(value) && argument.choices) return value.map(String);
  return value === null || value === undefined ? "" : Array.isArray(value) ? value.join(", ") : String(value);
}

function argumentsOf(all: Argument[]): Record<string, string | string[] | boolean> {
  return Object.fromEntries(all.map((argument) => [argument.name, plain(argument)]));
}
