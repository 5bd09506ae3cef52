/** What calls or builds itself, by way of others or not. */
import type { Span } from "../../grammar/source.ts";
import * as errors from "./errors.ts";
import type { Context } from "./world.ts";

/** Tells once of a circle, whichever of it is met first: `first` is where in what is being expanded the circle begins, `span` what would close it. */
export function reportRecursion({ world, frame }: Context, first: number, span: Span): void {
  const circle = frame.active.slice(first).map(({ what }) => what);
  const [begin, ...others] = circle;
  if (begin === undefined || circle.some((one) => world.told(one, "recursion"))) return;
  world.report(errors.recursion(span, begin.name.text, begin.name.span, others.map(({ name }) => name.text)));
  for (const one of circle) world.tell(one, "recursion");
}
