/**
 * The entry `update`: from the gradients of a step to new parameters and optimizer states.
 *
 * Around the optimizer's own equations it adds clipping by the global norm (Pascanu et al. 2013, §3.2) and a guard: when the
 * loss or the norm is not finite nothing changes and the report names the step, so the weights that led there survive.
 */
import { fnv1a } from "../ir/fnv1a.ts";
import type { Optimizer, Recipe } from "../check/model.ts";
import { constant, type Dim, substitute } from "../dim.ts";
import { GraphBuilder } from "../ir/builder.ts";
import { access, accessesIn, apply, iadd, identityAccess, imul, index, int, mapExpr, real, select, size, STEP } from "../ir/expr.ts";
import type { Equation, Expr, Graph, StateLeaf, Value, ValueId } from "../ir/graph.ts";
import { mapExpressions } from "../ir/walk.ts";
import { elementCount } from "../../runtime/size.ts";
import { ENTRIES, REPORT as AT, REPORT_LENGTH } from "../../runtime/training/report.ts";
import { CHUNK, type Layout, LOSS, nextState, type Range, REPORT } from "../plan/layout.ts";

export function updateGraph(recipe: Recipe, layout: Layout): Graph {
  const b = new GraphBuilder(ENTRIES.update);
  const loss = b.state(LOSS, []);
  const norm = gradientNorm(b, layout);
  const ok = b.map("finite", [], apply("and", apply("finite", access(loss)), apply("finite", access(norm))));
  const clip = recipe.clip === undefined ? undefined : b.map("clip", [], clipFactor(access(norm), recipe.clip));
  const share = recipe.average === undefined ? undefined : b.hostScalar("average", newShare(recipe.average));
  report(b, access(loss), access(norm), access(ok));
  for (const { name, graph, paths } of recipe.optimizer.groups) {
    const ranges = readsElsewhere(graph) ? paths.map((path) => tensorOf(layout, path)) : layout.ranges.filter(({ of }) => of === name);
    for (const range of ranges) if (range.length > 0) inline(b, range, graph, access(ok), clip && access(clip), share && access(share));
  }
  keepRunning(b, recipe, layout, access(ok));
  return b.build();
}

/** Whether an element's update needs others of its parameter, as a trust ratio does: then each parameter has an update of its own. */
function readsElsewhere(graph: Graph): boolean {
  return graph.values.some((value) => value.kind === "equation" && (value.reduce !== undefined || accessesIn(value.body).some(({ slots }) => slots.some((slot) => slot.kind !== "index"))));
}

function tensorOf({ buffers }: Layout, path: string): Pick<Range, "name" | "length"> {
  const { shape } = buffers.find(({ kind }) => kind === "parameter")!.tensors.find((tensor) => tensor.path === path)!;
  return { name: path, length: elementCount(shape) };
}

/** Running states become what `grad` found for them. */
function keepRunning(b: GraphBuilder, { loss }: Recipe, layout: Layout, ok: Expr): void {
  const written = new Set(loss.graph.outputs.flatMap(({ state }) => (state?.kind === "running" ? [state.path] : [])));
  for (const { path, shape } of layout.buffers.find(({ kind }) => kind === "running")?.tensors ?? []) {
    if (!written.has(path)) continue;
    const [old, next] = [b.state({ kind: "running", path }, shape), b.state(nextState(path), shape)];
    b.output(path, b.map(path, shape, select(ok, identityAccess(next), identityAccess(old))), old.state);
  }
}

/** √Σg². */
function gradientNorm(b: GraphBuilder, layout: Layout): Equation {
  const squares = layout.ranges.filter(({ of }) => of === "all").map((range, at): Expr => access(sumOfSquares(b, range, at === 0 ? "norm" : `norm.${at + 1}`)));
  return b.map("grad_norm", [], apply("sqrt", squares.reduce((sum, square) => apply("add", sum, square))));
}

/** Σg² of a range, in three stages so that no invocation sums more than a few thousand terms. */
function sumOfSquares(b: GraphBuilder, range: Range, name: string): Equation {
  const gradient = b.state({ kind: "gradient", path: range.name }, [range.length]);
  const width = 64;
  const inner = b.sum(`${name}.parts`, [range.length / width], [width], (part, at) => {
    const g = access(gradient, iadd(imul(part, int(width)), at));
    return apply("mul", g, g);
  });
  const groups = range.length / CHUNK, outerWidth = CHUNK / width;
  const outer = b.sum(`${name}.groups`, [groups], [outerWidth], (group, at) => access(inner, iadd(imul(group, int(outerWidth)), at)));
  return b.sum(`${name}.square`, [], [groups], (at) => access(outer, at));
}

/** min(1, clip / norm). */
function clipFactor(norm: Expr, clip: number): Expr {
  return select(apply("lt", real(clip), norm), apply("div", real(clip), norm), real(1));
}

