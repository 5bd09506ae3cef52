/** `phases = until(0.9, length: 128)`: what is fed first is shorter, or comes in other batches. */
import type { Call, Expr as Node } from "../../../grammar/ast.ts";
import * as dims from "../../dim.ts";
import * as errors from "../errors.ts";
import type { DataSpec, Phase } from "../model.ts";
import { setSpan } from "../overrides.ts";
import { nearest } from "../../../grammar/suggest.ts";
import type { Val } from "../value.ts";
import type { World } from "../world.ts";

const CHANGES = ["length", "batch"] as const;
type Change = (typeof CHANGES)[number];

/** In the order of the steps; what follows the last one is the recipe itself. */
export function phasesOf({ nodes, set }: { readonly nodes: readonly Node[]; readonly set: string | undefined }, data: DataSpec, value: (node: Node) => Val, world: World): readonly Phase[] {
  if (set !== undefined) {
    if (set !== "none") world.report(errors.wrongSetting(setSpan("recipe.phases", set), "phases", "`none` on the command line; others are written in the recipe"));
    return [];
  }
  if (nodes.length === 1 && nodes[0]?.kind === "name" && nodes[0].text === "none") return [];
  const phases: Phase[] = [];
  for (const node of nodes) {
    if (node.kind !== "call" || node.callee.kind !== "name" || node.callee.text !== "until") {
      world.report(errors.wrongSetting(node.span, "phases", "such as `until(0.9, length: 128)`, or `none`"));
      continue;
    }
    const phase = phaseOf(node, data, value, world);
    if (phase && phase.until <= (phases.at(-1)?.until ?? 0)) world.report(errors.wrongSetting(node.span, "phases", "in the order of the steps: each share is larger than the one before"));
    else if (phase) phases.push(phase);
  }
  return phases;
}

function phaseOf({ args, span }: Call, data: DataSpec, value: (node: Node) => Val, world: World): Phase | undefined {
  const [share, ...others] = args;
  const until = share && !share.name ? numberOf(value(share.value)) : undefined;
  if (until === undefined || until <= 0 || until >= 1) {
    world.report(errors.wrongSetting(share?.span ?? span, "until", "a share of the steps between 0 and 1, and then what is different: `until(0.9, length: 128)`"));
    return undefined;
  }
  const changes: Partial<Record<Change, number>> = {};
  for (const arg of others) {
    const name = CHANGES.find((one) => one === arg.name?.text);
    const found = numberOf(value(arg.value));
    if (!name) world.report(errors.unknownArgument(arg.name?.span ?? arg.span, arg.name?.text ?? "", "`until`", arg.name && nearest(arg.name.text, CHANGES), CHANGES));
    else if (name === "length" && data.arguments["length"] === undefined) world.report(errors.wrongSetting(arg.span, "length", `an argument of the data, but \`${data.source}\` has none`));
    else if (found === undefined || !Number.isInteger(found) || found < 1) world.report(errors.wrongSetting(arg.span, name, "an integer of at least 1"));
    else changes[name] = found;
  }
  return { until, ...changes };
}

function numberOf(value: Val): number | undefined {
  return value.kind === "size" ? dims.asNumber(value.size.dim) : value.kind === "tensor" && value.body.kind === "const" ? value.body.value : undefined;
}
