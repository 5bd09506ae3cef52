/** `model = Transformer(vocab: tokenizer.size, d: 256)`: the model built, hyperparameters from the call, `model.NAME = …` and `--set`. */
import type { Decl, Expr as Node } from "../../../grammar/ast.ts";
import type { Span } from "../../../grammar/source.ts";
import { arguments_, evaluateArgument, matchArguments } from "../arguments.ts";
import * as errors from "../errors.ts";
import { build } from "../instance.ts";
import { coerce, kindsOf } from "../kinds.ts";
import { setSpan, valueFromText } from "../overrides.ts";
import { declared } from "../scope.ts";
import { nearest } from "../../../grammar/suggest.ts";
import type { Val } from "../value.ts";
import { POISON } from "../value.ts";
import type { Context } from "../world.ts";
import { SETTINGS, type SettingName } from "./setting-names.ts";
import type { Settings } from "./settings.ts";

export function modelOf(node: Node, settings: Settings): Val {
  const ctx = settings.context();
  const callee = node.kind === "call" && node.callee.kind === "name" ? declared(settings.home, node.callee.text) : undefined;
  if (node.kind !== "call" || callee?.kind !== "class" || (callee.decl.category !== "model" && callee.decl.category !== "layer")) {
    if (callee?.kind === "poison") return POISON; // a declaration that could not be read
    const models = [...settings.home.names].filter(([, d]) => d.decl.kind === "decl" && d.decl.category === "model").map(([name]) => name);
    const name = node.kind === "call" && node.callee.kind === "name" ? node.callee.text : undefined;
    settings.world.report(errors.notAModel(node.span, name && nearest(name, models), models));
    return POISON;
  }
  const params = callee.decl.params ?? [];
  const matched = matchArguments(params.map((p) => (given(settings, p.name.text) ? { ...p, initial: p.initial ?? node } : p)), arguments_(node.args), `\`${callee.decl.name.text}\``, ctx, node.span);
  if (!matched) return POISON;
  checkModelSettings(settings, callee.decl);
  const kindScope: Context = { ...ctx, frame: { ...ctx.frame, home: callee.home, settings: undefined } };
  const kinds = kindsOf(params, kindScope);
  const values = params.map((param, k): Val | undefined => {
    const kind = kinds[k];
    if (kind === undefined || kind === "run") return POISON;
    const arg = given(settings, param.name.text) ?? matched[k];
    return arg && coerce(evaluateArgument(arg, param, ctx, kind), kind, param.name.text, arg.span, ctx);
  });
  if (values.some((value) => value?.kind === "poison")) return POISON;
  return build(callee, values, ctx, node.span, "", settings.siblings);
}

/** A hyperparameter of the model from `--set` or `model.NAME = …`. */
function given(settings: Settings, name: string): { readonly name: undefined; readonly span: Span; readonly node?: Node; readonly value?: Val } | undefined {
  for (const path of [`model.${name}`, name]) {
    const text = settings.options.set[path];
    if (text === undefined) continue;
    const span = setSpan(path, text);
    return { name: undefined, span, value: valueFromText(text, span, settings.home) };
  }
  const setting = settings.ofModel.get(name);
  return setting && { name: undefined, span: setting.target.span, node: setting.values[0]! };
}

function checkModelSettings(settings: Settings, decl: Decl): void {
  const names = (decl.params ?? []).map((param) => param.name.text);
  for (const [name, setting] of settings.ofModel) if (!names.includes(name)) settings.world.report(errors.unknownHyperparameter(setting.target.span, name, decl.name.text, nearest(name, names), names));
  for (const [path, text] of Object.entries(settings.options.set)) {
    if (path.startsWith("recipe.")) continue;
    const name = path.startsWith("model.") ? path.slice("model.".length) : path;
    if (names.includes(name)) continue;
    const isSetting = SETTINGS.includes(name as SettingName) || settings.lets.has(name);
    const offers = [...names, ...SETTINGS.map((setting) => `recipe.${setting}`)];
    settings.world.report(errors.unknownHyperparameter(setSpan(path, text), name, decl.name.text, isSetting ? `recipe.${name}` : nearest(name, offers), names));
  }
}
