import { access, accessesIn, children, index, indicesIn, substituteIndices, withChildren } from "../ir/expr.ts";
import type { Equation, Expr, ScalarType, Value, ValueId } from "../ir/graph.ts";
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
      const narrowed = parts.narrowedValue();
      return parts.made.length === 0 ? [value] : [...parts.made, narrowed];
    });
    return { ...graph, values };
  },
};

class Parts {
  readonly made: Equation[] = [];
  private readonly value: Equation;
  private readonly values: Map<ValueId, Value>;
  private readonly fresh: () => ValueId;

  constructor(value: Equation, values: Map<ValueId, Value>, fresh: () => ValueId) {
    this.value = value;
    this.values = values;
    this.fresh = fresh;
  }

  /** The equation over few enough operands, those of its terms and of its condition together. */
  narrowedValue(): Equation {
    const { value } = this;
    const where = value.reduce?.where;
    if (where === undefined) return { ...value, body: this.narrowed(value.body, []) };
    const condition = this.narrowed(where, []);
    const body = this.narrowed(value.body, this.operands(condition));
    return { ...value, body, reduce: { ...value.reduce!, where: this.narrowed(condition, this.operands(body)) } };
  }

  /** The expression from the leaves up; `beside`: what the kernel binds for others as well. */
  private narrowed(expr: Expr, beside: readonly ValueId[]): Expr {
    const fits = (node: Expr): boolean => new Set([...this.operands(node), ...beside]).size <= MOST_OPERANDS;
    if (fits(expr) || expr.kind !== "apply") return expr;
    // Operands may be out of bounds where they are not evaluated.
    if (isLazy(expr) && !readsWithin(expr, this.value, this.values)) return expr;
    let node = withChildren(expr, children(expr).map((child) => this.narrowed(child, beside)));
    while (!fits(node)) {
      const widest = this.widest(children(node));
      if (widest === undefined) return node;
      node = withChildren(node, children(node).map((child, at) => (at === widest ? this.part(child) : child)));
    }
    return node;
  }

  /** The place of the one with the most operands, two at least, among the real ones where there is such a one. */
  private widest(parts: readonly Expr[]): number | undefined {
    const all = parts.map((expr, at) => ({ at, operands: this.operands(expr).length, real: Number(this.typeOf(expr) === "f32") }));
    return all.filter(({ operands }) => operands > 1).sort((a, b) => b.real - a.real || b.operands - a.operands)[0]?.at;
  }

  /** The values that it binds, each once. */
  private operands(expr: Expr): readonly ValueId[] {
    return [...new Set(accessesIn(expr).map(({ value }) => value))].filter((id) => this.values.get(id)!.kind !== "host-scalar");
  }

  private typeOf(expr: Expr): ScalarType {
    return typeOf(expr, (id) => this.values.get(id)!.type);
  }

  /** A value of its own, over the indices that the expression depends on. */
  private part(expr: Expr): Expr {
    const used = indicesIn(expr);
    const sizes = indexSizes(this.value);
    const made: Equation = {
      ...asMap(this.value, substituteIndices(expr, (at) => index(used.indexOf(at)))),
      id: this.fresh(),
      name: `${this.value.name}.part`,
      type: this.typeOf(expr),
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
