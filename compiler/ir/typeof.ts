/** The type of an expression; accesses have the type of the value they read. */
import { SCALAR_OPS } from "../ops/scalar.ts";
import type { Expr, ScalarType, ValueId } from "./graph.ts";

export function typeOf(expr: Expr, typeOfValue: (id: ValueId) => ScalarType): ScalarType {
  switch (expr.kind) {
    case "const":
      return expr.type;
    case "index":
    case "size":
    case "step":
    case "micro":
      return "i32";
    case "draw":
      return "f32";
    case "access":
      return typeOfValue(expr.value);
    case "apply": {
      const { args, result } = SCALAR_OPS[expr.op];
      if (result !== "any") return result;
      return typeOf(expr.args[args.indexOf("any")]!, typeOfValue);
    }
    default:
      return expr satisfies never;
  }
}
