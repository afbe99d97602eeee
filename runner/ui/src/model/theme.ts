// Light, dark, or what the system says. Kept in this browser only.
import { computed, effect, signal } from "@preact/signals";
import { printing } from "./state";

export type Theme = "system" | "light" | "dark";
const KEY = "katydid-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(dark.matches);
dark.addEventListener("change", (event) => (systemDark.value = event.matches));

export const theme = signal<Theme>(stored());
export const shown = computed<"light" | "dark">(() => {
  if (printing.value) return "light";
  if (theme.value !== "system") return theme.value;
  return systemDark.value ? "dark" : "light";
});

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system"; // storage is switched off
  }
}

export function applyTheme(): void {
  effect(() => {
    document.documentElement.dataset.theme = shown.value;
  });
  effect(() => {
    try {
      localStorage.setItem(KEY, theme.value);
    } catch {
      /* storage is switched off */
    }
  });
}

export function nextTheme(): void {
  const order: Theme[] = ["system", "light", "dark"];
  theme.value = order[(order.indexOf(theme.value) + 1) % order.length] as Theme;
}