function report(b: GraphBuilder, loss: Expr, norm: Expr, ok: Expr): void {
  const step = b.hostScalar("step", apply("toReal", STEP));
  const old = b.state(REPORT, [REPORT_LENGTH]);
  const is = (at: number): Expr => apply("ieq", index(0), int(at));
  const seen = access(old, index(0));
  const bad = select(apply("ne", seen, real(0)), seen, select(ok, real(0), access(step)));
  const next = b.map("report", [REPORT_LENGTH], select(is(AT.loss), loss, select(is(AT.gradNorm), norm, select(is(AT.badStep), bad, seen))));
  b.output("report", next, REPORT);
}

/**
 * How much of the new weights a step takes into their average, an exponential moving one: 1 - min(average, (1 + step) / (10 + step)),
 * so that the weights that training began with do not stay in it for long (as `num_updates` of TensorFlow's ExponentialMovingAverage).
 */
function newShare(average: number): Expr {
  const step = apply("toReal", STEP);
  return apply("sub", real(1), apply("min", real(average), apply("div", apply("add", real(1), step), apply("add", real(10), step))));
}

/** The same entry with the averages of the weights that are trained in the place of the weights. */
export function averaged(graph: Graph, optimizer: Optimizer): Graph {
  const trained = new Set(optimizer.groups.flatMap(({ paths }) => paths));
  return {
    ...graph,
    values: graph.values.map((value) => (value.kind === "state" && value.state.kind === "parameter" && trained.has(value.state.path) ? { ...value, state: { kind: "average", path: value.state.path } } : value)),
  };
}

/** The optimizer's equations over one range; its gradient is clipped, its results are taken only where the step is sound. */
function inline(b: GraphBuilder, { name: range, length: count }: Pick<Range, "name" | "length">, graph: Graph, ok: Expr, clip: Expr | undefined, share: Expr | undefined): void {
  const length = constant(count);
  const renamed = new Map<ValueId, ValueId>();
  const leaves = new Map<string, StateLeaf>();
  for (const value of graph.values) {
    const made = copied(b, value, { range, length, renamed, clip });
    renamed.set(value.id, made.id);
    if (value.kind === "state") leaves.set(`${value.state.kind}:${value.state.path}`, made as StateLeaf);
  }
  for (const { value, state, name } of graph.outputs) {
    const result = renamed.get(value)!;
    const kind = state?.kind ?? "parameter";
    // Unread where the optimizer does without it, as descent without momentum does.
    const old = leaves.get(`${kind}:${state?.path ?? "w"}`) ?? b.state({ kind, path: kind === "optimizer" ? `${state?.path}:${range}` : range }, [length]);
    const guarded = b.map(`${range}.${name}`, [length], select(ok, access(result, index(0)), access(old, index(0))));
    b.output(`${range}.${name}`, guarded, old.state);
    if (kind !== "parameter" || !share) continue;
    const mean = b.state({ kind: "average", path: range }, [length]);
    const was = access(mean, index(0));
    const moved = apply("add", was, apply("mul", share, apply("sub", access(guarded, index(0)), was)));
    b.output(`${range}.average`, b.map(`${range}.average`, [length], select(ok, moved, was)), mean.state);
  }
}

interface Copying {
  readonly range: string;
  readonly length: Dim;
  readonly renamed: ReadonlyMap<ValueId, ValueId>;
  readonly clip: Expr | undefined;
}

function copied(b: GraphBuilder, value: Value, { range, length, renamed, clip }: Copying): Value {
  const sizes = new Map([["n", length]]);
  const sized = (dims: readonly Dim[]): readonly Dim[] => dims.map((dim) => substitute(dim, sizes));
  const shape = sized(value.shape);
  if (value.kind === "state") {
    const { kind, path } = value.state;
    if (kind === "optimizer") return b.state({ kind, path: `${path}:${range}` }, shape);
    const leaf = b.state({ kind, path: range }, shape);
    if (kind !== "gradient" || !clip) return leaf;
    return b.map(`${range}.dw`, shape, apply("mul", access(leaf, index(0)), clip));
  }
  const moved = mapExpressions(value, (expr) => mapExpr(expr, (node) => {
    if (node.kind === "access") return { ...node, value: renamed.get(node.value)! };
    if (node.kind === "size") return size(substitute(node.dim, sizes));
    // What one range draws, no other does.
    return node.kind === "draw" ? { ...node, site: (node.site ^ fnv1a(range)) >>> 0, sizes: sized(node.sizes) } : node;
  }));
  const reduced = moved.kind === "equation" && moved.reduce ? { ...moved, reduce: { ...moved.reduce, sizes: sized(moved.reduce.sizes) } } : moved;
  return b.push({ ...reduced, shape, id: b.fresh(), name: `${range}.${value.name}` });
}
