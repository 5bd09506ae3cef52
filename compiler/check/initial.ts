/** Initialisers: `zeros`, `ones`, `constant(c)`, `uniform(low, high)`, `normal(std)`. */
import type { Call } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import * as errors from "./errors.ts";
import { evaluateTensor } from "./evaluate.ts";
import type { Initializer } from "./model.ts";
import { asReal } from "./tensor.ts";
import type { InitVal, Poison, Val } from "./value.ts";
import { kindOf, POISON } from "./value.ts";
import type { Context } from "./world.ts";

const PARAMETERS: Readonly<Record<string, readonly { readonly name: string; readonly initial: number | undefined }[]>> = {
  zeros: [],
  ones: [],
  constant: [{ name: "c", initial: undefined }],
  uniform: [{ name: "low", initial: 0 }, { name: "high", initial: 1 }],
  normal: [{ name: "std", initial: undefined }],
};

export function initialiser(name: string, node: Call, ctx: Context): Val {
  const params = PARAMETERS[name] ?? [];
  const values = params.map((param) => param.initial);
  for (const [k, arg] of node.args.entries()) {
    const at = arg.name ? params.findIndex((param) => param.name === arg.name!.text) : k;
    if (at < 0 || at >= params.length) {
      ctx.world.report(arg.name ? errors.unknownArgument(arg.name.span, arg.name.text, `\`${name}\``, undefined, params.map((p) => p.name)) : errors.initialiserArguments(arg.span, name, params.map((param) => param.name)));
      return POISON;
    }
    const tensor = evaluateTensor(arg.value, ctx);
    if (!tensor) return POISON;
    const real = asReal(tensor);
    if (real.body.kind !== "const" || real.type !== "f32") {
      if (ctx.run.symbolic) {
        values[at] = 0.5;
        continue;
      }
      ctx.world.report(errors.notKnownWhenCompiling(arg.span, "an initialiser's number"));
      return POISON;
    }
    values[at] = real.body.value;
  }
  const missing = params.find((_, k) => values[k] === undefined);
  if (missing) {
    ctx.world.report(errors.initialiserArgument(node.span, name, missing.name));
    return POISON;
  }
  return { kind: "init", init: make(name, values as number[]) };
}

function make(name: string, [a = 0, b = 0]: readonly number[]): Initializer {
  if (name === "uniform") return { kind: "uniform", low: a, high: b };
  if (name === "normal") return { kind: "normal", std: a };
  return { kind: "constant", value: name === "ones" ? 1 : name === "zeros" ? 0 : a };
}

/** The value as an initialiser: `uniform` is `uniform(0, 1)`. */
export function coerceInit(value: Val, span: Span, ctx: Context): InitVal | Poison {
  if (value.kind === "init" || value.kind === "poison") return value;
  if (value.kind === "builtin" && (value.name === "zeros" || value.name === "ones" || value.name === "uniform")) {
    return { kind: "init", init: make(value.name, value.name === "uniform" ? [0, 1] : []) };
  }
  ctx.world.report(errors.noInitialiser(span, value.kind === "builtin" ? { builtin: value.name } : { kind: kindOf(value) }));
  return POISON;
}
