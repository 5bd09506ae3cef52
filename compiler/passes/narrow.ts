import { access, accessesIn, children, index, indicesIn, substituteIndices, withChildren } from "../ir/expr.ts";
import type { Equation, Expr, Value, ValueId } from "../ir/graph.ts";
import { asMap, indexSizes, nextId, readsWithin, valuesById } from "../ir/walk.ts";
import { typeOf } from "../ir/typeof.ts";
import { MOST_BINDINGS } from "./fuse/bindings.ts";
import type { Pass } from "./pass.ts";

/** One of the ranges that a kernel binds is its result. */
const MOST_OPERANDS = MOST_BINDINGS - 1;

/**
 *     dy[i] = a[i] + b[i] + c[i] + d[i] + e[i] + f[i] + g[i] + h[i] + j[i]
 *     →   dy.part[i] = a[i] + b[i] + c[i] + d[i] + e[i] + f[i] + g[i]
 *         dy[i] = dy.part[i] + h[i] + j[i]
 *
 * What all layers of a stack read has a gradient of that kind, with a term for each of them.
 */
export const narrow: Pass = {
  name: "narrow",
  doc: "Computes equations of more operands than a kernel can bind in several steps.",
  run(graph) {
    const byId = new Map(valuesById(graph));
    let next = nextId(graph);
    const values = graph.values.flatMap((value): readonly Value[] => {
      if (value.kind !== "equation") return [value];
      const parts = new Parts(value, byId, () => next++);
      const body = parts.narrowed(value.body);
      return body === value.body ? [value] : [...parts.made, { ...value, body }];
    });
    return { ...graph, values };
  },
};

class Parts {
  readonly made: Equation[] = [];
  private readonly value: Equation;
  private readonly values: Map<ValueId, Value>;
  private readonly fresh: () => ValueId;
  /** What the condition of a reduction binds, whatever its terms do. */
  private readonly beside: readonly ValueId[];

  constructor(value: Equation, values: Map<ValueId, Value>, fresh: () => ValueId) {
    this.value = value;
    this.values = values;
    this.fresh = fresh;
    this.beside = value.reduce?.where ? this.operands(value.reduce.where) : [];
  }

  /** The expression over few enough operands, from the leaves up. */
  narrowed(expr: Expr): Expr {
    if (this.fits(expr) || expr.kind !== "apply") return expr;
    // Operands may be out of bounds where they are not evaluated.
    if (isLazy(expr) && !readsWithin(expr, this.value, this.values)) return expr;
    let node = withChildren(expr, children(expr).map((child) => this.narrowed(child)));
    while (!this.fits(node)) {
      const counts = children(node).map((child) => (this.isReal(child) ? this.operands(child).length : 0));
      const widest = counts.indexOf(Math.max(...counts));
      if (counts[widest]! < 2) return node;
      node = withChildren(node, children(node).map((child, at) => (at === widest ? this.part(child) : child)));
    }
    return node;
  }

  private fits(expr: Expr): boolean {
    return new Set([...this.operands(expr), ...this.beside]).size <= MOST_OPERANDS;
  }

  /** The values that it binds, each once. */
  private operands(expr: Expr): readonly ValueId[] {
    return [...new Set(accessesIn(expr).map(({ value }) => value))].filter((id) => this.values.get(id)!.kind !== "host-scalar");
  }

  private isReal(expr: Expr): boolean {
    return typeOf(expr, (id) => this.values.get(id)!.type) === "f32";
  }

  /** A value of its own, over the indices that the expression depends on. */
  private part(expr: Expr): Expr {
    const used = indicesIn(expr);
    const sizes = indexSizes(this.value);
    const made: Equation = {
      ...asMap(this.value, substituteIndices(expr, (at) => index(used.indexOf(at)))),
      id: this.fresh(),
      name: `${this.value.name}.part`,
      type: "f32",
      shape: used.map((at) => sizes[at]!),
    };
    this.made.push(made);
    this.values.set(made.id, made);
    return access(made, ...used.map((at) => index(at)));
  }
}

function isLazy(expr: Expr & { readonly kind: "apply" }): boolean {
  return expr.op === "select" || expr.op === "and" || expr.op === "or";
}
