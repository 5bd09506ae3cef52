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
import type { Known } from "../ops/affine.ts";
import { simplifyConditions, simplifyExpr } from "../ops/algebra.ts";
import { MONOIDS } from "../ops/monoid.ts";
import { type Preimage, preimage } from "../ops/preimage.ts";
import { SCALAR_OPS } from "../ops/scalar.ts";
import { GraphBuilder } from "../ir/builder.ts";
import {
  access, accessesIn, add, apply, children, conjunction, conjuncts, exprKey, iadd, identityAccess, imul, index, int, isConst, real, select, size, substituteIndices,
  withChildren,
} from "../ir/expr.ts";
import type { AccessExpr, Carry, Equation, Expr, Graph, StateLeaf, StateRef, Value, ValueId } from "../ir/graph.ts";
import { inParts, partsOf, type Recurrence, withoutFalseCarries } from "../ir/recurrence.ts";
import { hasLoops, indexSizes, neededFor, operandsOf, stateKey, valuesById } from "../ir/walk.ts";
import { guarded, merged, unguarded, type Use } from "./differentiate/uses.ts";
import { prunedGraph } from "./prune.ts";
import { knownOver } from "./simplify.ts";

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
function gradientName(name: string): string {
  return name.replace(/[^.]*$/, (last) => `d${last}`);
}

/** A part of an adjoint, over the axes of its value, then its own reduced indices. */
interface Contribution {
  readonly body: Expr;
  readonly sizes: readonly Dim[];
  readonly where: readonly Expr[];
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
  /** By carry: its adjoint, and the part of it that comes from outside of the loop. */
  readonly #turned = new Map<ValueId, { readonly adjoint: Carry; readonly outside: readonly Contribution[] }>();

