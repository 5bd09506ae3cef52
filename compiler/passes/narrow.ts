import { access, accessesIn, apply, children, conjunction, conjuncts, exprKey, index, indicesIn, select, substituteIndices, withChildren } from "../ir/expr.ts";
import type { ApplyExpr, Equation, Expr, ScalarType, Value, ValueId } from "../ir/graph.ts";
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
  /** By their texts: those that are values of their own. */
  private readonly conditions = new Map<string, Expr>();
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
    const body = this.narrowed(value.body, this.operands(condition), conjuncts(where));
    return { ...value, body, reduce: { ...value.reduce!, where: this.narrowed(condition, this.operands(body)) } };
  }

  /** The expression from the leaves up; `beside`: what the kernel binds for others as well; `guards`: under which it is evaluated alone. */
  private narrowed(expr: Expr, beside: readonly ValueId[], guards: readonly Expr[] = []): Expr {
    const fits = (node: Expr): boolean => new Set([...this.operands(node), ...beside]).size <= MOST_OPERANDS;
    if (fits(expr) || expr.kind !== "apply") return expr;
    const guardsOf = expr.args.map((_, at) => [...guards, ...guardsWithin(expr, at)]);
    let node = withChildren(expr, children(expr).map((child, at) => this.narrowed(child, beside, guardsOf[at])));
    while (!fits(node)) {
      const widest = this.widest(children(node));
      if (widest === undefined) return node;
      node = withChildren(node, children(node).map((child, at) => (at === widest ? this.part(child, guardsOf[at]!) : child)));
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

  /** A value of its own, over the indices that the expression depends on; where a guard fails, nothing of it is read. */
  private part(expr: Expr, guards: readonly Expr[]): Expr {
    // Operands may be out of bounds where they are not evaluated.
    const isSafe = guards.length === 0 || readsWithin(expr, this.value, this.values);
    const body = isSafe ? expr : this.guarded(expr, guards);
    const used = indicesIn(body);
    const sizes = indexSizes(this.value);
    const made: Equation = {
      ...asMap(this.value, substituteIndices(body, (at) => index(used.indexOf(at)))),
      id: this.fresh(),
      name: `${this.value.name}.part`,
      type: this.typeOf(expr),
      shape: used.map((at) => sizes[at]!),
    };
    this.made.push(made);
    this.values.set(made.id, made);
    return access(made, ...used.map((at) => index(at)));
  }

  /** Under a condition that is found before where both together are too wide. */
  private guarded(expr: Expr, guards: readonly Expr[]): Expr {
    const condition = conjunction(guards);
    const zero: Expr = { kind: "const", type: this.typeOf(expr), value: 0 };
    if (new Set([...this.operands(expr), ...this.operands(condition)]).size <= MOST_OPERANDS) return select(condition, expr, zero);
    const key = exprKey(condition);
    const found = this.conditions.get(key) ?? this.part(this.narrowed(condition, []), []);
    this.conditions.set(key, found);
    return select(found, this.narrowed(expr, this.operands(found), guards), zero);
  }
}

/** Under which conditions of its own an argument is evaluated. */
function guardsWithin({ op, args }: ApplyExpr, at: number): readonly Expr[] {
  const [condition] = args as [Expr];
  if (at === 0) return [];
  if (op === "and") return [condition];
  if (op === "or") return [apply("not", condition)];
  return op === "select" ? [at === 1 ? condition : apply("not", condition)] : [];
}
