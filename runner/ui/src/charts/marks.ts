// What happened, as lines across every chart.
import type uPlot from "uplot";
import type { Mark } from "../model/types";
import { colour } from "./look";

const COLOURS: Record<string, string> = {
  start: "--ok", stop: "--grey", edit: "--accent", breach: "--bad", gap: "--warn",
  "worker-lost": "--bad", "worker-joined": "--ok", saturated: "--warn",
};
export const GLYPHS: Record<string, string> = {
  start: "▶", stop: "■", edit: "✎", breach: "✕", gap: "…",
  "worker-lost": "−", "worker-joined": "+", saturated: "!",
};
const NEAR_PX = 8;

export const markColour = (kind: string): string => COLOURS[kind] ?? "--grey";

export function drawMarks(plot: uPlot, marks: Mark[]): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = ratio;
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = "center";
  for (const mark of marks) {
    const x = Math.round(plot.valToPos(mark.time, "x", true));
    if (!Number.isFinite(x) || x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue;
    ctx.strokeStyle = ctx.fillStyle = colour(markColour(mark.kind));
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(GLYPHS[mark.kind] ?? "·", x, bbox.top - 3 * ratio);
  }
  ctx.restore();
}

/** Marks that the cursor is upon. */
export function marksNear(plot: uPlot, marks: Mark[], left: number): Mark[] {
  return marks.filter((mark) => Math.abs(plot.valToPos(mark.time, "x") - left) <= NEAR_PX);
}
