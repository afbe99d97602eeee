// Numbers as people read them: thin separators, small units, never more digits than are known.

export const THIN = "\u2009";
export const NONE = "–";
type Maybe = number | null | undefined;

export function count(value: Maybe): string {
  if (value === null || value === undefined) return NONE;
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}

/** Per second, or any other quantity whose first digits matter. */
export function rate(value: Maybe): string {
  if (value === null || value === undefined) return NONE;
  if (Math.abs(value) >= 1000) return count(value);
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 || value === 0 ? 1 : 2);
}

export function ms(value: Maybe): string {
  if (value === null || value === undefined) return NONE;
  return Math.abs(value) < 10 ? value.toFixed(1) : count(value);
}

export function percent(value: Maybe): string {
  if (value === null || value === undefined) return NONE;
  if (value === 0) return "0";
  if (value < 0.01) return "<0.01";
  return value.toFixed(value < 10 ? 2 : 1);
}

/** [number, unit] */
export function bytes(value: Maybe): [string, string] {
  if (value === null || value === undefined) return [NONE, ""];
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  return [at === 0 ? count(value) : value.toFixed(value < 10 ? 1 : 0), units[at] as string];
}

/** 64 → "1 m 04 s" */
export function duration(seconds: Maybe): string {
  if (seconds === null || seconds === undefined) return NONE;
  const all = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  if (h >= 48) return `${Math.floor(h / 24)}${THIN}d ${two(h % 24)}${THIN}h`;
  if (h) return `${h}${THIN}h ${two(m)}${THIN}m`;
  return m ? `${m}${THIN}m ${two(s)}${THIN}s` : `${s}${THIN}s`;
}

/** 134 → "02:14", as a clock that runs. */
export function ticking(seconds: number): string {
  const all = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const rest = `${two(Math.floor(all / 60) % 60)}:${two(all % 60)}`;
  return all >= 3600 ? `${Math.floor(all / 3600)}:${rest}` : rest;
}

export function time(epoch: Maybe): string {
  if (!epoch) return NONE;
  return new Date(epoch * 1000).toLocaleTimeString([], { hour12: false });
}

export function dateTime(epoch: Maybe): string {
  if (!epoch) return NONE;
  const date = new Date(epoch * 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${date.toLocaleTimeString([], { hour12: false })}`;
}

/** A value with the unit that thresholds and charts give it. */
export function withUnit(value: Maybe, unit: string): string {
  if (value === null || value === undefined) return NONE;
  const text = unit === "ms" ? ms(value) : unit === "%" ? percent(value) : rate(value);
  return unit ? `${text}${THIN}${unit}` : count(value) === text ? text : rate(value);
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}
