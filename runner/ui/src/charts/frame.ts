// The history as charts need it: one time axis for all of them, a hole where seconds are missing.
import { computed, signal } from "@preact/signals";
import { history } from "../model/state";
import type { Columns } from "../model/types";

/** Resolution of the charts in seconds, and the coarser history of the master where it is not 1. */
export const width = signal(1);
export const coarse = signal<Columns | null>(null);
/** Index under the cursor, the same in all charts, and the chart that the pointer is on. */
export const hover = signal<{ at: number; owner: string } | null>(null);

export interface Frame {
  x: number[];
  columns: Columns;
  /** Position in `columns` of each x, -1 in a hole. */
  from: number[];
}

export function frameOf(columns: Columns): Frame {
  const x: number[] = [];
  const from: number[] = [];
  for (let i = 0; i < columns.time.length; i += 1) {
    const time = columns.time[i] as number;
    const end = i ? (columns.time[i - 1] as number) + (columns.width_seconds[i - 1] as number) : time;
    if (i && time > end + 1) {
      x.push(end);
      from.push(-1);
    }
    x.push(time);
    from.push(i);
  }
  return { x, columns, from };
}

export const frame = computed(() => frameOf((width.value > 1 && coarse.value) || history.value));

/** A column along the frame's axis; null in holes. */
export function along(frame: Frame, values: (number | null)[]): (number | null)[] {
  return frame.from.map((i) => (i < 0 ? null : (values[i] ?? null)));
}

/** Responses per second of a status (or of a class of them) along the axis. */
export function perSecond(frame: Frame, counts: number[]): (number | null)[] {
  const { width_seconds } = frame.columns;
  return frame.from.map((i) => (i < 0 ? null : (counts[i] ?? 0) / (width_seconds[i] || 1)));
}
