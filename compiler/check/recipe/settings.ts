/** The settings of a recipe: gathered from it and those that it is like, each evaluated when another asks for it. */
import type { Decl, Expr as Node, Method, Target } from "../../../grammar/ast.ts";
import { parseAssignment } from "../../../grammar/parse.ts";
import type { Span } from "../../../grammar/source.ts";
import { isWithin } from "../../../grammar/source.ts";
import * as dims from "../../dim.ts";
import { STEP } from "../../ir/expr.ts";
import * as errors from "../errors.ts";
import { evaluate } from "../evaluate.ts";
import type { Instance } from "../model.ts";
import { setSpan, valueFromText } from "../overrides.ts";
import type { FileScope } from "../scope.ts";
import { declared, methodOf } from "../scope.ts";
import { nearest } from "../../../grammar/suggest.ts";
import { tokenizerOf, type TokenizerFacts } from "../tokenizer.ts";
import type { Val } from "../value.ts";
import { POISON, scalar } from "../value.ts";
import type { Context, Frame, World } from "../world.ts";
import { Run } from "../run.ts";
import type { PatternSetting } from "./groups.ts";
import { modelOf } from "./model-setting.ts";
import { CALLS, LISTS, REQUIRED, SETTINGS, type SettingName } from "./setting-names.ts";

export interface RecipeOptions {
  readonly set: Readonly<Record<string, string>>;
  readonly vocab?: number | undefined;
  readonly tokenizer?: TokenizerFacts | undefined;
}

export interface Setting {
  readonly target: Target;
  readonly values: readonly Node[];
  readonly home: FileScope;
}

/** Seeds and steps are words of 32 bits where kernels draw. */
const LARGEST = 0xffffffff;

export class Settings {
  /** As the file has them, its own before those that it is like. */
  readonly written = new Map<string, Setting>();
  readonly functions = new Map<string, Method>();
  /** `model.NAME = …` */
  readonly ofModel = new Map<string, Setting>();
  /** Layers that the recipe builds beside its model. */
  readonly siblings: Instance[] = [];
  readonly decl: Decl;
  readonly home: FileScope;
  readonly options: RecipeOptions;
  readonly world: World;
  /** Of settings and functions that could not be read: they are not missing. */
  private readonly lost = new Set<string>();
  readonly lets = new Map<string, Node>();
  private readonly values = new Map<string, Val>();
  private readonly evaluating = new Set<string>();
  private readonly building = new Run("build", { building: true });
  /** `--set` of the recipe's own settings. */
  private readonly overrides = new Map<string, Val>();

  constructor(decl: Decl, home: FileScope, options: RecipeOptions, world: World) {
    this.decl = decl;
    this.home = home;
    this.options = options;
    this.world = world;
  }

  /** Reads the recipe and what is set beside it; false where what it is like is not there. */
  read(): boolean {
    if (!this.gather(this.decl, [])) return false;
    this.readOverrides();
    return true;
  }

  value(name: string): Val | undefined {
    const override = this.overrides.get(name);
    const setting = this.written.get(name);
    if (override) return override;
    if (!setting) return undefined;
    const node = setting.values[0]!;
    return this.once(name, () => {
      if (name === "tokenizer") return tokenizerOf(node, this.context(), { ...this.options.tokenizer, ...(this.options.vocab === undefined ? {} : { size: this.options.vocab }) });
      if (name === "model") return modelOf(node, this);
      return evaluate(node, this.context());
    });
  }

  private lookup(name: string): Val | undefined {
    if (name === "step") return scalar("i32", STEP);
    const value = this.lets.get(name);
    if (value) return this.once(name, () => evaluate(value, this.context()));
    // What is missing is told once, not wherever it is asked for.
    return this.value(name) ?? (this.lost.has(name) || REQUIRED.has(name) ? POISON : undefined);
  }

