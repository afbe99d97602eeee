// How the page should write numbers, said once more and apart from it.
export const whole = (value) => String(Math.round(value));
export const ms = (value) => (value === null ? "–" : Math.abs(value) < 10 ? value.toFixed(1) : whole(value));
export const rate = (value) => (value >= 1000 ? whole(value) : value.toFixed(value >= 100 ? 0 : value >= 10 || value === 0 ? 1 : 2));
export const percent = (value) => (value === 0 ? "0" : value < 0.01 ? "<0.01" : value.toFixed(value < 10 ? 2 : 1));

/** A row of the API as the table should show it. */
export function shown(row) {
  const p = row.latency.percentiles_ms;
  return {
    requests: whole(row.requests), failures: whole(row.failures), failed: percent(row.fail_percent), rps: rate(row.rps),
    mean: ms(row.latency.mean_ms), min: ms(row.latency.min_ms), p50: ms(p.p50), p90: ms(p.p90), p95: ms(p.p95), p99: ms(p.p99), max: ms(row.latency.max_ms),
  };
}
