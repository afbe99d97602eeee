// What the API answers and the report carries (katydid.run.document, katydid.page.data).
// Times are seconds since the epoch, latencies milliseconds, sizes bytes, ratios per cent.

export type Percentiles = Record<string, number | null>;

export interface Latency {
  mean_ms: number | null;
  min_ms: number | null;
  max_ms: number | null;
  percentiles_ms: Percentiles;
}

export interface RequestRow {
  method: string;
  name: string;
  requests: number;
  failures: number;
  fail_percent: number;
  rps: number;
  failures_per_second: number;
  current_rps: number;
  current_failures_per_second: number;
  mean_length: number;
  total_length: number;
  latency: Latency;
  service: Latency | null;
  codes: Record<string, number>;
  current_percentiles_ms: Percentiles;
}

export interface Threshold {
  name: string;
  expression: string;
  status: "Met" | "Breached" | "Pending";
  value: number | null;
  limit: number;
  unit: string;
  breached_at: number | null;
  reason: string;
}

export interface LoadSpec {
  users?: number;
  spawnRate?: number;
  runTime?: string;
  stages?: { duration: string; users: number; spawnRate?: number }[];
  shape?: { class?: string };
  arrivalRate?: {
    rate: number;
    maxUsers: number;
    runTime?: string;
    stages?: { duration: string; rate: number }[];
  };
}

export interface Status {
  run: string;
  state: string;
  phase: string;
  final: boolean;
  verdict: "Passed" | "Failed" | "Error" | "Stopped" | null;
  reason: string;
  message: string;
  name: string;
  host: string | null;
  user_classes: string[];
  started_at: number | null;
  load_started_at: number | null;
  finished_at: number | null;
  elapsed_seconds: number;
  load: {
    model: "users" | "stages" | "shape" | "arrivalRate";
    users: number;
    target_users: number;
    spawn_rate: number | null;
    run_time_seconds: number | null;
    rate: number | null;
    max_users: number | null;
    dropped_iterations: number;
    peak_users: number;
    spec: LoadSpec;
  };
  total: RequestRow;
  workers_expected: number;
  workers_ready: number;
  workers_lost: number;
  generator: {
    max_cpu_percent: number;
    max_loop_lag_ms: number;
    /** At any time of the run, not only now. */
    saturated: boolean;
    reasons: string[];
    saturated_seconds?: number;
    first_saturated_at?: number | null;
  };
  thresholds: Threshold[];
  latency_clock: string;
  partial: boolean;
  may_change?: boolean;
}

/** A history in columns; every array has one value per point. */
export interface Columns {
  time: number[];
  width_seconds: number[];
  users: number[];
  requests: number[];
  failures: number[];
  rps: number[];
  failures_per_second: number[];
  p50_ms: (number | null)[];
  p95_ms: (number | null)[];
  p99_ms: (number | null)[];
  length: number[];
  workers: number[];
  dropped_iterations: number[];
  codes: Record<string, number[]>;
}

export type Point = { [K in Exclude<keyof Columns, "codes">]: Columns[K][number] } & {
  codes: Record<string, number>;
};

export interface Mark {
  time: number;
  kind: string;
  text: string;
}

export interface Table {
  fields: string[];
  rows: Cells[];
  total: Cells;
  sparks: Record<string, (number | null)[]>;
  count: number;
  names_dropped: number;
}

export type Cells = (string | number | null)[];

export interface Failure {
  method: string;
  name: string;
  error: string;
  reason: string;
  occurrences: number;
  first_seen: number;
  last_seen: number;
}

export interface ExceptionRow {
  message: string;
  traceback: string;
  count: number;
  nodes: string[];
  first_seen: number;
  last_seen: number;
}

export interface Worker {
  id: string;
  index: number;
  incarnation: number;
  state: string;
  users: number;
  cpu_percent: number;
  memory_bytes: number;
  loop_lag_ms: number;
  heartbeat_age_seconds: number;
  version: string;
  lost_at: number | null;
  cpu_trend: number[];
}

export interface Ratio {
  ratio: number;
  tasks?: Record<string, Ratio>;
}

export interface TestFacts {
  sources: Record<string, string>;
  manifest: string;
  options: Record<string, unknown>;
  versions: Record<string, string>;
  task_ratio: { per_class?: Record<string, Ratio>; total?: Record<string, Ratio> };
}

export interface Detail {
  row: RequestRow;
  histogram: [number, number][];
  history: Columns | null;
  failures: Failure[];
}

export interface Argument {
  name: string;
  default_value: unknown;
  is_secret: boolean;
  help_text: string;
  choices: unknown[] | null;
  is_required: boolean;
  is_multiple: boolean;
}

export interface Setup {
  load: LoadSpec;
  host: string | null;
  host_required: boolean;
  classes: {
    name: string;
    weight: number;
    fixed_count: number;
    host: string | null;
    about: string;
    tasks: Record<string, number>;
  }[];
  chosen: string[];
  shapes: string[];
  shape: string | null;
  arguments: Argument[];
  distributed: boolean;
}

/** What the report carries besides the page itself. */
export interface Frozen {
  status: Status;
  table: Table;
  history: Columns;
  marks: Mark[];
  failures: Failure[];
  exceptions: ExceptionRow[];
  workers: Worker[];
  logs: Record<string, string[]>;
  test: TestFacts;
  details: Record<string, Detail>;
  cautions: string[];
  /** How many there are of what may be cut in a report. */
  totals: Totals;
}

/** What the page of a comparison shows; Python has worded and judged it. */
export interface Compared {
  tests: string;
  word: string;
  tone: string;
  icon: string;
  sentence: string;
  runs: RunFacts[];
  tolerances: { exceeded: boolean; text: string }[];
  cautions: string[];
  metrics: Metric[];
  /** Of each metric five fields: after, before, change, change as text, tone. */
  table: Table;
  charts: Curves | null;
  failures: { method: string; name: string; error: string; before: number; after: number }[];
  failures_count: number;
}

export interface Metric {
  id: string;
  title: string;
  unit: string;
}

export interface RunFacts {
  called: string;
  word: string;
  tone: string;
  icon: string;
  test: string;
  started_at: number | null;
  load: string;
  host: string | null;
  source: string;
}

type Curve = Record<"rps" | "failures_per_second" | "p50_ms" | "p95_ms" | "p99_ms" | "users", (number | null)[]>;

/** Both runs over seconds of load. */
export interface Curves {
  elapsed: number[];
  width: string;
  before: Curve;
  after: Curve;
}

export interface Totals {
  failures: number;
  exceptions: number;
  logs: Record<string, number>;
}
