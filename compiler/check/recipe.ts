/** `train`: settings in any order, each evaluated when another asks for it; the model built, the loss and the update lowered. */
import type { Call, Decl, Expr as Node, Method, Target } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import * as dims from "../dim.ts";
import { STEP } from "../ir/expr.ts";
import { arguments_, evaluateArgument, matchArguments } from "./arguments.ts";
import { coerce, kindsOf } from "./kinds.ts";
import { dataOf } from "./data.ts";
import { finishEntry, inputTensor } from "./entry.ts";
import * as errors from "./errors.ts";
import { evaluate } from "./evaluate.ts";
import { generateOptions } from "./generate-options.ts";
import { trainedOf } from "./groups.ts";
import type { PatternSetting } from "./groups.ts";
import { build } from "./instance.ts";
import type { Entry, GenerateSpec, Instance, Recipe } from "./model.ts";
import { setSpan, valueFromText } from "./overrides.ts";
import { optimizerOf } from "./optimizer.ts";
import type { FileScope } from "./scope.ts";
import { declared, methodOf } from "./scope.ts";
import { nearest } from "./suggest.ts";
import { phasesOf } from "./phases.ts";
import { validationOf } from "./validation.ts";
import { tokenizerOf, type TokenizerFacts } from "./tokenizer.ts";
import type { InstanceVal, Val } from "./value.ts";
import { POISON, scalar } from "./value.ts";
import type { Context, Frame, World } from "./world.ts";
import { Run } from "./world.ts";

export interface RecipeOptions {
  readonly set: Readonly<Record<string, string>>;
  readonly vocab?: number | undefined;
  readonly tokenizer?: TokenizerFacts | undefined;
}

const SETTINGS = ["tokenizer", "data", "model", "optimizer", "undecayed", "frozen", "rates", "batch", "steps", "clip", "average", "seed", "accumulate", "generate", "metrics", "init_from", "validation", "evaluate", "patience", "watch", "phases"] as const;
type SettingName = (typeof SETTINGS)[number];

interface Setting {
  readonly target: Target;
  readonly values: readonly Node[];
  readonly home: FileScope;
}

export interface Built {
  readonly model: InstanceVal;
  readonly siblings: Instance[];
  readonly recipe: Recipe | undefined;
  readonly reached: ReadonlySet<string>;
}

/** Reads, builds and lowers a recipe. The model is there even where the recipe has errors. */
export function elaborateRecipe(decl: Decl, home: FileScope, options: RecipeOptions, world: World): Built | undefined {
  const maker = new RecipeMaker(decl, home, options, world);
  return maker.build();
}

class RecipeMaker {
  private readonly settings = new Map<string, Setting>();
  private readonly methods = new Map<string, Method>();
  private readonly lets = new Map<string, Node>();
  private readonly ofModel = new Map<string, Setting>();
  private readonly values = new Map<string, Val>();
  private readonly evaluating = new Set<string>();
  private readonly siblings: Instance[] = [];
  private readonly building = new Run("build", { building: true });
  private readonly decl: Decl;
  private readonly home: FileScope;
  private readonly options: RecipeOptions;
  private readonly world: World;
  /** `--set` of the recipe's own settings. */
  private readonly overrides = new Map<string, Val>();

  constructor(decl: Decl, home: FileScope, options: RecipeOptions, world: World) {
    this.decl = decl;
    this.home = home;
    this.options = options;
    this.world = world;
  }

  build(): Built | undefined {
    if (!this.gather(this.decl, [])) return undefined;
    this.readOverrides();
    const model = this.setting("model");
    if (model?.kind !== "instance") {
      if (!this.settings.has("model")) this.world.report(errors.missingSetting(this.decl.name.span, "model", this.decl.name.text));
      return undefined;
    }
    const recipe = this.recipe(model);
    return { model, siblings: this.siblings, recipe: recipe?.recipe, reached: recipe?.reached ?? new Set() };
  }

