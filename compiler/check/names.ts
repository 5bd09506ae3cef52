/** What a name means where it stands: index, variable, member, setting, declaration, built-in; in that order. */
import type { Member, Name } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import { index } from "../ir/expr.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { targetsIn } from "../../grammar/targets.ts";
import { endedBinder } from "./ended.ts";
import * as errors from "./errors.ts";
import { FOREIGN_NAMES } from "./foreign-names.ts";
import { SETTINGS, type SettingName } from "./recipe/setting-names.ts";
import { builtin, BUILTINS, declared, type FileScope, methodOf } from "./scope.ts";
import { nearest } from "../../grammar/suggest.ts";
import type { InstanceVal, Val } from "./value.ts";
import { flag, kindOf, POISON, scalar } from "./value.ts";
import type { Context, World } from "./world.ts";

/** Tells a name that would hide a built-in one, or what expressions of its file can name: recipes and sources are called nowhere. */
export function hidesNothing(name: string, span: Span, home: FileScope, world: World): void {
  const declared = home.names.get(name);
  if (BUILTINS.has(name)) world.report(errors.hidesBuiltin(span, name));
  else if (declared?.home === home && (declared.decl.kind === "fn" || !["train", "data"].includes(declared.decl.category))) world.report(errors.hidesDeclaration(span, name, declared.span));
}

/** Sizes bound by arguments are in capitals. */
export function isBoundSize(name: string): boolean {
  return /^[A-Z][A-Z0-9_]*$/.test(name);
}

export function lookup(name: string, ctx: Context): Val | undefined {
  const variable = ctx.indices?.vars.get(name);
  if (variable) return scalar("i32", index(variable.id));
  return lookupOutside(name, ctx);
}

/** The same with indices left aside: what stands before brackets. */
export function lookupOutside(name: string, ctx: Context): Val | undefined {
  const { frame, run } = ctx;
  const own = frame.vars.get(name);
  if (own) return own;
  if (frame.self) {
    const found = ofInstance(frame.self, name);
    if (found) return found;
  }
  const setting = frame.settings?.(name);
  if (setting) return setting;
  if (name === "training") {
    run.askedTraining = true;
    return run.building && frame.kind === "class" ? POISON : flag(run.training);
  }
  return declared(frame.home, name) ?? builtin(name);
}

function ofInstance(instance: InstanceVal, name: string): Val | undefined {
  const found = instance.members.get(name);
  if (found) return found;
  const fn = methodOf(instance.decl, name);
  return fn && { kind: "method", fn, self: instance };
}

export function unknownName(name: string, span: Span, ctx: Context, inSlot = false): Val {
  const ended = endedBinder(name, span, ctx);
  if (ended) {
    ctx.world.report(errors.binderEnded(span, name, ended.apply, ended.operator));
    return POISON;
  }
  const looksLikeIndex = (inSlot || ctx.indices !== undefined) && /^[a-z]\d?$/.test(name);
  if (looksLikeIndex) unboundIndex(name, span, ctx);
  else if (!ctx.frame.home.partial) ctx.world.report(unknown(name, span, ctx));
  return POISON;
}

function unknown(name: string, span: Span, ctx: Context): Diagnostic {
  const { frame } = ctx;
  const near = nearest(name, knownNames(ctx));
  const otherwise = near?.toLowerCase() !== name.toLowerCase() && !FOREIGN_NAMES.has(name);
  if (isBoundSize(name) && otherwise) return errors.unboundSize(span, name);
  if (frame.kind === "recipe" && SETTINGS.includes(name as SettingName)) return errors.settingNotSet(span, name);
  if (frame.fields?.has(name)) return errors.fieldNotTaken(span, name, frame.call);
  const fn = frame.active.at(-1)?.what;
  if (fn && "results" in fn && fn.body.kind === "block" && targetsIn(fn.body.items).includes(name)) return errors.notHereYet(span, name, "function");
  if (frame.self && otherwise && targetsIn(frame.self.decl.body.items).includes(name)) return errors.notHereYet(span, name, "layer");
  return errors.unknownName(span, name, near);
}

/** Told once in an equation, however often it stands there. */
function unboundIndex(name: string, span: Span, ctx: Context): void {
  const equation = ctx.indices?.bases;
  if (equation && ctx.world.told(equation, name)) return;
  ctx.world.report(errors.unboundIndex(span, name, equation !== undefined));
  if (equation) ctx.world.tell(equation, name);
}

/** `all`: what there is. */
export function unknownMember({ text, span }: Name, of: string, all: readonly string[], world: World): void {
  world.report(errors.unknownMember(span, text, of, nearest(text, all), all));
}

/** Of an axis in a type. */
export function unknownAxis(name: string, span: Span, ctx: Context): void {
  const near = nearest(name, knownNames(ctx));
  ctx.world.report(isBoundSize(name) ? errors.unboundSize(span, name) : near ? errors.unknownName(span, name, near) : errors.unknownAxis(span, name));
}

function knownNames({ frame, indices }: Context): string[] {
  return [
    ...(indices?.vars.keys() ?? []),
    ...frame.vars.keys(),
    ...(frame.self?.members.keys() ?? []),
    ...(frame.self?.decl.body.items.flatMap((item) => (item.kind === "method" ? [item.name.text] : [])) ?? []),
    ...(frame.settingNames ?? []),
    ...frame.home.names.keys(),
    ...frame.home.library.keys(),
    ...BUILTINS,
    "true",
    "false",
  ];
}

/** `model.d`, `tokenizer.size`, `attend.wq`, `embed.logits`. */
export function member(object: Val, node: Member, ctx: Context): Val {
  const name = node.name.text;
  switch (object.kind) {
    case "poison":
      return POISON;
    case "instance": {
      const found = ofInstance(object, name);
      if (found) return found;
      const methods = object.decl.body.items.flatMap((item) => (item.kind === "method" ? [item.name.text] : []));
      unknownMember(node.name, object.title, [...object.members.keys(), ...methods], ctx.world);
      return POISON;
    }
    case "tokenizer": {
      const found = object.sizes.get(name);
      if (found) return found;
      unknownMember(node.name, "a tokenizer", [...object.sizes.keys()], ctx.world);
      return POISON;
    }
    default:
      ctx.world.report(errors.noMembers(node.name.span, name, kindOf(object)));
      return POISON;
  }
}
