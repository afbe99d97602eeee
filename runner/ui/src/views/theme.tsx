// The button for light, dark, or what the system says.
import { nextTheme, shown, theme } from "../model/theme";

export function ThemeButton() {
  return (
    <button class="icon" onClick={nextTheme} title={`Colours: ${theme.value}`}
      aria-label={`Colours: ${theme.value}. Change`}>{theme.value === "system" ? "◐" : shown.value === "dark" ? "☾" : "☀"}</button>
  );
}
