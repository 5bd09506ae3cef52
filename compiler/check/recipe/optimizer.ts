/** `optimizer = Adam(lr: …)`: one update of a flat vector, lowered for each group of parameters. */
import type { Decl, Expr as Node } from "../../../grammar/ast.ts";
import * as dims from "../../dim.ts";
import { apply, STEP } from "../../ir/expr.ts";
import type { Expr, Graph, GraphOutput } from "../../ir/graph.ts";
import { arguments_, evaluateArgument, matchArguments } from "../arguments.ts";
import { coerce, kindsOf } from "../kinds.ts";
import { runBody } from "../call.ts";
import { valueOf } from "../entry.ts";
import * as errors from "../errors.ts";
import { evaluate } from "../evaluate.ts";
import type { Group } from "./groups.ts";
import { coerceInit } from "../initial.ts";
import type { Initializer, Optimizer } from "../model.ts";
import type { ClassVal, InstanceVal, ParamVal, Size, Val } from "../value.ts";
import { flag, kindOf, scalar } from "../value.ts";
import { declared, methodOf } from "../scope.ts";
import { nearest } from "../../../grammar/suggest.ts";
import { asReal, asTensor, tensorOf } from "../tensor.ts";
import type { Context, Frame, World } from "../world.ts";
import { Run } from "../run.ts";

const LENGTH: Size = { dim: dims.named("n"), text: "n" };

export function optimizerOf(node: Node, recipe: (run: Run) => Context, groups: readonly Group[], world: World): Optimizer | undefined {
  const ctx = recipe(new Run("build"));
  const target = node.kind === "call" && node.callee.kind === "name" ? declared(ctx.frame.home, node.callee.text) : undefined;
  if (node.kind !== "call" || target?.kind !== "class" || target.decl.category !== "optimizer") {
    const all = [...ctx.frame.home.names, ...ctx.frame.home.library].filter(([, d]) => d.decl.kind === "decl" && d.decl.category === "optimizer").map(([name]) => name);
    const name = node.kind === "call" && node.callee.kind === "name" ? node.callee.text : undefined;
    world.report(errors.unknownOptimizer(node.span, name && nearest(name, all), all));
    return undefined;
  }
  const lowered: Lowered[] = [];
  for (const group of groups) {
    const made = lower(target, node, recipe, group);
    // What is wrong with one is wrong with all, and told once.
    if (!made) return undefined;
    lowered.push(made);
  }
  const [first] = lowered;
  if (!first) return undefined;
  return {
    name: target.decl.name.text,
    states: first.states,
    groups: groups.map(({ name, paths }, at) => ({ name, paths, graph: lowered[at]!.graph })),
    ...(first.rate ? { learningRate: first.rate } : {}),
  };
}

interface Lowered {
  readonly graph: Graph;
  readonly states: readonly { readonly name: string; readonly init: Initializer }[];
  readonly rate: Expr | undefined;
}

function lower(target: ClassVal, node: Node & { readonly kind: "call" }, recipe: (run: Run) => Context, { decays, factor }: Group): Lowered | undefined {
  const { decl } = target;
  const run = new Run("update", { training: true });
  const outer = recipe(run);
  const self = instanceOf(target, node, outer);
  if (self && factor && !scaleRate(self, factor, outer)) return undefined;
  const update = methodOf(decl, "update");
  if (!update || update.params.length !== 4) outer.world.report(errors.optimizerUpdate(update?.name.span ?? decl.name.span, decl.name.text));
  if (!self || !update || update.params.length !== 4) return undefined;
  const frame: Frame = { kind: "function", home: target.home, self, path: "", vars: new Map(), pack: [LENGTH], active: [{ what: update, self }], call: "update" };
  const ctx: Context = { ...outer, frame, naming: "w" };
  const states = statesOf(decl, ctx);
  if (!states) return undefined;
  const [w, dw, step, flagged] = update.params.map((param) => param.name.text) as [string, string, string, string];
  frame.vars.set(w, tensorOf(ctx, run.builder.state({ kind: "parameter", path: "w" }, [LENGTH.dim]), [LENGTH]));
  frame.vars.set(dw, tensorOf(ctx, run.builder.state({ kind: "gradient", path: "dw" }, [LENGTH.dim]), [LENGTH]));
  frame.vars.set(step, scalar("i32", STEP));
  frame.vars.set(flagged, flag(decays));
  const [result] = runBody(update, ctx);
  const next = result && asTensor(result, update.name.span, ctx);
  if (!next) return undefined;
  if (next.axes.length !== 1 || !dims.equal(next.axes[0]!.size.dim, LENGTH.dim)) {
    outer.world.report(errors.optimizerResult(update.name.span, kindOf(next)));
    return undefined;
  }
  const outputs: GraphOutput[] = [{ name: "w", value: valueOf(asReal(next), "w", update.name.span, ctx), state: { kind: "parameter", path: "w" } }];
  for (const [path, { value }] of run.written) outputs.push({ name: path, value: valueOf(value, path, update.name.span, ctx), state: { kind: "optimizer", path } });
  const rate = self.members.get("lr");
  return { graph: run.finish(outputs), states: states.map((state) => ({ name: state.path, init: state.init })), rate: rate?.kind === "tensor" ? asReal(rate).body : undefined };
}

