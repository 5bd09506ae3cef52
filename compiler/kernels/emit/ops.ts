/** Applications of scalar operations as WGSL, one value or four lanes wide; the texts themselves stand in the op table. */
import { asNumber, isNonNegative as isNonNegativeDim } from "../../dim.ts";
import { SCALAR_OPS, type ScalarOpName, type WgslArgument } from "../../ops/scalar.ts";
import { WGSL_FUNCTIONS, wgslFunctionsIn } from "../../ops/wgsl-functions.ts";
import { philoxWgsl } from "../../../runtime/random/philox.ts";
import { isAtom, isPrimary, LANE_NAMES, type Operand } from "./operand.ts";

/**
 * `bind` names an operand where a text mentions its argument more than once or takes it apart. Undefined where that takes names and
 * there are none: without `bind` the arguments of four lanes would stand four times in the text, and sixteen times in the next.
 */
export function applyText(op: ScalarOpName, args: readonly Operand[], width: 1 | 4, bind: ((operand: Operand) => Operand) | undefined): string | undefined {
  if (width === 1) return `(${one(op, (op === "pow" && bind ? args.map(bind) : args).map(argument))})`;
  const wide = fourWide(op, args);
  if (wide) return `(${wide})`;
  if (!bind) return undefined;
  const named = args.map(bind);
  const lanes = LANE_NAMES.map((lane) => one(op, named.map((arg) => ({ ...argument(arg), text: `${arg.text}.${lane}` }))));
  const { result } = SCALAR_OPS[op];
  const type = result === "any" ? args.at(-1)!.type : result;
  return `vec4<${type}>(${lanes.join(", ")})`;
}

/** The functions that the text calls. */
export function helperTexts(body: string): string[] {
  const called = wgslFunctionsIn(body).map((name) => WGSL_FUNCTIONS[name]);
  return body.includes("tfm_draw(") ? [...called, DRAW] : called;
}

/** Uniform in [0, 1) from 24 bits: counter (element, 0, step, micro-batch), key (seed, site). */
const DRAW = `${philoxWgsl}
fn tfm_draw(site: u32, element: u32) -> f32 {
  let bits = philox4x32(vec4u(element, 0u, u32(u.step), u32(u.micro)), vec2u(u32(u.seed), site));
  return f32(bits.x >> 8u) * 5.9604644775390625e-8f;
}`;

function one(op: ScalarOpName, args: readonly WgslArgument[]): string {
  const [a, b, c] = args;
  if (op === "and") return `${a!.text} & ${b!.text}`;
  if (op === "or") return `${a!.text} | ${b!.text}`;
  return SCALAR_OPS[op].wgsl(a!, b!, c!);
}

/** The four-wide text, for operations whose text holds for vectors too. */
function fourWide(op: ScalarOpName, args: readonly Operand[]): string | undefined {
  const [a] = args;
  switch (op) {
    case "toReal":
      return `vec4f(${a!.text})`;
    case "toInt":
      return `vec4i(round(${a!.text}))`;
    case "fromBool":
      return `select(vec4i(0), vec4i(1), ${a!.text})`;
    case "tanh":
      return `tanh(clamp(${a!.text}, vec4f(-15.0f), vec4f(15.0f)))`;
    case "erf":
    case "finite":
      return undefined;
    case "pow":
      if (!args.every(({ text }) => isAtom(text))) return undefined;
  }
  const text = one(op, args.map(argument));
  return text.includes("tfm_") ? undefined : text;
}

function argument(operand: Operand): WgslArgument {
  const constant = operand.constant ?? (operand.affine && operand.affine.terms.size === 0 ? asNumber(operand.affine.constant) : undefined);
  return {
    text: isPrimary(operand.text) ? operand.text : `(${operand.text})`,
    ...(constant !== undefined && { constant }),
    ...(operand.affine && { nonNegative: isNonNegative(operand) }),
  };
}

/** Base variables are never negative, so a sum of them with positive coefficients is not either. */
export function isNonNegative({ affine }: Operand): boolean {
  if (!affine) return false;
  return [...affine.terms.values(), affine.constant].every(isNonNegativeDim);
}
