// What a usual run is, made of a short one: its pages must stay small.
export const USUAL_BYTES = 400 * 1000;

/** The same run, as if it had taken ten minutes and asked for ten names: numbers that vary. */
export function usual(document, first = 1) {
  let seed = first;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const point = (start, i) => {
    const requests = 400 + Math.round(100 * random());
    const failures = Math.round(3 * random());
    return { time: start + i, width_seconds: 1, users: 500, requests, failures, rps: requests, failures_per_second: failures, p50_ms: 40 + 20 * random(), p95_ms: 180 + 70 * random(), p99_ms: 300 + 200 * random(), length: 90000 + Math.round(9000 * random()), workers: 5, dropped_iterations: 0, codes: { 200: requests - failures, 503: failures } };
  };
  const start = Math.floor(document.status.load_started_at);
  const history = () => Array.from({ length: 600 }, (_, i) => point(start, i));
  const row = document.requests[0];
  const requests = Array.from({ length: 10 }, (_, i) => ({ ...row, name: `/page-${i}` }));
  for (const each of requests) {
    each.latency = { ...row.latency, buckets: Array.from({ length: 600 }, (_, i) => 1900 + i), counts: Array.from({ length: 600 }, () => Math.round(400 * random())) };
  }
  const request_history = Object.fromEntries(requests.map((each) => [`${each.method} ${each.name}`, history()]));
  return { ...document, requests, history: history(), request_history };
}