  constructor(given: Graph, leaves: readonly StateLeaf[]) {
    const graph = inParts(withoutFalseCarries(given));
    this.#graph = graph;
    this.#leaves = leaves;
    this.#builder = new GraphBuilder(graph.name, graph);
    this.#byId = valuesById(graph);
    this.#active = new Set(leaves.map((leaf) => leaf.id));
    this.#markActive(graph);
    // Whether what follows a carry is active shows only behind the carry's readers.
    if (hasLoops(graph)) {
      for (let before = 0; before !== this.#active.size; this.#markActive(graph)) before = this.#active.size;
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
    const loops = new Map(partsOf(this.#graph).flatMap((part) => ("members" in part ? part.members.map(({ id }) => [id, part] as const) : [])));
    const turned = new Set<Recurrence>();
    for (const value of this.#graph.values.toReversed()) {
      const loop = loops.get(value.id);
      if (loop && !turned.has(loop)) this.#turn(loop);
      if (loop) turned.add(loop);
      if (value.kind === "carry") this.#close(value);
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
    return inParts(withoutFalseCarries(this.#builder.build()));
  }

  /** The first value that reads a leaf: the last one that the reverse sweep meets. */
  #firstReaders(): ReadonlyMap<ValueId, ValueId> {
    const first = new Map<ValueId, ValueId>();
    for (const value of this.#graph.values) for (const operand of operandsOf(value)) if (!first.has(operand)) first.set(operand, value.id);
    return first;
  }

  #markActive(graph: Graph): void {
    for (const value of graph.values) {
      if (value.kind === "equation" && value.type === "f32" && this.#isActive(value.body)) this.#active.add(value.id);
      if (value.kind === "carry" && value.type === "f32" && (this.#active.has(value.init) || this.#active.has(value.next))) this.#active.add(value.id);
    }
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

  // ── Loops ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * The gradient of a loop is a loop in the other direction, over the carries' adjoints at all times. Before the equations of a loop
   * hand anything on, all that reads the loop from outside has done so: the adjoint of the last content is known.
   *
   *     h[0] = h0;  h[s+1] = f(h[s], x[s])         dh[S] = out[S];  dh[s] = out[s] + dh[s+1] · ∂f/∂h[s];  dh0 = dh[0]
   */
  #turn(loop: Recurrence): void {
    const reached = this.#reached(loop);
    for (const carry of loop.carries) {
      if (!this.#active.has(carry.id) || !reached.has(carry.id)) continue;
      this.#builder.origin = carry.origin;
      const name = gradientName(carry.name);
      const outside = this.#contributions.get(carry.id) ?? [];
      this.#contributions.delete(carry.id);
      const last = loop.reverse ? int(0) : size(loop.extent);
      const rest = carry.shape.slice(1);
      const arriving = this.#total(`${name}.last`, rest, this.#placed(outside, rest, (at) => (at === 0 ? last : index(at - 1))));
      const start = this.#builder.map(`${name}.start`, rest, simplifyExpr(arriving, this.#known(rest)));
      const next = this.#builder.fresh();
      const adjoint = this.#builder.carry(name, loop.extent, start, next, !loop.reverse);
      this.#turned.set(carry.id, { adjoint, outside });
      const after = access(adjoint, loop.reverse ? index(0) : iadd(index(0), int(1)), ...rest.map((_, at) => index(at + 1)));
      this.#contribute(carry.next, { body: after, sizes: [], where: [] });
    }
  }

  /** All equations of the loop have handed on what reaches them. */
  #close(carry: Carry): void {
    const turned = this.#turned.get(carry.id);
    if (!turned) return;
    const { adjoint, outside } = turned;
    this.#builder.origin = carry.origin;
    const shape = [carry.extent, ...carry.shape.slice(1)];
    // The time at which the equations of time s read the carry.
    const moved = (at: number): Expr | undefined => (carry.reverse && at === 0 ? iadd(index(0), int(1)) : undefined);
    const total = this.#total(`${adjoint.name}.in`, shape, this.#placed([...outside, ...(this.#contributions.get(carry.id) ?? [])], shape, moved));
    this.#builder.push({
      ...(carry.origin && { origin: carry.origin }), kind: "equation", id: adjoint.next, name: `${adjoint.name}.next`, type: "f32", shape, body: simplifyExpr(total, this.#known(shape)),
    });
    const first = access(adjoint, carry.reverse ? size(carry.extent) : int(0), ...shape.slice(1).map((_, at) => index(at)));
    if (this.#active.has(carry.init)) this.#contribute(carry.init, { body: first, sizes: [], where: [] });
  }

  /** Contributions to a carry, over some of its times: those that do not reach these are left out. */
  #placed(all: readonly Contribution[], shape: readonly Dim[], by: (at: number) => Expr | undefined): readonly Contribution[] {
    return all.flatMap(({ body, sizes, where }): readonly Contribution[] => {
      const known = this.#known([...shape, ...sizes]);
      const conditions = simplifyConditions(where.map((condition) => substituteIndices(condition, by)), known);
      if (conditions.some((condition) => isConst(condition, 0))) return [];
      return [{ sizes, where: conditions, body: simplifyExpr(substituteIndices(body, by), known, conditions) }];
    });
  }

  /** What of a loop the gradients from outside arrive at. */
  #reached(loop: Recurrence): ReadonlySet<ValueId> {
    const own = new Map<ValueId, Value>([...loop.carries, ...loop.members].map((value) => [value.id, value]));
    return neededFor([...own.keys()].filter((id) => this.#contributions.has(id)), own);
  }

  /** The sum of contributions over axes, each reduction in an equation of its own. */
  #total(name: string, shape: readonly Dim[], all: readonly Contribution[]): Expr {
    const terms = all.map(({ body, sizes, where }, at) => {
      if (sizes.length === 0) return guarded(where, body);
      return identityAccess(this.#builder.sum(`${name}.${at + 1}`, shape, sizes, body, where.length > 0 ? conjunction(where) : undefined));
    });
    return terms.reduce(add, real(0));
  }

  #known(sizes: readonly Dim[]): Known {
    return knownOver(sizes, (id) => this.#builder.value(id));
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
    const total = dims.multiply(...reduce.sizes);
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
    // Where the guards fail, what a slot reads may lie outside: `if t > 0 then x[ids[t-1]]`.
    const [first, last] = partition(where, (condition) => accessesIn(condition).every(({ slots }) => slots.every(isPlain)));
    const conditions = simplifyConditions([...first, ...use.guards.map(moved), ...last], known);
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

function isPlain(slot: Expr): boolean {
  return slot.kind === "index" || slot.kind === "const";
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}