  private once(name: string, make: () => Val): Val {
    const known = this.values.get(name);
    if (known) return known;
    if (this.evaluating.has(name)) {
      const at = this.written.get(name)?.target.span ?? this.decl.name.span;
      this.world.report(errors.settingCycle(at, name));
      return POISON;
    }
    this.evaluating.add(name);
    const made = make();
    this.evaluating.delete(name);
    this.values.set(name, made);
    return made;
  }

  /** Own items, then those of the recipe that this one is like. */
  private gather(decl: Decl, within: readonly Decl[]): boolean {
    const ownLoss = methodOf(decl, "loss") !== undefined;
    for (const item of decl.body.items) {
      if (item.kind === "method") {
        if (!this.functions.has(item.name.text)) this.functions.set(item.name.text, item);
      } else if (item.kind === "lost") item.names.forEach((name) => this.lost.add(name));
      else if (item.kind === "let") {
        if (SETTINGS.includes(item.name.text as SettingName)) this.world.report(errors.settingAsLet(item.name.span, item.name.text));
        else if (!this.lets.has(item.name.text)) this.lets.set(item.name.text, item.value);
      } else if (item.kind === "assign" && item.targets.length === 1) this.addSetting(item.targets[0]!, item.values, within.length === 0);
      else if (item.kind === "field") {
        this.world.report(errors.misplacedField(item));
        this.lost.add(item.name.text);
      } else if (item.kind === "decl") this.world.report(errors.misplacedDeclaration(item));
      else this.world.report(errors.misplaced(item.span, `\`${item.kind}\``, "a function; a recipe has settings and functions"));
    }
    if (!decl.like) return true;
    const base = declared(this.home, decl.like.text);
    if (base?.kind !== "class" || base.decl.category !== "train") {
      const recipes = this.recipeNames();
      if (!this.home.lost.has(decl.like.text)) this.world.report(errors.unknownRecipe(decl.like.span, decl.like.text, nearest(decl.like.text, recipes), recipes));
      return false;
    }
    const through = [...within, decl];
    if (through.includes(base.decl)) {
      this.world.report(errors.likeItself(decl.like.span, decl.like.text));
      return false;
    }
    if (!ownLoss) return this.gather(base.decl, through);
    const own = new Map(this.functions);
    const good = this.gather(base.decl, through);
    for (const name of this.functions.keys()) if (!own.has(name)) this.functions.delete(name);
    return good;
  }

  private addSetting(target: Target, values: readonly Node[], own: boolean): void {
    const [step, ...more] = target.steps;
    const name = target.name.text;
    const into = step?.kind === "member" && name === "model" && more.length === 0 ? this.ofModel : this.written;
    const key = into === this.ofModel && step?.kind === "member" ? step.name.text : name;
    if (into === this.written && step) return this.world.report(errors.targetShape(target.span));
    if (into === this.written && !SETTINGS.includes(name as SettingName)) {
      this.lost.add(name);
      return this.world.report(errors.unknownSetting(target.name.span, name, nearest(name, SETTINGS), SETTINGS));
    }
    const before = into.get(key);
    if (before) {
      if (own) this.world.report(errors.duplicate(target.name.span, key, before.target.span));
      return;
    }
    if (values.length > 1 && (into === this.ofModel || !LISTS.has(name))) this.world.report(errors.wrongSetting(values[1]!.span, key, "one value"));
    into.set(key, { target, values, home: this.home });
  }

  /** `--set recipe.batch=8`, and of a recipe with `let lr = 1e-3` also `recipe.lr=3e-4`; those of the model are read when it is built. */
  private readOverrides(): void {
    for (const [path, text] of Object.entries(this.options.set)) {
      if (!path.startsWith("recipe.")) continue;
      const name = path.slice("recipe.".length);
      const span = setSpan(path, text);
      if (this.lets.has(name) || CALLS.has(name)) this.rewrite(name, span);
      else if (!SETTINGS.includes(name as SettingName)) {
        const all = [...this.lets.keys(), ...SETTINGS];
        this.world.report(errors.unknownSetting(span, name, nearest(name, all), all));
      } else this.overrides.set(name, name === "init_from" && text !== "none" ? { kind: "text", value: text } : valueFromText(text, span, this.home));
    }
  }

