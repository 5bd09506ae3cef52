/** Makes applications of scalar operations; what is constant is computed at once, in f64. */
import { bool, isConst } from "../ir/expr.ts";
import type { ConstExpr, Expr } from "../ir/graph.ts";
import { typeOf } from "../ir/typeof.ts";
import type { ScalarOpName } from "../ops/scalar.ts";
import { SCALAR_OPS } from "../ops/scalar.ts";

/** The operation on its arguments; a constant or an argument where that is all that remains. */
export function apply(op: ScalarOpName, ...args: readonly Expr[]): Expr {
  const shorter = absorbed(op, args);
  if (shorter) return shorter;
  const expr: Expr = { kind: "apply", op, args };
  const depth = 1 + Math.max(...args.map((arg) => depths.get(arg) ?? 0));
  if (depth > DEEPEST) throw new ExpressionTooDeep("internal: expression too deep");
  depths.set(expr, depth);
  if (!args.every((arg): arg is ConstExpr => arg.kind === "const")) return expr;
  const [a = 0, b = 0, c = 0] = args.map((arg) => arg.value);
  if ((op === "idiv" || op === "imod") && b === 0) return expr;
  return { kind: "const", type: typeOf(expr, () => "f32"), value: SCALAR_OPS[op].evaluate(a, b, c) };
}

/** Leaves the elaboration; check.ts makes a diagnostic of it. */
export class ExpressionTooDeep extends Error {}

const DEEPEST = 400;
const depths = new WeakMap<Expr, number>();

function absorbed(op: ScalarOpName, [a, b, c]: readonly Expr[]): Expr | undefined {
  if (!a || !b) return undefined;
  if (op === "select" && c) return a.kind === "const" ? (a.value !== 0 ? b : c) : undefined;
  if (op === "and") {
    if (a.kind === "const") return a.value !== 0 ? b : bool(false);
    if (b.kind === "const") return b.value !== 0 ? a : bool(false);
  }
  if (op === "or") {
    if (a.kind === "const") return a.value !== 0 ? bool(true) : b;
    if (b.kind === "const") return b.value !== 0 ? bool(true) : a;
  }
  if ((op === "add" || op === "iadd") && isConst(a, 0)) return b;
  if ((op === "add" || op === "iadd" || op === "sub" || op === "isub") && isConst(b, 0)) return a;
  // A factor that is known to be 0 when compiling takes the other with it: `smoothing * avg` is not there without smoothing.
  if ((op === "mul" || op === "imul") && (isConst(a, 0) || isConst(b, 0))) return isConst(a, 0) ? a : b;
  if ((op === "mul" || op === "imul") && isConst(a, 1)) return b;
  if ((op === "mul" || op === "imul" || op === "div" || op === "idiv" || op === "pow") && isConst(b, 1)) return a;
  return undefined;
}