  /** Own items, then those of the recipe that this one is like. */
  private gather(decl: Decl, within: readonly Decl[]): boolean {
    if (within.includes(decl)) {
      this.world.report(errors.recursion(decl.name.span, decl.name.text, decl.name.span));
      return false;
    }
    const ownLoss = methodOf(decl, "loss") !== undefined;
    for (const item of decl.body.items) {
      if (item.kind === "method") {
        if (!this.methods.has(item.name.text)) this.methods.set(item.name.text, item);
      } else if (item.kind === "let") {
        if (!this.lets.has(item.name.text)) this.lets.set(item.name.text, item.value);
      } else if (item.kind === "assign" && item.targets.length === 1) this.addSetting(item.targets[0]!, item.values, within.length === 0);
      else this.world.report(errors.misplaced(item.span, `\`${item.kind}\``, "a function; a recipe has settings and functions"));
    }
    if (!decl.like) return true;
    const base = declared(this.home, decl.like.text);
    if (base?.kind !== "class" || base.decl.category !== "train") {
      const recipes = this.recipeNames();
      this.world.report(errors.unknownRecipe(decl.like.span, decl.like.text, nearest(decl.like.text, recipes), recipes));
      return false;
    }
    if (!ownLoss) return this.gather(base.decl, [...within, decl]);
    const own = new Map(this.methods);
    const good = this.gather(base.decl, [...within, decl]);
    for (const name of this.methods.keys()) if (!own.has(name)) this.methods.delete(name);
    return good;
  }

  private addSetting(target: Target, values: readonly Node[], own: boolean): void {
    const [step, ...more] = target.steps;
    const name = target.name.text;
    const into = step?.kind === "member" && name === "model" && more.length === 0 ? this.ofModel : this.settings;
    const key = into === this.ofModel && step?.kind === "member" ? step.name.text : name;
    if (into === this.settings && step) return this.world.report(errors.targetShape(target.span));
    if (into === this.settings && !SETTINGS.includes(name as SettingName)) {
      return this.world.report(errors.unknownSetting(target.name.span, name, nearest(name, SETTINGS), SETTINGS));
    }
    const before = into.get(key);
    if (before) {
      if (own) this.world.report(errors.duplicate(target.name.span, key, before.target.span));
      return;
    }
    into.set(key, { target, values, home: this.home });
  }

  /** `--set recipe.batch=8`; those of the model are read when it is built. */
  private readOverrides(): void {
    for (const [path, text] of Object.entries(this.options.set)) {
      if (!path.startsWith("recipe.")) continue;
      const name = path.slice("recipe.".length);
      const span = setSpan(path, text);
      if (!SETTINGS.includes(name as SettingName)) this.world.report(errors.unknownSetting(span, name, nearest(name, SETTINGS), SETTINGS));
      else this.overrides.set(name, name === "init_from" && text !== "none" ? { kind: "text", value: text } : valueFromText(text, span, this.home));
    }
  }

  private context(run: Run, vars = new Map<string, Val>()): Context {
    const frame: Frame = {
      kind: "recipe",
      home: this.home,
      self: undefined,
      path: "",
      vars,
      pack: undefined,
      active: [],
      settings: (name) => this.lookup(name),
      settingNames: [...this.settings.keys(), ...this.lets.keys(), "step"],
      call: "recipe",
    };
    return { world: this.world, run, frame, indices: undefined, live: [], guards: undefined, naming: "", building: undefined };
  }

  private lookup(name: string): Val | undefined {
    if (name === "step") return scalar("i32", STEP);
    const value = this.lets.get(name);
    if (value) return this.once(name, () => evaluate(value, this.context(this.building)));
    return this.setting(name);
  }

  private once(name: string, make: () => Val): Val {
    const known = this.values.get(name);
    if (known) return known;
    if (this.evaluating.has(name)) {
      const at = this.settings.get(name)?.target.span ?? this.decl.name.span;
      this.world.report(errors.settingCycle(at, name));
      return POISON;
    }
    this.evaluating.add(name);
    const made = make();
    this.evaluating.delete(name);
    this.values.set(name, made);
    return made;
  }

  private setting(name: string): Val | undefined {
    const override = this.overrides.get(name);
    const setting = this.settings.get(name);
    if (override) return override;
    if (!setting) return undefined;
    const node = setting.values[0]!;
    return this.once(name, () => {
      if (name === "tokenizer") return tokenizerOf(node, this.context(this.building), { ...this.options.tokenizer, ...(this.options.vocab === undefined ? {} : { size: this.options.vocab }) });
      if (name === "model") return this.model(node);
      return evaluate(node, this.context(this.building));
    });
  }

