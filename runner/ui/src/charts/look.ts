// Colours and axes of every chart, out of the page's own custom properties.
import uPlot from "uplot";
import { THIN, count, ms, percent, rate, ticking, time } from "../format";
import { compared } from "../model/state";

export function colour(name: string): string {
  const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888888";
  return value.length === 4 ? value.replace(/[^#]/g, "$&$&") : value; // the build shortens #aabbcc
}

/** `share` of one #rrggbb and the rest of another. */
export function mixed(one: string, other: string, share: number): string {
  const part = (hex: string, at: number) => Number.parseInt(hex.slice(1 + 2 * at, 3 + 2 * at), 16);
  return `rgb(${[0, 1, 2].map((at) => Math.round(part(one, at) * share + part(other, at) * (1 - share))).join(" ")})`;
}

export function number(value: number | null | undefined, unit: string): string {
  if (unit === "ms") return ms(value);
  if (unit === "%") return percent(value);
  return unit === "/s" ? rate(value) : count(value);
}

function tick(value: number, unit: string): string {
  const short = Math.abs(value) >= 10_000 ? `${+(value / 1000).toFixed(1)}k` : `${+value.toPrecision(6)}`;
  return unit ? `${short}${THIN}${unit}` : short;
}

const two = (n: number) => String(n).padStart(2, "0");

/** A point of the x axis: the time of day, of two runs the time of load. */
export const instant = (x: number): string => (compared.peek() ? ticking(x) : time(x));

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];

function clock(epoch: number, step: number): string {
  const date = new Date(epoch * 1000);
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (step >= 86_400) return `${two(date.getDate())}.${two(date.getMonth() + 1)}.`;
  return step < 60 ? `${minutes}:${two(date.getSeconds())}` : minutes;
}

export function axes(unit: string, log: boolean): uPlot.Axis[] {
  const lines = { stroke: colour("--line-faint"), width: 1 };
  const look = {
    stroke: colour("--grey"),
    font: "11px system-ui, sans-serif",
    grid: lines,
    ticks: { show: false },
  };
  return [
    {
      ...look,
      grid: { show: false },
      space: 70,
      size: 24,
      gap: 4,
      ...(compared.peek() && { incrs: STEPS }),
      values: (_plot, splits, _axis, _space, step) => splits.map((each) => (compared.peek() ? ticking(each) : clock(each, step))),
    },
    {
      ...look,
      size: 64,
      gap: 6,
      space: 32,
      values: (_plot, splits) =>
        splits.map((each) => (each === null || (log && !shownOnLog(each)) ? "" : tick(each, unit))),
    },
  ];
}

function shownOnLog(value: number): boolean {
  const digit = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
  return Math.abs(digit - 1) < 0.01 || Math.abs(digit - 2) < 0.01 || Math.abs(digit - 5) < 0.01;
}

/** From zero, with air above; whole numbers stay whole. */
export function fromZero(_plot: uPlot, _min: number | null, max: number | null): uPlot.Range.MinMax {
  return [0, max && max > 0 ? max * 1.08 : 1];
}
