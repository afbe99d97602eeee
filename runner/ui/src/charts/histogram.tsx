// How the response times of one request spread: a log axis, the percentiles and thresholds drawn.
import { THIN, count, ms } from "../format";

// Edges of katydid.stats.histogram: 128 buckets an octave, the first at 2^-10 ms.
const PER_OCTAVE = 128;
const FIRST_POWER = -10;
const MERGED = 16; // of them in a bar: 8 bars an octave
const [WIDTH, HEIGHT, FOOT] = [640, 150, 22];

export function edge(bucket: number): number {
  const octave = Math.floor(bucket / PER_OCTAVE);
  return 2 ** (octave + FIRST_POWER) * (1 + (bucket % PER_OCTAVE) / PER_OCTAVE);
}

interface Bar {
  from: number;
  to: number;
  samples: number;
}

export function barsOf(pairs: [number, number][]): Bar[] {
  const merged = new Map<number, number>();
  for (const [bucket, samples] of pairs) {
    const at = Math.floor(bucket / MERGED);
    merged.set(at, (merged.get(at) ?? 0) + samples);
  }
  return [...merged].sort((a, b) => a[0] - b[0])
    .map(([at, samples]) => ({ from: edge(at * MERGED), to: edge((at + 1) * MERGED), samples }));
}

export interface Line {
  at: number;
  label: string;
  colour: string;
  /** A threshold's: it stands above the percentiles, which it may be close to. */
  limit?: boolean;
}

export function Histogram({ pairs, lines }: { pairs: [number, number][]; lines: Line[] }) {
  const bars = barsOf(pairs);
  if (!bars.length) return <p class="empty">No response time was measured.</p>;
  const low = Math.min(...[bars[0]!.from, ...lines.map((l) => l.at)].filter((v) => v > 0)) / 1.1;
  const high = Math.max(bars.at(-1)!.to, ...lines.map((l) => l.at)) * 1.1;
  const place = (value: number) => (Math.log(value / low) / Math.log(high / low)) * WIDTH;
  const highest = Math.max(...bars.map((bar) => bar.samples));
  const total = bars.reduce((sum, bar) => sum + bar.samples, 0);
  return (
    <svg class="histogram" viewBox={`0 -28 ${WIDTH} ${HEIGHT + FOOT + 28}`} role="img"
      aria-label={`Response times from ${ms(bars[0]!.from)} to ${ms(bars.at(-1)!.to)} ms, ${count(total)} samples`}>
      {ticks(low, high).map((tick) => (
        <g key={tick}>
          <line class="axis" x1={place(tick)} x2={place(tick)} y1={0} y2={HEIGHT} />
          <text class="axis" x={place(tick)} y={HEIGHT + 15} text-anchor="middle">{tick >= 1000 ? `${tick / 1000}${THIN}s` : `${tick}${THIN}ms`}</text>
        </g>
      ))}
      {bars.map((bar) => {
        const height = Math.max(1, (bar.samples / highest) * HEIGHT);
        return (
          <rect key={bar.from} class="bar" x={place(bar.from)} width={Math.max(1, place(bar.to) - place(bar.from) - 1)} y={HEIGHT - height} height={height}>
            <title>{`${ms(bar.from)} to ${ms(bar.to)} ms: ${count(bar.samples)} requests (${((100 * bar.samples) / total).toFixed(1)} %)`}</title>
          </rect>
        );
      })}
      {lines.map((line) => (
        <g key={line.label} style={{ color: `var(${line.colour})` }}>
          <line class="line" x1={place(line.at)} x2={place(line.at)} y1={line.limit ? -12 : 0} y2={HEIGHT} />
          <text class="line" x={place(line.at)} y={line.limit ? -16 : -3} text-anchor="middle">{line.label}</text>
        </g>
      ))}
    </svg>
  );
}

function ticks(low: number, high: number): number[] {
  const found: number[] = [];
  const few = high / low > 300;
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
    for (const digit of few ? [1] : [1, 2, 5]) {
      const value = Number((digit * 10 ** power).toPrecision(1));
      if (value > low * 1.05 && value < high / 1.05) found.push(value);
    }
  }
  return found;
}