  private model(node: Node): Val {
    const ctx = this.context(this.building);
    const callee = node.kind === "call" && node.callee.kind === "name" ? declared(this.home, node.callee.text) : undefined;
    if (node.kind !== "call" || callee?.kind !== "class" || (callee.decl.category !== "model" && callee.decl.category !== "layer")) {
      const models = [...this.home.names].filter(([, d]) => d.decl.kind === "decl" && d.decl.category === "model").map(([name]) => name);
      const name = node.kind === "call" && node.callee.kind === "name" ? node.callee.text : undefined;
      this.world.report(errors.notAModel(node.span, name && nearest(name, models), models));
      return POISON;
    }
    const params = callee.decl.params ?? [];
    const matched = matchArguments(params.map((p) => (this.given(p.name.text) ? { ...p, initial: p.initial ?? node } : p)), arguments_(node.args), `\`${callee.decl.name.text}\``, ctx, node.span);
    if (!matched) return POISON;
    this.checkModelSettings(callee.decl);
    const kindScope: Context = { ...ctx, frame: { ...ctx.frame, home: callee.home, settings: undefined } };
    const kinds = kindsOf(params, kindScope);
    const values = params.map((param, k): Val | undefined => {
      const kind = kinds[k];
      if (kind === undefined || kind === "run") return POISON;
      const arg = this.given(param.name.text) ?? matched[k];
      return arg && coerce(evaluateArgument(arg, param, ctx, kind), kind, param.name.text, arg.span, ctx);
    });
    if (values.some((value) => value?.kind === "poison")) return POISON;
    return build(callee, values, ctx, node.span, "", this.siblings);
  }

  /** A hyperparameter of the model from `--set` or `model.NAME = …`. */
  private given(name: string): { readonly name: undefined; readonly span: Span; readonly node?: Node; readonly value?: Val } | undefined {
    for (const path of [`model.${name}`, name]) {
      const text = this.options.set[path];
      if (text === undefined) continue;
      const span = setSpan(path, text);
      return { name: undefined, span, value: valueFromText(text, span, this.home) };
    }
    const setting = this.ofModel.get(name);
    return setting && { name: undefined, span: setting.target.span, node: setting.values[0]! };
  }

  private checkModelSettings(decl: Decl): void {
    const names = (decl.params ?? []).map((param) => param.name.text);
    for (const [name, setting] of this.ofModel) if (!names.includes(name)) this.world.report(errors.unknownHyperparameter(setting.target.span, name, decl.name.text, nearest(name, names), names));
    for (const [path, text] of Object.entries(this.options.set)) {
      if (path.startsWith("recipe.")) continue;
      const name = path.startsWith("model.") ? path.slice("model.".length) : path;
      if (names.includes(name)) continue;
      const isSetting = SETTINGS.includes(name as SettingName);
      const offers = [...names, ...SETTINGS.map((setting) => `recipe.${setting}`)];
      this.world.report(errors.unknownHyperparameter(setSpan(path, text), name, decl.name.text, isSetting ? `recipe.${name}` : nearest(name, offers), names));
    }
  }

