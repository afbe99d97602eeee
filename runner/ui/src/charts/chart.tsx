// One chart: a uPlot canvas, a legend with the values under the cursor (or the last), a tooltip,
// and its exports. All charts of a frame share cursor, range and marks.
import { effect } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import uPlot from "uplot";
import { THIN, count } from "../format";
import { compared, marks, printing, testName } from "../model/state";
import { shown } from "../model/theme";
import { range } from "../model/url";
import { hover } from "./frame";
import { axes, colour, fromZero, instant, mixed, number } from "./look";
import { drawMarks, GLYPHS, marksNear } from "./marks";
import { type Column, fileName, save, toCsv, toPicture } from "./save";

export interface Series extends Column {
  area?: boolean;
  /** Drawn at this height instead of at its value (a stack). */
  drawn?: (number | null)[];
}

interface Props {
  id: string;
  title: string;
  unit: string;
  x: number[];
  series: Series[];
  users?: (number | null)[];
  log?: boolean;
  height?: number;
  tools?: preact.ComponentChildren;
  empty?: string;
}

const MARK_SECONDS = 15;
const PRINT_WIDTH = 660; // of the 704 px that A4 leaves

export function Chart(props: Props) {
  const { id, title, x, series, log = false, height = 180 } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = useMemo(() => [x, ...series.map((s) => s.drawn ?? s.values)] as uPlot.AlignedData, [x, series]);
  const latest = useRef(props);
  latest.current = props;
  const theme = shown.value;
  const names = series.map((s) => s.label).join("\n");

  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement;
    const size = () => (printing.peek() ? PRINT_WIDTH : element.clientWidth) || 600;
    const made = new uPlot(options(latest, size(), height, log), data, element);
    plot.current = made;
    const resized = new ResizeObserver(() => {
      if (made.width !== size()) made.setSize({ width: size(), height });
    });
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [theme, log, names, height]);

  useLayoutEffect(() => plot.current?.setData(data), [data]);
  useReaction(() => {
    void range.value;
    void marks.value;
    plot.current?.setData(plot.current.data);
  });
  useReaction(() => {
    const wanted = printing.value ? PRINT_WIDTH : box.current?.clientWidth;
    if (plot.current && wanted && plot.current.width !== wanted) plot.current.setSize({ width: wanted, height });
  });
  useReaction(() => {
    const at = hover.value;
    const made = plot.current;
    if (!made || at?.owner === id) return;
    const left = at ? made.valToPos(made.data[0][at.at] as number, "x") : -10;
    made.setCursor({ left, top: -10 }, false);
  });

  const lastAt = x.length - 1;
  const name = testName.value;
  return (
    <figure class="chart card" data-chart={id}>
      <figcaption>
        <h3>{title}</h3>
        <Legend x={x} series={series} />
        <span class="grow" />
        {props.tools}
        <span class="tools">
          <button class="quiet" title="Save as a picture" aria-label={`${title} as PNG`}
            onClick={() => plot.current && toPicture(title, plot.current.ctx.canvas, series)
              .then((blob) => save(fileName(name, id, "png"), blob))}>PNG</button>
          <button class="quiet" title="Save the data" aria-label={`${title} as CSV`}
            onClick={() => save(fileName(name, id, "csv"),
              new Blob([toCsv(x, series, range.value, compared.value !== null)], { type: "text/csv" }))}>CSV</button>
        </span>
      </figcaption>
      <div class="plot" ref={box} tabIndex={0} role="img"
        aria-label={`${title}. Latest: ${series.map((s) => `${s.label} ${number(s.values[lastAt], s.unit)} ${s.unit}`).join(", ")}`}
        onKeyDown={(event) => moveCursor(event, id, x.length)}
        onBlur={() => (hover.value = null)}
        style={{ height: `${height}px` }}>
        {x.length === 0 && <p class="empty over">{props.empty ?? "A point comes with every second of load."}</p>}
        <Tip id={id} plot={plot} props={latest} />
      </div>
    </figure>
  );
}

/** An effect that is there before the browser paints: what paper shows must not come later. */
function useReaction(react: () => void): void {
  useLayoutEffect(() => effect(react), []);
}

