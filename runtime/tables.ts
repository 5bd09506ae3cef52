/** Host tables: computed once in f64 for the session's largest sizes, stored as f32. */
import { compileHostExpr } from "./host-expr.ts";
import type { Table } from "./program.ts";
import { elementCount, evaluateShape } from "./size.ts";
import type { Sizes } from "./size.ts";

/** Row-major; only the first axis may depend on a fed size, so a smaller batch reads the front of the same rows. */
export function tableValues(table: Table, bounds: Sizes): Float32Array<ArrayBuffer> {
  const shape = evaluateShape(table.shape, bounds);
  const values = new Float32Array(elementCount(shape));
  const body = compileHostExpr(table.body);
  const indices = shape.map(() => 0);
  const scope = { sizes: bounds, step: 0, indices };
  for (let at = 0; at < values.length; at++) {
    values[at] = body(scope);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (indices[axis] as number) + 1;
      indices[axis] = next < (shape[axis] as number) ? next : 0;
      if (indices[axis] !== 0) break;
    }
  }
  return values;
}