  private recipe(model: InstanceVal): { readonly recipe: Recipe | undefined; readonly reached: ReadonlySet<string> } {
    const ctx = this.context(this.building);
    const tokenizer = this.setting("tokenizer");
    const dataSetting = this.settings.get("data");
    const data = dataSetting && dataOf(dataSetting.values[0]!, ctx);
    if (!dataSetting) this.world.report(errors.missingSetting(this.decl.name.span, "data", this.decl.name.text));
    const reached = new Set<string>();
    const entryOf = (method: Method, training: boolean): Entry | undefined => {
      if (!data) return undefined;
      const run = new Run(method.name.text, { training });
      const inner = this.context(run, new Map(data.sizes));
      const inputs = method.params.map((param) => {
        const field = data.fields.find(({ input }) => input.name === param.name.text);
        if (!field) {
          const names = data.fields.map(({ input }) => input.name);
          this.world.report(errors.unknownField(param.name.span, param.name.text, data.spec.source, nearest(param.name.text, names), names));
          inner.frame.vars.set(param.name.text, POISON);
          return undefined;
        }
        inner.frame.vars.set(param.name.text, inputTensor(field.input, field.sizes, inner));
        return field.input;
      });
      const active: Context = { ...inner, frame: { ...inner.frame, call: method.name.text, active: [{ what: method, self: undefined }] }, naming: method.name.text };
      const entry = finishEntry(method, inputs.filter((input) => input !== undefined), active);
      for (const path of [...run.reached, ...run.written.keys()]) reached.add(path);
      return inputs.includes(undefined) ? undefined : entry;
    };
    const lossMethod = this.methods.get("loss");
    if (!lossMethod) this.world.report(errors.missingSetting(this.decl.name.span, "loss", this.decl.name.text));
    const loss = lossMethod && entryOf(lossMethod, true);
    const [output, second] = loss?.outputs ?? [];
    if (loss && output && lossMethod && (second || output.shape.length > 0 || output.type !== "f32")) this.world.report(errors.lossNotScalar(lossMethod.name.span, loss.outputs));
    const validationLoss = loss && entryOf(lossMethod, false);
    const metrics = [...this.methods.values()].filter((method) => method.name.text !== "loss").flatMap((method) => entryOf(method, false) ?? []);
    const paths = this.world.parameters.filter((param) => reached.has(param.path) && param.state === "parameter").map((param) => param.path);
    const trained = loss && trainedOf(loss, paths, (name) => this.patternSetting(name), this.world);
    const optimizer = trained && this.settings.has("optimizer") ? optimizerOf(this.settings.get("optimizer")!.values[0]!, (run) => this.context(run), trained.groups, this.world) : undefined;
    if (!this.settings.has("optimizer")) this.world.report(errors.missingSetting(this.decl.name.span, "optimizer", this.decl.name.text));
    const batch = this.count("batch", 1);
    const steps = this.count("steps", 1);
    const seed = this.settings.has("seed") || this.overrides.has("seed") ? this.count("seed", 0) : 0;
    const accumulate = this.settings.has("accumulate") || this.overrides.has("accumulate") ? this.count("accumulate", 1) : 1;
    const clip = this.real("clip");
    const average = this.real("average", 1);
    const generate = this.generate(model);
    const reports = this.reports();
    const initFrom = this.initFrom();
    const phases = data ? phasesOf({ nodes: this.settings.get("phases")?.values ?? [], set: this.options.set["recipe.phases"] }, data.spec, (node) => evaluate(node, this.context(this.building)), this.world) : [];
    const optional = (name: SettingName): number | undefined => ((this.setting(name)?.kind ?? "none") === "none" ? undefined : this.count(name, 1));
    const validation = validationOf({
      validation: this.setting("validation"), evaluate: optional("evaluate"), patience: optional("patience"), watch: this.settings.get("watch")?.values[0],
      watchSet: this.options.set["recipe.watch"], span: (name) => this.span(name), figures: [...reports, ...metrics.map(({ name }) => name), "loss"],
    }, this.world);
    if (!data || !trained || !validationLoss || !optimizer || batch === undefined || steps === undefined || seed === undefined || accumulate === undefined) return { recipe: undefined, reached };
    return {
      reached,
      recipe: {
        name: this.decl.name.text,
        ...(tokenizer?.kind === "tokenizer" ? { tokenizer: tokenizer.spec } : {}),
        data: data.spec,
        loss: { ...trained.loss, name: "loss" },
        metrics,
        validationLoss: { ...validationLoss, name: "loss" },
        ...validation,
        ...(phases.length === 0 ? {} : { phases }),
        optimizer,
        reports,
        batch,
        steps,
        seed,
        accumulate,
        ...(clip === undefined ? {} : { clip }),
        ...(average === undefined ? {} : { average }),
        ...(generate ? { generate } : {}),
        ...(initFrom === undefined ? {} : { initFrom }),
      },
    };
  }

  private recipeNames(): readonly string[] {
    return [...this.home.names].filter(([, d]) => d.decl.kind === "decl" && d.decl.category === "train").map(([name]) => name);
  }

  /** The recipe whose weights this one starts from; `none` takes back what it is like. */
  private initFrom(): string | undefined {
    const value = this.setting("init_from");
    if (!value || value.kind === "none" || value.kind === "poison") return undefined;
    const others = this.recipeNames().filter((name) => name !== this.decl.name.text);
    if (value.kind === "text" && others.includes(value.value)) return value.value;
    if (value.kind === "text") this.world.report(errors.unknownInitial(this.span("init_from"), value.value, nearest(value.value, others), others));
    else this.world.report(errors.wrongSetting(this.span("init_from"), "init_from", "the name of another recipe as a text, or `none`"));
    return undefined;
  }

