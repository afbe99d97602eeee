// A load as the form has it: texts of fields, the load of the manifest, and the line of its preview.
import type { LoadSpec } from "./types";

export type Model = "users" | "stages" | "arrivalRate" | "shape";

export interface Stage {
  duration: string;
  /** Users, or iterations per second of the open model. */
  target: string;
}

export interface LoadForm {
  model: Model;
  users: string;
  spawnRate: string;
  runTime: string;
  stages: Stage[];
  rate: string;
  maxUsers: string;
  rateStages: Stage[];
  shape: string;
}

export function formOf(spec: LoadSpec, shape: string | null): LoadForm {
  const rate = spec.arrivalRate;
  const model: Model = rate ? "arrivalRate" : spec.stages ? "stages" : spec.shape || shape ? "shape" : "users";
  return {
    model,
    users: text(spec.users, "10"),
    spawnRate: text(spec.spawnRate, "1"),
    runTime: spec.runTime ?? rate?.runTime ?? "",
    stages: (spec.stages ?? [{ duration: "1m", users: 20 }, { duration: "3m", users: 20 }, { duration: "1m", users: 0 }])
      .map((each) => ({ duration: each.duration, target: String(each.users) })),
    rate: text(rate?.rate, "10"),
    maxUsers: text(rate?.maxUsers, "100"),
    rateStages: (rate?.stages ?? []).map((each) => ({ duration: each.duration, target: String(each.rate) })),
    shape: spec.shape?.class ?? shape ?? "",
  };
}

const text = (value: number | undefined, usual: string) => (value === undefined ? usual : String(value));

/** The load to send; fields go as they were typed where they are no numbers, and are refused there. */
export function specOf(form: LoadForm): LoadSpec {
  const runTime = form.runTime.trim() ? { runTime: form.runTime.trim() } : {};
  switch (form.model) {
    case "users":
      return { users: number(form.users), spawnRate: number(form.spawnRate), ...runTime };
    case "stages":
      return { stages: form.stages.map((each) => ({ duration: each.duration.trim(), users: number(each.target) })) };
    case "shape":
      return { shape: form.shape ? { class: form.shape } : {} };
    case "arrivalRate": {
      const stages = form.rateStages.map((each) => ({ duration: each.duration.trim(), rate: number(each.target) }));
      return { arrivalRate: { rate: number(form.rate), maxUsers: number(form.maxUsers), ...runTime, ...(stages.length ? { stages } : {}) } };
    }
  }
}

function number(value: string): number {
  const trimmed = value.trim();
  const parsed = Number(trimmed);
  return trimmed === "" || Number.isNaN(parsed) ? (trimmed as unknown as number) : parsed;
}

const UNITS: Record<string, number> = { d: 86_400, h: 3600, m: 60, s: 1, ms: 0.001 };

/** Seconds of "90", "20s", "1h30m"; null for anything else. */
export function seconds(value: string): number | null {
  const trimmed = value.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed);
  if (!/^(\d+(\.\d+)?(d|h|ms|m|s))+$/.test(trimmed)) return null;
  let sum = 0;
  for (const [, digits, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(d|h|ms|m|s)/g)) sum += Number(digits) * (UNITS[unit as string] as number);
  return sum;
}

/** Sentences by field, for what can be known before the master is asked. */
export function mistakes(form: LoadForm): Record<string, string> {
  const wrong: Record<string, string> = {};
  const whole = (field: string, value: string, least: number) => {
    if (!/^\d+$/.test(value.trim()) || Number(value) < least) wrong[field] = least ? `A whole number of at least ${least}.` : "A whole number.";
  };
  const above = (field: string, value: string) => {
    if (!(Number(value) > 0)) wrong[field] = "A number above 0.";
  };
  const span = (field: string, value: string, optional: boolean) => {
    if (optional && !value.trim()) return;
    if (!seconds(value)) wrong[field] = "A time such as 30s, 5m or 1h30m.";
  };
  if (form.model === "users") {
    whole("users", form.users, 1);
    above("spawnRate", form.spawnRate);
  }
  if (form.model === "users" || form.model === "arrivalRate") span("runTime", form.runTime, true);
  if (form.model === "arrivalRate") {
    if (!form.rateStages.length) above("rate", form.rate);
    whole("maxUsers", form.maxUsers, 1);
  }
  const stages = form.model === "stages" ? form.stages : form.model === "arrivalRate" ? form.rateStages : [];
  stages.forEach((stage, i) => {
    span(`stages[${i}].duration`, stage.duration, false);
    if (!(Number(stage.target) >= 0) || !stage.target.trim()) wrong[`stages[${i}].target`] = "A number.";
  });
  if (form.model === "stages" && !stages.length) wrong.stages = "At least one stage.";
  return wrong;
}

/** [second, value] corners of the load, and whether it goes on past the last one. */
export function preview(form: LoadForm): { points: [number, number][]; open: boolean; unit: string } {
  const unit = form.model === "arrivalRate" ? "iterations /s" : "users";
  if (form.model === "shape" || Object.keys(mistakes(form)).length) return { points: [], open: false, unit };
  const end = seconds(form.runTime);
  if (form.model === "users") {
    const [users, rate] = [Number(form.users), Number(form.spawnRate)];
    const ramp = users / rate;
    const open = !form.runTime.trim();
    const last = open ? Math.max(ramp * 1.6, ramp + 10) : (end as number);
    if (last <= ramp) return { points: [[0, 0], [last, (users * last) / ramp]], open: false, unit };
    return { points: [[0, 0], [ramp, users], [last, users]], open, unit };
  }
  const stages = form.model === "stages" ? form.stages : form.rateStages;
  const points: [number, number][] = [[0, form.model === "stages" ? 0 : Number(form.rate)]];
  let at = 0;
  for (const stage of stages) {
    at += seconds(stage.duration) as number;
    points.push([at, Number(stage.target)]);
  }
  const open = form.model === "arrivalRate" && !form.runTime.trim() && !stages.length;
  if (form.model === "arrivalRate") {
    const value = (points.at(-1) as [number, number])[1];
    if (end && end > at) points.push([end, value]);
    else if (open) points.push([60, value]);
    else if (end && end < at) return { points: cut(points, end), open: false, unit };
  }
  return { points, open, unit };
}

function cut(points: [number, number][], end: number): [number, number][] {
  const kept = points.filter(([at]) => at <= end);
  const [a, b] = [kept.at(-1) as [number, number], points[kept.length]];
  if (b && b[0] > a[0]) kept.push([end, a[1] + ((b[1] - a[1]) * (end - a[0])) / (b[0] - a[0])]);
  return kept;
}
