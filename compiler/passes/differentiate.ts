/**
 * Reverse-mode differentiation, one equation at a time. For y[I] = Σ_K body(I, K) and an access x[A(I, K)] in the body,
 *
 *     dx[j] = Σ over the points (I, K) with A = j of dy[I] · ∂body/∂access
 *
 * where the points with A = j come from `preimage`: the adjoint of a map is a map, of a broadcast a sum, of a contraction a contraction,
 * of a gather by affine slots a gather; only data-dependent slots leave a predicate `slot == j`, a scatter. Before and after:
 *
 *     y[b, o] = sum[i] x[b, i] * w[i, o]            dx[b, i] = sum[o] dy[b, o] * w[i, o]
 *                                                   dw[i, o] = sum[b] dy[b, o] * x[b, i]
 *
 * A condition of `if` or `where` guards the finished product, as a predicate of the sum or a `select` around the map: never 0 · ∞, and
 * no access is evaluated where the original was not.
 */
import type { Dim } from "../dim.ts";
import * as dims from "../dim.ts";
import { type Known, knownSizes } from "../ops/affine.ts";
import { simplifyExpr } from "../ops/algebra.ts";
import { MONOIDS } from "../ops/monoid.ts";
import { type Preimage, preimage } from "../ops/preimage.ts";
import { SCALAR_OPS } from "../ops/scalar.ts";
import { GraphBuilder } from "../ir/builder.ts";
import {
  add, apply, children, conjunction, conjuncts, exprKey, iadd, identityAccess, imul, index, isConst, real, select, size, substituteIndices, withChildren,
} from "../ir/expr.ts";
import type { AccessExpr, Equation, Expr, Graph, StateLeaf, StateRef, Value, ValueId } from "../ir/graph.ts";
import { indexSizes, operandsOf, stateKey, valuesById } from "../ir/walk.ts";
import type { Pass } from "./pass.ts";
import { prunedGraph } from "./prune.ts";

export const differentiatePass: Pass = {
  name: "differentiate",
  doc: "Adds the gradient of the loss for every parameter.",
  run: (graph) => differentiate(graph),
};

/**
 * The graph with a further output per parameter, of kind "gradient". The loss is the output of that name, else the first; a scalar.
 * Without `wrt`: all parameters that occur.
 */
export function differentiate(graph: Graph, wrt?: readonly StateRef[]): Graph {
  const loss = graph.outputs.find((output) => output.name === "loss") ?? graph.outputs[0];
  if (!loss) throw new Error(`internal: ${graph.name} has no loss`);
  const wanted = wrt && new Set(wrt.map(stateKey));
  const leaves = graph.values.filter(
    (value): value is StateLeaf => value.kind === "state" && (wanted ? wanted.has(stateKey(value.state)) : value.state.kind === "parameter"),
  );
  return prunedGraph(new Differentiator(graph, leaves).run(loss.value));
}

/** `encoder.0.attend.wq` → `encoder.0.attend.dwq`. */
export function gradientName(name: string): string {
  return name.replace(/[^.]*$/, (last) => `d${last}`);
}

/** A part of an adjoint, over the axes of its value, then its own reduced indices. */
interface Contribution {
  readonly body: Expr;
  readonly sizes: readonly Dim[];
  readonly where: readonly Expr[];
}

/** One access in a body, with what reaches it. */
interface Use {
  readonly access: AccessExpr;
  readonly adjoint: Expr;
  readonly guards: readonly Expr[];
}

class Differentiator {
  readonly #graph: Graph;
  readonly #leaves: readonly StateLeaf[];
  readonly #builder: GraphBuilder;
  readonly #byId: ReadonlyMap<ValueId, Value>;
  /** Values that depend on the leaves in a differentiable way. */
  readonly #active: Set<ValueId>;
  readonly #contributions = new Map<ValueId, Contribution[]>();
  /** Solved already: the layers of a model read their values in the same few ways. */
  readonly #preimages = new Map<string, Preimage>();

