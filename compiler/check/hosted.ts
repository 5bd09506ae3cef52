/**
 * What the CPU computes in f64: expressions of the step alone, once per step, and transcendental expressions of indices
 * alone (sinusoids, RoPE), once per session. `sin(t / 10000^(i/d))` in an equation becomes an element of a table [t, i].
 */
import * as dims from "../dim.ts";
import { access, exprKey, index } from "../ir/expr.ts";
import { children } from "../ir/expr.ts";
import type { Expr } from "../ir/graph.ts";
import type { ScalarOpName } from "../ops/scalar.ts";
import { freeIndices, rewrite, some, substitute } from "./expr.ts";
import type { Context } from "./world.ts";
import { joinPath } from "./world.ts";

const TRANSCENDENTAL: ReadonlySet<ScalarOpName> = new Set(["sin", "cos", "exp", "log", "pow", "sqrt", "tanh", "erf"]);

/** The expression with its hosted parts replaced by accesses to leaves. Indices are variables. */
export function onTheHost(expr: Expr, name: string, ctx: Context): Expr {
  if (!some(expr, (e) => mayBeHosted(e, ctx))) return expr;
  const inlined = rewrite(expr, (e) => tableBody(e, ctx));
  const changed = rewrite(inlined, (e) => hostScalar(e, name, ctx) ?? hostTable(e, name, ctx));
  return changed === inlined ? expr : changed;
}

/** Most expressions have nothing of what every hosted one has. */
function mayBeHosted(e: Expr, ctx: Context): boolean {
  if (e.kind === "apply") return TRANSCENDENTAL.has(e.op);
  return e.kind === "step" || (e.kind === "access" && ctx.run.builder.value(e.value).kind === "host-table");
}

/** A table read at indices is an expression of indices again, so that what uses it can move to the host as well. */
function tableBody(e: Expr, ctx: Context): Expr | undefined {
  if (e.kind !== "access") return undefined;
  const value = ctx.run.builder.value(e.value);
  if (value.kind !== "host-table" || e.slots.some((slot) => some(slot, (s) => s.kind === "access"))) return undefined;
  return substitute(value.body, new Map(e.slots.map((slot, k) => [k, slot])));
}

function hostScalar(e: Expr, name: string, ctx: Context): Expr | undefined {
  if (e.kind === "const" || !some(e, (s) => s.kind === "step")) return undefined;
  if (some(e, (s) => s.kind === "access" || s.kind === "index" || s.kind === "draw" || s.kind === "size")) return undefined;
  if (e.kind === "step") return hosted(ctx, `step ${exprKey(e)}`, () => ctx.run.builder.hostScalar("step", e));
  return hosted(ctx, `step ${exprKey(e)}`, () => ctx.run.builder.hostScalar(ctx.run.uniqueName(joinPath(name, "scalar")), e));
}

function hostTable(e: Expr, name: string, ctx: Context): Expr | undefined {
  if (children(e).length === 0 || !some(e, (s) => s.kind === "apply" && TRANSCENDENTAL.has(s.op))) return undefined;
  if (some(e, (s) => s.kind === "access" || s.kind === "draw" || s.kind === "step" || (s.kind === "size" && dims.asNumber(s.dim) === undefined))) return undefined;
  const free = freeIndices(e);
  if (free.length < 1 || free.length > 2) return undefined;
  const vars = free.map((id) => ctx.world.variableOf(id));
  const fed = vars.filter((v) => dims.asNumber(v.size.dim) === undefined);
  if (fed.length > 1 || ctx.run.symbolic) return undefined;
  const axes = [...fed, ...vars.filter((v) => !fed.includes(v))];
  const body = substitute(e, new Map(axes.map((axis, k) => [axis.id, index(k)])));
  const shape = axes.map((axis) => axis.size.dim);
  const id = `${shape.map(dims.key).join(",")}: ${exprKey(body)}`;
  return hosted(ctx, id, () => ctx.run.builder.hostTable(ctx.run.uniqueName(joinPath(name, "table")), shape, body), axes.map((axis) => index(axis.id)));
}

function hosted(ctx: Context, id: string, make: () => { readonly id: number }, slots: readonly Expr[] = []): Expr {
  let found = ctx.run.hosted.get(id);
  if (!found) {
    found = access(make());
    ctx.run.hosted.set(id, found);
  }
  return found.kind === "access" ? access(found.value, ...slots) : found;
}
