/** Whether the model takes what `text` gives: windows of just its `length`, whatever the file holds. */
import type { Expr as Node } from "../../../grammar/ast.ts";
import type { Span } from "../../../grammar/source.ts";
import { upperLimit } from "../../../runtime/size.ts";
import * as errors from "../errors.ts";
import type { DataSpec, Entry, Phase, SizeRequirement } from "../model.ts";
import type { World } from "../world.ts";

/** Tells windows that the loss can never be fed with, of the recipe and of each of its phases. `at` is where the data are named. */
export function requireWindowsFit({ data, at, phases, phasesAt }: { readonly data: DataSpec; readonly at: Node; readonly phases: readonly Phase[]; readonly phasesAt: Span }, loss: Entry, world: World): void {
  const length = data.arguments["length"];
  if (data.source !== "text" || typeof length !== "number") return;
  const limit = shortest(loss.requires);
  if (limit === undefined) return;
  const given = at.kind === "call" ? at.args.find(({ name }) => name?.text === "length") : undefined;
  if (length > limit.most) world.report(errors.windowTooLong(given?.span ?? at.span, length, limit, given === undefined));
  for (const phase of phases) if (phase.length !== undefined && phase.length > limit.most) world.report(errors.windowTooLong(phasesAt, phase.length, limit, false));
}

/** The least that a requirement `T <= c` leaves to the places of a window. */
function shortest(requires: readonly SizeRequirement[]): { readonly most: number; readonly text: string } | undefined {
  const limits = requires.flatMap(({ text, test }) => {
    const limit = test.kind === "nonnegative" ? upperLimit(test.size) : undefined;
    return limit?.name === "T" ? [{ most: limit.most, text }] : [];
  });
  return limits.sort((a, b) => a.most - b.most)[0];
}