function Legend({ x, series }: { x: number[]; series: Series[] }) {
  // Of two runs of different lengths the last point says nothing.
  const at = Math.min(hover.value?.at ?? (compared.value ? -1 : x.length - 1), x.length - 1);
  return (
    <span class="legend">
      {series.map((s) => (
        <span key={s.label}>
          <Stroke of={s} />
          {s.label} {at >= 0 && <b class="num">{number(s.values[at], s.unit)}</b>}
        </span>
      ))}
    </span>
  );
}

function Stroke({ of }: { of: Series }) {
  return <i class={of.dash ? "dash" : ""} style={{ color: `var(${of.colour})` }} />;
}

function Tip({ id, plot, props }: { id: string; plot: { current: uPlot | null }; props: { current: Props } }) {
  const at = hover.value;
  const made = plot.current;
  if (!at || at.owner !== id || !made) return null;
  const { x, series, users } = props.current;
  const moment = x[at.at];
  if (moment === undefined) return null;
  const left = made.valToPos(moment, "x");
  const offset = made.over.offsetLeft + left;
  const near = marksNear(made, marks.value, left);
  const onRight = left > made.over.clientWidth / 2;
  return (
    <div class="tip" style={onRight ? { right: `${made.width - offset + 12}px` } : { left: `${offset + 12}px` }}>
      <b class="num">{instant(moment)}</b>
      {users && <span class="grey">{count(users[at.at])} users</span>}
      {series.map((s) => (
        <span key={s.label}>
          <Stroke of={s} />
          {s.label}
          <b class="num">{number(s.values[at.at], s.unit)}<small>{THIN}{s.unit}</small></b>
        </span>
      ))}
      {near.map((mark) => (
        <span key={mark.time} class="note">{GLYPHS[mark.kind] ?? "·"} {mark.text}</span>
      ))}
    </div>
  );
}

function moveCursor(event: KeyboardEvent, owner: string, length: number): void {
  const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -30, PageDown: 30 }[event.key];
  if (event.key === "Escape") range.value = null;
  if (!step || !length) return;
  event.preventDefault();
  const at = (hover.value?.at ?? length) + step;
  hover.value = { at: Math.max(0, Math.min(length - 1, at)), owner };
}

function options(props: { current: Props }, width: number, height: number, log: boolean): uPlot.Options {
  const { id, unit, series } = props.current;
  return {
    width,
    height,
    padding: [16, 28, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: !compared.peek(), range: (_plot, min, max) => range.peek() ?? [min, endOf(max)] },
      y: log ? { distr: 3, range: logRange } : { range: fromZero },
    },
    axes: axes(unit, log),
    series: [{}, ...series.map((each) => line(each))],
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
      bind: { dblclick: () => () => ((range.value = null), null) },
    },
    hooks: {
      draw: [(plot) => drawMarks(plot, marks.peek())],
      ready: [(plot) => follow(plot, id)],
      setSelect: [select],
    },
  };
}

/** A second after the last point, or where the mark of the end is. */
function endOf(last: number): number {
  const after = marks.peek().map((mark) => mark.time + 1).filter((time) => time < last + MARK_SECONDS);
  return Math.max(last + 1, ...after);
}

function line(series: Series): uPlot.Series {
  const ink = colour(series.colour);
  return {
    label: series.label,
    stroke: ink,
    width: series.drawn ? 1 : 1.5,
    dash: series.dash ? [5, 4] : undefined,
    // A stack's areas hide those behind them, so theirs is a paint, not a glass.
    fill: series.area ? (series.drawn ? mixed(ink, colour("--panel"), 0.45) : `${ink}26`) : undefined,
    points: { show: (plot) => plot.data[0].length < 4 },
  };
}

function logRange(_plot: uPlot, min: number | null, max: number | null): uPlot.Range.MinMax {
  const [low, high] = [Math.max(min ?? 1, 0.1), Math.max(max ?? 10, 0.2)];
  const down = 10 ** Math.floor(Math.log10(low));
  return [down, Math.max(high * 1.3, down * 2)];
}

/** Only the chart under the pointer says where the cursor is. */
function follow(plot: uPlot, owner: string): void {
  plot.over.addEventListener("mousemove", (event) => {
    const at = plot.posToIdx(event.offsetX);
    if (at !== hover.peek()?.at || owner !== hover.peek()?.owner) hover.value = { at, owner };
  });
  plot.over.addEventListener("mouseleave", () => (hover.value = null));
}

function select(plot: uPlot): void {
  const { left, width } = plot.select;
  if (width < 6) return;
  const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  range.value = [Math.floor(from), Math.ceil(to)];
}
