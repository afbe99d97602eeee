// Small parts that every view uses.
import type { ComponentChildren } from "preact";
import { THIN } from "../format";

export function Num({ value, unit, tone }: { value: string; unit?: string; tone?: string }) {
  return (
    <span class={`num ${tone ?? ""}`}>
      {value}
      {unit && <small>{THIN}{unit}</small>}
    </span>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

export function Copy({ text, label }: { text: string; label: string }) {
  return (
    <button class="quiet" aria-label={label} title={label}
      onClick={(event) => {
        const button = event.currentTarget;
        void copy(text).then((done) => {
          button.textContent = done ? "Copied" : "Select and copy";
          setTimeout(() => (button.textContent = "Copy"), 1500);
        });
      }}>Copy</button>
  );
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // a page without TLS, or a report that may not
  }
}

/** A curve without axes; holes stay holes. */
export function Spark({ values, max, label }: { values: (number | null)[]; max?: number; label: string }) {
  const known = values.filter((v): v is number => v !== null);
  if (known.length < 2) return <span class="spark" />;
  const top = Math.max(max ?? 0, ...known) || 1;
  const [w, h] = [72, 18];
  let path = "";
  let pen = "M";
  values.forEach((value, i) => {
    if (value === null) {
      pen = "M";
      return;
    }
    const x = (i / (values.length - 1)) * w;
    path += `${pen}${x.toFixed(1)} ${(h - 1 - (value / top) * (h - 2)).toFixed(1)}`;
    pen = "L";
  });
  return (
    <svg class="spark" viewBox={`0 0 ${w} ${h}`} width={w} height={h} role="img" aria-label={label}>
      <path d={path} />
    </svg>
  );
}

/** Arrow keys go along a list of tabs, as screen readers expect. */
export function arrowTo(event: KeyboardEvent, length: number, at: number, go: (to: number) => void): void {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  go((at + step + length) % length);
}
