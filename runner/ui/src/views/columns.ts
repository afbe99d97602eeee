// The columns of the request table: what they show, and from which fields.
import { bytes, count, ms, percent, rate } from "../format";
import type { Cells } from "../model/types";

export interface ColumnDef {
  id: string;
  label: string;
  title: string;
  unit: string;
  /** Field over the whole run, and the one of the last ten seconds where there is such. */
  field: string;
  recent?: string;
  show: (value: number | null) => string;
  narrow?: boolean;
  /** More than a number, from a whole row. */
  cell?: (cells: Cells, fields: string[]) => preact.ComponentChildren;
}

const size = (value: number | null) => bytes(value).join("\u2009").trim();

export const COLUMNS: ColumnDef[] = [
  { id: "requests", label: "Requests", title: "Requests so far", unit: "", field: "requests", show: count },
  { id: "failures", label: "Failed", title: "Failed requests so far", unit: "", field: "failures", show: count },
  { id: "failed", label: "Failed %", title: "Share of requests that failed", unit: "%", field: "fail_percent", show: percent, narrow: true },
  { id: "rps", label: "RPS", title: "Requests per second", unit: "", field: "rps", recent: "current_rps", show: rate, narrow: true },
  { id: "mean", label: "Mean", title: "Mean response time", unit: "ms", field: "mean_ms", show: ms },
  { id: "min", label: "Min", title: "Shortest response time", unit: "ms", field: "min_ms", show: ms },
  { id: "p50", label: "p50", title: "Half of the requests took at most this", unit: "ms", field: "p50", recent: "current_p50", show: ms },
  { id: "p90", label: "p90", title: "90 % of the requests took at most this", unit: "ms", field: "p90", show: ms },
  { id: "p95", label: "p95", title: "95 % of the requests took at most this", unit: "ms", field: "p95", recent: "current_p95", show: ms, narrow: true },
  { id: "p99", label: "p99", title: "99 % of the requests took at most this", unit: "ms", field: "p99", recent: "current_p99", show: ms },
  { id: "max", label: "Max", title: "Longest response time", unit: "ms", field: "max_ms", show: ms },
  { id: "bytes", label: "Mean size", title: "Mean size of a response", unit: "", field: "mean_length", show: size },
  { id: "rx", label: "Received", title: "Bytes received in all", unit: "", field: "total_length", show: size },
];