  constructor(graph: Graph, leaves: readonly StateLeaf[]) {
    this.#graph = graph;
    this.#leaves = leaves;
    this.#builder = new GraphBuilder(graph.name, graph);
    this.#byId = valuesById(graph);
    this.#active = new Set(leaves.map((leaf) => leaf.id));
    for (const value of graph.values) {
      if (value.kind === "equation" && value.type === "f32" && this.#isActive(value.body)) this.#active.add(value.id);
    }
  }

  run(loss: ValueId): Graph {
    this.#contribute(loss, { body: real(1), sizes: [], where: [] });
    const firstReaders = this.#firstReaders();
    const gradients = new Map<ValueId, ValueId>();
    const finish = (leaf: StateLeaf): void => {
      this.#builder.origin = leaf.origin;
      gradients.set(leaf.id, (this.#adjoint(leaf, false) as AccessExpr).value);
    };
    for (const value of this.#graph.values.toReversed()) {
      if (value.kind === "equation" && this.#active.has(value.id) && this.#contributions.has(value.id)) {
        this.#builder.origin = value.origin;
        this.#propagate(value, this.#adjoint(value, true));
      }
      // A gradient is made as soon as it is complete, so that what it reads need not be kept for long.
      for (const leaf of this.#leaves) if (firstReaders.get(leaf.id) === value.id) finish(leaf);
    }
    for (const leaf of this.#leaves) {
      if (!gradients.has(leaf.id)) finish(leaf);
      this.#builder.output(gradientName(leaf.name), { id: gradients.get(leaf.id)! }, { kind: "gradient", path: leaf.state.path });
    }
    return this.#builder.build();
  }

  /** The first value that reads a leaf: the last one that the reverse sweep meets. */
  #firstReaders(): ReadonlyMap<ValueId, ValueId> {
    const first = new Map<ValueId, ValueId>();
    for (const value of this.#graph.values) for (const operand of operandsOf(value)) if (!first.has(operand)) first.set(operand, value.id);
    return first;
  }

  #isActive(expr: Expr): boolean {
    if (expr.kind === "access") return this.#active.has(expr.value);
    return expr.kind === "apply" && SCALAR_OPS[expr.op].grad !== undefined && expr.args.some((arg) => this.#isActive(arg));
  }

  #contribute(value: ValueId, contribution: Contribution): void {
    const all = this.#contributions.get(value);
    if (all) all.push(contribution);
    else this.#contributions.set(value, [contribution]);
  }

  /**
   * The sum of a value's contributions, as an expression over its axes. Maps are added up in one equation, after the sums, each an
   * equation of its own. `inline`: constants and copies need no equation.
   */
  #adjoint(value: Value, inline: boolean): Expr {
    const all = this.#contributions.get(value.id) ?? [{ body: real(0), sizes: [], where: [] }];
    const name = gradientName(value.name);
    const sums = all.filter((part) => part.sizes.length > 0);
    const maps = all.filter((part) => part.sizes.length === 0).map((part) => guarded(part.where, part.body));
    const made = sums.map((part, at) => {
      const where = part.where.length > 0 ? conjunction(part.where) : undefined;
      return this.#builder.sum(all.length === 1 ? name : `${name}.${at + 1}`, value.shape, part.sizes, part.body, where);
    });
    if (all.length === 1 && made[0]) return identityAccess(made[0]);
    const terms = [...made.map(identityAccess), ...maps];
    const body = simplifyExpr(terms.reduce(add), this.#known(value.shape));
    const copy = body.kind === "access" && exprKey(body) === exprKey(identityAccess({ id: body.value, shape: value.shape }));
    if (inline && (body.kind === "const" || copy)) return body;
    return identityAccess(this.#builder.map(name, value.shape, body));
  }

  #known(sizes: readonly Dim[]): Known {
    const rangeOf = (id: ValueId): Dim | undefined => {
      const value = this.#builder.value(id);
      return value.kind === "input" ? value.range : undefined;
    };
    return { ...knownSizes(sizes), rangeOf };
  }

  /** Hands dy on to what y's body reads. */
  #propagate(y: Equation, dy: Expr): void {
    const uses: Use[] = [];
    const guards = y.reduce ? [...conjuncts(y.reduce.where), ...this.#chosen(y)] : [];
    this.#walk(y.body, dy, guards, y.reduce ? undefined : identityAccess(y), uses);
    for (const use of merged(uses)) this.#use(y, use);
  }

  /** For max and min: only the first extreme receives the gradient. */
  #chosen(y: Equation): Expr[] {
    const reduce = y.reduce!;
    const { grad, identity } = MONOIDS[reduce.monoid];
    if (grad === "every") return [];
    if (grad === "none") throw new Error(`internal: ${reduce.monoid} has no gradient`);
    // Position in row-major order over the reduced indices, which argmax takes as one.
    const rank = y.shape.length;
    const flat = reduce.sizes.map((_, at) => index(rank + at)).reduce<Expr>((sum, at, k) => (k === 0 ? at : iadd(imul(sum, size(reduce.sizes[k]!)), at)), index(rank));
    let rest: Expr = index(rank);
    const digits: Expr[] = [];
    for (let k = reduce.sizes.length - 1; k > 0; k--) {
      digits.unshift(apply("imod", rest, size(reduce.sizes[k]!)));
      rest = apply("idiv", rest, size(reduce.sizes[k]!));
    }
    digits.unshift(rest);
    const total = reduce.sizes.reduce((product, extent) => dims.multiply(product, extent));
    const at = (expr: Expr): Expr => substituteIndices(expr, (k) => (k < rank ? undefined : digits[k - rank]));
    const term = reduce.where ? select(at(reduce.where), at(y.body), real(identity(y.type))) : at(y.body);
    const first = this.#builder.reduce(grad, `${y.name}.at`, y.shape, [total], simplifyExpr(term, this.#known([...y.shape, total])));
    return [apply("ieq", flat, identityAccess(first))];
  }

  /** Collects the accesses below `expr`, which receives `adjoint` where all guards hold; `own` reads its value where that is stored. */
  #walk(expr: Expr, adjoint: Expr, guards: readonly Expr[], own: Expr | undefined, uses: Use[]): void {
    if (!this.#isActive(expr)) return;
    if (expr.kind === "access") return void uses.push({ access: expr, adjoint, guards });
    if (expr.kind !== "apply") return;
    const parts = SCALAR_OPS[expr.op].grad!(adjoint, expr.args, own ?? expr);
    for (const [at, part] of parts.entries()) {
      if (!part) continue;
      const { inner, guard } = unguarded(part);
      this.#walk(expr.args[at]!, inner, guard ? [...guards, guard] : guards, expr.op === "select" ? own : undefined, uses);
    }
  }

  #use(y: Equation, use: Use): void {
    const x = this.#byId.get(use.access.value)!;
    const { solution, free, where } = this.#preimage(use.access.slots, x, y);
    // A slot is the axis it reads, whatever the indices are solved as.
    const axes = new Map(use.access.slots.map((slot, axis) => [exprKey(slot), axis]));
    const moved = (expr: Expr): Expr => {
      const axis = expr.kind === "const" ? undefined : axes.get(exprKey(expr));
      if (axis !== undefined) return index(axis);
      return expr.kind === "index" ? solution[expr.at]! : withChildren(expr, children(expr).map(moved));
    };
    const known = this.#known([...x.shape, ...free]);
    const conditions: Expr[] = [];
    for (const condition of [...where, ...use.guards.map(moved)]) {
      for (const part of conjuncts(simplifyExpr(condition, known, conditions))) conditions.push(part);
    }
    if (conditions.some((condition) => isConst(condition, 0))) return;
    this.#contribute(x.id, { body: simplifyExpr(moved(use.adjoint), known, conditions), sizes: free, where: conditions });
  }

  #preimage(slots: readonly Expr[], x: Value, y: Equation): Preimage {
    const sizes = indexSizes(y);
    const key = [slots.map(exprKey), x.shape.map(dims.key), sizes.map(dims.key), y.shape.length].join("|");
    let found = this.#preimages.get(key);
    if (!found) this.#preimages.set(key, (found = preimage(slots, x.shape, sizes, y.shape.length)));
    return found;
  }
}

