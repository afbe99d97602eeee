// The keys.
import { helping } from "../model/state";

const KEYS: [string, string][] = [
  ["s", "start or stop"], ["e", "edit the load"], ["/", "search request names"], ["1 … 7", "the tabs"],
  ["← →", "in a chart: move the cursor"], ["Escape", "close, or show the whole time"], ["?", "this list"],
];

export function Help() {
  if (!helping.value) return null;
  const close = () => (helping.value = false);
  return (
    <>
      <div class="shade" onClick={close} />
      <div class="card help" role="dialog" aria-modal="true" aria-label="Keys">
        <div class="toolbar"><h2>Keys</h2><span class="grow" /><button onClick={close} aria-label="Close" ref={(button) => button?.focus()}>✕</button></div>
        <dl class="keys">{KEYS.map(([key, does]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{does}</dd></div>)}</dl>
      </div>
    </>
  );
}
