/** `generate = beam(model, width: 4)`: how texts are written, and by which function of the model. */
import type { Call } from "../../../grammar/ast.ts";
import type { Span } from "../../../grammar/source.ts";
import { spanText } from "../../../grammar/source.ts";
import * as dims from "../../dim.ts";
import * as errors from "../errors.ts";
import type { GenerateSpec, Model } from "../model.ts";
import { methodOf } from "../scope.ts";
import { nearest } from "../../../grammar/suggest.ts";
import type { InstanceVal } from "../value.ts";
import { grownAndRead } from "../../../runtime/decode/entries.ts";
import { generateOptions, METHODS } from "../../../runtime/decode/options.ts";
import type { World } from "../world.ts";
import type { Settings } from "./settings.ts";

export function generateOf(settings: Settings, model: InstanceVal): GenerateSpec | undefined {
  const node = settings.written.get("generate")?.values[0];
  if (!node) return undefined;
  const method = node.kind === "call" && node.callee.kind === "name" ? METHODS.find((name) => name === (node.callee as { text: string }).text) : undefined;
  if (!method || node.kind !== "call") {
    settings.world.report(errors.unknownGenerator(node.span, METHODS));
    return undefined;
  }
  const entry = generated(settings, node, model);
  if (!entry) return undefined;
  const options: Record<string, number> = {};
  for (const arg of node.args.slice(1)) {
    const value = settings.evaluated(arg.value);
    const found = value.kind === "size" ? dims.asNumber(value.size.dim) : value.kind === "tensor" && value.body.kind === "const" ? value.body.value : undefined;
    if (found === undefined || !arg.name) {
      settings.world.report(errors.wrongSetting(arg.span, "generate", "named numbers after the model"));
      continue;
    }
    const known = generateOptions(method);
    const option = known.find(({ name }) => name === arg.name?.text);
    const names = known.map(({ name }) => name);
    if (option === undefined) settings.world.report(errors.unknownArgument(arg.name.span, arg.name.text, `\`${method}\``, nearest(arg.name.text, names), names));
    else if (!option.isValid(found)) settings.world.report(errors.wrongSetting(arg.span, option.name, option.wanted));
    else options[option.name] = found;
  }
  return { method, entry, options };
}

/** Tells where the function that is named takes or gives something else than what writes token by token. */
export function requireGenerator(model: Model, at: Span, world: World): void {
  const name = model.recipe?.generate?.entry;
  const entry = model.entries.find((one) => one.name === name);
  if (name === undefined) return;
  const ids = entry && grownAndRead(entry);
  const width = entry?.outputs[0]?.shape[2];
  const fits = ids && (ids.target.range === undefined || (width !== undefined && dims.equal(ids.target.range, width)));
  if (!fits) world.report(errors.noGenerator(at, name));
}

function generated(settings: Settings, node: Call, model: InstanceVal): string | undefined {
  if (!node.args[0] || node.args[0].name) {
    settings.world.report(errors.generatorModel(node.span, spanText(node.callee.span)));
    return undefined;
  }
  const first = node.args[0].value;
  const value = settings.evaluated(first);
  if (value.kind === "instance" && value === model && methodOf(model.decl, "forward")) return "forward";
  if (value.kind === "method" && value.self === model) return value.fn.name.text;
  const lost = value === model && model.members.get("forward")?.kind === "poison";
  if (value.kind !== "poison" && !lost) settings.world.report(errors.wrongSetting(first.span, "generate", "the model, or a function of it"));
  return undefined;
}