/** Of `if c then x else 0` x and c: the condition is put around the finished product. */
function unguarded(part: Expr): { inner: Expr; guard?: Expr } {
  if (part.kind === "apply" && part.op === "select") {
    const [condition, yes, no] = part.args as [Expr, Expr, Expr];
    if (isConst(no, 0)) return { inner: yes, guard: condition };
    if (isConst(yes, 0)) return { inner: no, guard: apply("not", condition) };
  }
  return { inner: part };
}

/** One use per access: adjoints under the same guards are added, and guards that all share are taken out. */
function merged(uses: readonly Use[]): Use[] {
  const byAccess = new Map<string, Use[]>();
  for (const use of uses) {
    const key = exprKey(use.access);
    const group = byAccess.get(key) ?? [];
    byAccess.set(key, group);
    const guards = use.guards.map(exprKey).join();
    const same = group.findIndex((other) => other.guards.map(exprKey).join() === guards);
    if (same >= 0) group[same] = { ...use, adjoint: add(group[same]!.adjoint, use.adjoint) };
    else group.push(use);
  }
  return [...byAccess.values()].map((group) => {
    const [first, ...others] = group as [Use, ...Use[]];
    if (others.length === 0) return first;
    const shared = first.guards.filter((guard) => others.every((use) => use.guards.some((other) => exprKey(other) === exprKey(guard))));
    const keys = new Set(shared.map(exprKey));
    const parts = group.map((use) => guarded(use.guards.filter((guard) => !keys.has(exprKey(guard))), use.adjoint));
    return { access: first.access, guards: shared, adjoint: parts.reduce(add) };
  });
}

function guarded(conditions: readonly Expr[], body: Expr): Expr {
  return conditions.length === 0 ? body : select(conjunction(conditions), body, real(0));
}
