// A chart as a picture and as a table, made here in the browser.
import { colour } from "./look";

export interface Column {
  label: string;
  unit: string;
  values: (number | null)[];
  colour: string;
  dash?: boolean;
}

export function save(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function fileName(test: string, chart: string, ending: string): string {
  const safe = `${test}-${chart}`.replace(/[^-\w.]+/g, "-").replace(/^-+|-+$/g, "");
  return `${safe || "chart"}.${ending}`;
}

/** Time, then a column per series, of the shown range. */
export function toCsv(x: number[], series: Column[], range: [number, number] | null, elapsed = false): string {
  const head = [elapsed ? "elapsed (s)" : "time", ...series.map((s) => (s.unit ? `${s.label} (${s.unit})` : s.label))];
  const rows = x
    .map((time, i) => ({ time, i }))
    .filter(({ time }) => !range || (time >= range[0] && time <= range[1]))
    .map(({ time, i }) =>
      [elapsed ? time : new Date(time * 1000).toISOString(), ...series.map((s) => s.values[i] ?? "")].join(","),
    );
  return [head.map(quoted).join(","), ...rows].join("\n") + "\n";
}

function quoted(text: string): string {
  // What a spreadsheet would take for a formula stays text.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

/** The drawn canvas under a title and above a legend. */
export function toPicture(title: string, canvas: HTMLCanvasElement, series: Column[]): Promise<Blob> {
  const ratio = devicePixelRatio || 1;
  const [above, below] = [36 * ratio, 30 * ratio];
  const picture = document.createElement("canvas");
  picture.width = canvas.width;
  picture.height = canvas.height + above + below;
  const ctx = picture.getContext("2d") as CanvasRenderingContext2D;
  ctx.fillStyle = colour("--panel");
  ctx.fillRect(0, 0, picture.width, picture.height);
  ctx.fillStyle = colour("--text");
  ctx.font = `600 ${15 * ratio}px system-ui, sans-serif`;
  ctx.fillText(title, 12 * ratio, 22 * ratio);
  ctx.drawImage(canvas, 0, above);
  ctx.font = `${12 * ratio}px system-ui, sans-serif`;
  let x = 12 * ratio;
  for (const each of series) {
    ctx.fillStyle = colour(each.colour);
    for (const part of each.dash ? [0, 6] : [0]) ctx.fillRect(x + part * ratio, picture.height - 18 * ratio, (each.dash ? 4 : 10) * ratio, 3 * ratio);
    ctx.fillStyle = colour("--text");
    ctx.fillText(each.label, x + 14 * ratio, picture.height - 12 * ratio);
    x += ctx.measureText(each.label).width + 30 * ratio;
  }
  return new Promise((done) => picture.toBlob((blob) => done(blob as Blob), "image/png"));
}
