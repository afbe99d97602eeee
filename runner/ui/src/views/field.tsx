// A labelled text field with its unit, its hint, and its error beneath.
import type { LoadForm } from "../model/load";

export type Put = (change: Partial<LoadForm>) => void;

interface Props {
  name: string;
  label: string;
  value: string;
  wrong: Record<string, string>;
  onInput: (value: string) => void;
  unit?: string;
  hint?: string;
  placeholder?: string;
  numeric?: boolean;
  wide?: boolean;
  first?: boolean;
  secret?: boolean;
}

export function Field(props: Props) {
  const { name, label, value, wrong, onInput, unit, hint } = props;
  const error = wrong[name];
  const id = `field-${name}`;
  const shared = {
    id,
    name,
    class: props.first ? "first" : "",
    value,
    autocomplete: "off",
    placeholder: props.placeholder ?? "",
    "aria-invalid": Boolean(error),
    "aria-describedby": error || hint ? `${id}-hint` : undefined,
    onInput: (event: Event) => onInput((event.currentTarget as HTMLInputElement).value),
  } as const;
  return (
    <label class={`field ${props.wide ? "wide" : ""}`} for={id}>
      <span>{label}{unit && <small class="grey"> {unit}</small>}</span>
      {props.secret ? <input type="password" {...shared} /> : <input type="text" inputMode={props.numeric ? "decimal" : "text"} {...shared} />}
      {error ? <small class="wrong" role="alert" id={`${id}-hint`}>{error}</small> : hint ? <small class="grey" id={`${id}-hint`}>{hint}</small> : null}
    </label>
  );
}