  private span(name: string): Span {
    const own = this.overrides.has(name) ? undefined : this.settings.get(name)?.values[0]?.span;
    return own ?? setSpan(`recipe.${name}`, this.options.set[`recipe.${name}`] ?? "");
  }

  private count(name: SettingName, least: number): number | undefined {
    const value = this.setting(name);
    if (!value) {
      this.world.report(errors.missingSetting(this.decl.name.span, name, this.decl.name.text));
      return undefined;
    }
    const count = value.kind === "size" ? dims.asNumber(value.size.dim) : undefined;
    if (count !== undefined && count >= least && count <= 0xffffffff) return count;
    if (value.kind !== "poison") this.world.report(errors.wrongSetting(this.span(name), name, `an integer of at least ${least}`));
    return undefined;
  }

  /** Above 0 and, where it is given, below `limit`. */
  private real(name: SettingName, limit = Number.POSITIVE_INFINITY): number | undefined {
    const value = this.setting(name);
    if (!value || value.kind === "poison" || value.kind === "none") return undefined;
    const size = value.kind === "size" ? dims.asNumber(value.size.dim) : undefined;
    const found = size ?? (value.kind === "tensor" && value.body.kind === "const" && value.type === "f32" ? value.body.value : undefined);
    if (found !== undefined && found > 0 && found < limit) return found;
    this.world.report(errors.wrongSetting(this.span(name), name, limit === Number.POSITIVE_INFINITY ? "a positive number" : `a number between 0 and ${limit}`));
    return undefined;
  }

  private patternSetting(name: string): PatternSetting {
    const text = this.options.set[`recipe.${name}`];
    return text === undefined ? this.settings.get(name) : { text };
  }

  private reports(): readonly string[] {
    const known = ["bleu", "exact_match", "perplexity"];
    return (this.settings.get("metrics")?.values ?? []).flatMap((node) => {
      if (node.kind === "name" && known.includes(node.text)) return [node.text];
      this.world.report(errors.unknownMetric(node.span, node.kind === "name" ? nearest(node.text, known) : undefined, known));
      return [];
    });
  }

  private generate(model: InstanceVal): GenerateSpec | undefined {
    const node = this.settings.get("generate")?.values[0];
    if (!node) return undefined;
    const methods = ["greedy", "beam", "sample"] as const;
    const method = node.kind === "call" && node.callee.kind === "name" ? methods.find((name) => name === (node.callee as { text: string }).text) : undefined;
    if (!method || node.kind !== "call") {
      this.world.report(errors.unknownGenerator(node.span, methods));
      return undefined;
    }
    const entry = this.generated(node, model);
    if (!entry) return undefined;
    const options: Record<string, number> = {};
    for (const arg of node.args.slice(1)) {
      const value = evaluate(arg.value, this.context(this.building));
      const found = value.kind === "size" ? dims.asNumber(value.size.dim) : value.kind === "tensor" && value.body.kind === "const" ? value.body.value : undefined;
      if (found === undefined || !arg.name) {
        this.world.report(errors.wrongSetting(arg.span, "generate", "named numbers after the model"));
        continue;
      }
      const known = generateOptions(method);
      const option = known.find(({ name }) => name === arg.name?.text);
      const names = known.map(({ name }) => name);
      if (option === undefined) this.world.report(errors.unknownArgument(arg.name.span, arg.name.text, `\`${method}\``, nearest(arg.name.text, names), names));
      else if (!option.isValid(found)) this.world.report(errors.wrongSetting(arg.span, option.name, option.wanted));
      else options[option.name] = found;
    }
    return { method, entry, options };
  }

  private generated(node: Call, model: InstanceVal): string | undefined {
    const first = node.args[0]?.value;
    const value = first && evaluate(first, this.context(this.building));
    if (value?.kind === "instance" && value === model && methodOf(model.decl, "forward")) return "forward";
    if (value?.kind === "method" && value.self === model) return value.fn.name.text;
    if (value?.kind !== "poison") this.world.report(errors.wrongSetting(first?.span ?? node.span, "generate", "the model, or a function of it"));
    return undefined;
  }
}