/** Multiplies the learning rate. */
function scaleRate(self: InstanceVal, factor: NonNullable<Group["factor"]>, ctx: Context): boolean {
  const rate = self.members.get("lr");
  const by = factor(ctx);
  if (rate?.kind !== "tensor") ctx.world.report(errors.noLearningRate(self.span, self.title));
  if (rate?.kind !== "tensor" || !by) return false;
  self.members.set("lr", { ...rate, body: apply("mul", by.body, rate.body) });
  return true;
}

/** Its hyperparameters; `lr: real` may depend on the step. */
function instanceOf(target: ClassVal, node: Node & { readonly kind: "call" }, ctx: Context): InstanceVal | undefined {
  const { decl, home } = target;
  const params = decl.params ?? [];
  const matched = matchArguments(params, arguments_(node.args), `\`${decl.name.text}\``, ctx, node.span);
  if (!matched) return undefined;
  const self: InstanceVal = { kind: "instance", path: "", decl, home, members: new Map(), children: [], title: decl.name.text, span: node.span, hyperparameters: [], places: new Map() };
  const frame: Frame = { kind: "class", home, self, path: "", vars: new Map(), pack: undefined, active: [], call: "" };
  const kinds = kindsOf(params, { ...ctx, frame });
  for (const [k, param] of params.entries()) {
    const arg = matched[k];
    const inner = arg ? ctx : { ...ctx, frame };
    const kind = kinds[k];
    const span = arg?.span ?? param.initial?.span ?? param.span;
    if (kind === undefined) return undefined;
    let value: Val | undefined;
    if (kind === "run") {
      const tensor = asTensor(evaluate(arg?.node ?? param.initial!, inner), span, inner);
      if (tensor && (tensor.axes.length > 0 || tensor.type === "bool")) {
        ctx.world.report(errors.wrongArgument(span, param.name.text, kindOf(tensor), "real"));
        return undefined;
      }
      value = tensor && asReal(tensor);
    } else {
      value = coerce(evaluateArgument(arg ?? { name: undefined, span, node: param.initial }, param, inner, kind), kind, param.name.text, span, inner);
    }
    if (!value || value.kind === "poison") return undefined;
    self.members.set(param.name.text, value);
  }
  return self;
}

function statesOf(decl: Decl, ctx: Context): readonly ParamVal[] | undefined {
  const states: ParamVal[] = [];
  for (const item of decl.body.items) {
    if (item.kind === "method") continue;
    if (item.kind !== "state") {
      ctx.world.report(errors.misplaced(item.span, `\`${item.kind}\``, "a layer; an optimizer has states and `update`"));
      return undefined;
    }
    const dotted = item.type.dims?.length === 1 && item.type.dims[0]!.kind === "ellipsis";
    const init = coerceInit(evaluate(item.from, ctx), item.from.span, ctx);
    if (!dotted) ctx.world.report(errors.optimizerState(item.type.span, item.name.text));
    if (!dotted || init.kind !== "init") return undefined;
    const state: ParamVal = { kind: "param", state: "optimizer", path: item.name.text, shape: [LENGTH], init: init.init, span: item.span };
    states.push(state);
    ctx.frame.self!.members.set(item.name.text, state);
  }
  return states;
}
