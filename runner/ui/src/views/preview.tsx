// The load profile as it is typed: what a start would do, over its time.
import { count, duration, plural, rate } from "../format";
import { type LoadForm, preview } from "../model/load";

const [WIDTH, HEIGHT] = [600, 72];

export function Preview({ form }: { form: LoadForm }) {
  const { points, open, unit } = preview(form);
  if (form.model === "shape") return <p class="preview grey">The shape decides each second; its course is drawn as it happens.</p>;
  if (points.length < 2) return <p class="preview grey">The course of the load is drawn here once the fields make sense.</p>;
  const end = points.at(-1)![0] || 1;
  const top = Math.max(...points.map((point) => point[1])) || 1;
  const place = ([at, value]: [number, number]) => `${((at / end) * WIDTH).toFixed(1)} ${(HEIGHT - (value / top) * (HEIGHT - 6)).toFixed(1)}`;
  const path = `M${points.map(place).join("L")}`;
  return (
    <figure class="preview">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <path class="area" d={`${path}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`} />
        <path class="edge" d={path} />
      </svg>
      <figcaption class="grey">{sentence(points, open, unit)}</figcaption>
    </figure>
  );
}

function sentence(points: [number, number][], open: boolean, unit: string): string {
  const top = Math.max(...points.map((point) => point[1]));
  const reached = points.find((point) => point[1] === top)![0];
  const peak = unit === "users" ? plural(top, "user") : `${rate(top)} ${unit}`;
  const when = reached > 0 ? `${peak} after ${duration(Math.ceil(reached))}` : peak;
  const turns = points.length > 3 ? `, ${count(points.length - 1)} stages` : "";
  return open ? `${when}, until it is stopped` : `${when}${turns}, over after ${duration(points.at(-1)![0])}`;
}