  /** Puts the expression that the command line has in the place of the file's. */
  private rewrite(name: string, span: Span): void {
    const { assignment, diagnostics } = parseAssignment(span.file);
    for (const diagnostic of diagnostics) this.world.report(diagnostic);
    const [target, node] = [assignment?.targets[0], assignment?.values[0]];
    if (!target || !node) {
      if (diagnostics.length === 0) this.world.report(errors.wrongSetting(span, name, "one expression"));
    } else if (this.lets.has(name)) this.lets.set(name, node);
    else this.written.set(name, { target, values: [node], home: this.home });
  }

  context(run: Run = this.building, vars = new Map<string, Val>()): Context {
    const frame: Frame = {
      kind: "recipe",
      home: this.home,
      self: undefined,
      path: "",
      vars,
      pack: undefined,
      active: [],
      settings: (name) => this.lookup(name),
      settingNames: [...this.written.keys(), ...this.lets.keys(), "step"],
      call: "recipe",
    };
    return { world: this.world, run, frame, indices: undefined, live: [], guards: undefined, naming: "", building: undefined };
  }

  missing(name: SettingName | "loss"): void {
    if (!this.lost.has(name)) this.world.report(errors.missingSetting(this.decl.name.span, name, this.decl.name.text));
  }

  /** In the file or beside it. */
  has(name: SettingName): boolean {
    return this.written.has(name) || this.overrides.has(name);
  }

  /** A count that may be left out, or taken back by `none`. */
  optionalCount(name: SettingName): number | undefined {
    return (this.value(name)?.kind ?? "none") === "none" ? undefined : this.count(name, 1);
  }

  /** What an expression of the recipe is when building. */
  evaluated(node: Node): Val {
    return evaluate(node, this.context());
  }

  span(name: string): Span {
    const own = this.overrides.has(name) ? undefined : this.written.get(name)?.values[0]?.span;
    return own ?? setSpan(`recipe.${name}`, this.options.set[`recipe.${name}`] ?? "");
  }

  count(name: SettingName, least: number): number | undefined {
    const value = this.value(name);
    if (!value) {
      this.missing(name);
      return undefined;
    }
    const count = numberOf(value);
    if (count !== undefined && value.kind === "size" && count >= least && count <= LARGEST) return count;
    const limit = count !== undefined && count > LARGEST ? `at most ${LARGEST}` : `at least ${least}`;
    if (value.kind !== "poison") this.world.report(errors.wrongSetting(this.span(name), name, `an integer of ${limit}`));
    return undefined;
  }

  /** Above 0 and, where it is given, below `limit`. */
  real(name: SettingName, limit = Number.POSITIVE_INFINITY): number | undefined {
    const value = this.value(name);
    if (!value || value.kind === "poison" || value.kind === "none") return undefined;
    const found = numberOf(value);
    if (found !== undefined && found > 0 && found < limit) return found;
    this.world.report(errors.wrongSetting(this.span(name), name, limit === Number.POSITIVE_INFINITY ? "a positive number" : `a number between 0 and ${limit}`));
    return undefined;
  }

  patterns(name: string): PatternSetting {
    const text = this.options.set[`recipe.${name}`];
    if (text !== undefined) return { text };
    const setting = this.written.get(name);
    return setting && { values: setting.values, inherited: !isWithin(setting.target.span, this.decl.span) };
  }

  recipeNames(): readonly string[] {
    return [...this.home.names].filter(([, d]) => d.decl.kind === "decl" && d.decl.category === "train").map(([name]) => name);
  }
}

/** A number that is known when building. */
function numberOf(value: Val): number | undefined {
  if (value.kind === "size") return dims.asNumber(value.size.dim);
  return value.kind === "tensor" && value.body.kind === "const" && value.type === "f32" ? value.body.value : undefined;
}
