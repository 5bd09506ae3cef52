/** The checker: from a source file to its model, with everything that is wrong with it. */
import type { Decl } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { SourceFile } from "../../grammar/source.ts";
import { sourceFile } from "../../grammar/source.ts";
import * as dims from "../dim.ts";
import { checkAlone } from "./alone.ts";
import { bindFedSizes, finishEntry, inputOf, inputTensor, isFed } from "./entry.ts";
import { sourceOf } from "./arguments.ts";
import * as errors from "./errors.ts";
import { warnOfDivided } from "./divided.ts";
import { ExpressionTooDeep } from "./fold.ts";
import { readFiles } from "./files.ts";
import type { Entry, Model, Parameter } from "./model.ts";
import type { RecipeOptions } from "./recipe/settings.ts";
import { requireGenerator } from "./recipe/generate.ts";
import { elaborateRecipe } from "./recipe/recipe.ts";
import type { FileScope } from "./scope.ts";
import { nearest } from "../../grammar/suggest.ts";
import type { TokenizerFacts } from "./tokenizer.ts";
import type { InstanceVal, ParamVal } from "./value.ts";
import type { Context, Frame } from "./world.ts";
import { Run } from "./run.ts";
import { warnOfUnread } from "./unread.ts";
import { warnOfLookingAhead } from "./warn-ahead.ts";
import { Exhausted, World } from "./world.ts";
import { withoutRecipe } from "./standalone.ts";
import { weightBlocks } from "./weights.ts";

export interface CheckOptions {
  /** The library's files. */
  readonly std: readonly SourceFile[];
  /** The file that `use "PATH"` names, within the project; absent: none. */
  readonly use?: (path: string) => SourceFile | undefined;
  /** The first recipe by default. */
  readonly recipe?: string | undefined;
  /** `d=48`, `model.d=48`, `recipe.batch=8`. */
  readonly set?: Readonly<Record<string, string>>;
  /** In the place of the tokenizer's size. */
  readonly vocab?: number | undefined;
  /** Of the trained tokenizer; without it its declared size counts. */
  readonly tokenizer?: TokenizerFacts | undefined;
  /** False where another recipe of the file is checked as well: what declarations say by themselves is the same with each. */
  readonly alone?: boolean | undefined;
  /** Checks the library's files as well, not only what is used of them; there may be more of the language in them than can be translated. */
  readonly library?: boolean;
}

export interface Checked {
  /** Absent where errors leave nothing to run, and where a file has no model that can be built. */
  readonly model?: Model;
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Never throws for what a file says. */
export function check(source: SourceFile, options: CheckOptions): Checked {
  const world = new World();
  let model: Model | undefined;
  try {
    model = elaborate(source, options, world);
  } catch (error) {
    const span = world.place ?? { file: source, start: 0, end: 0 };
    if (error instanceof Exhausted) world.report(errors.exhausted(error.span, error.reason));
    else if (error instanceof ExpressionTooDeep) world.report(errors.exhausted(span, "depth"));
    else throw error;
  }
  const diagnostics = inOrder(world.diagnostics, source);
  const failed = diagnostics.some(isError);
  return failed || !model ? { diagnostics } : { model, diagnostics };
}

const isError = ({ severity }: Diagnostic): boolean => severity === "error";

function inOrder(diagnostics: readonly Diagnostic[], main: SourceFile): readonly Diagnostic[] {
  const rank = (d: Diagnostic): number => (d.span.file.path === main.path ? 0 : 1);
  return [...diagnostics].sort((a, b) => rank(a) - rank(b) || (a.span.file.path < b.span.file.path ? -1 : a.span.file.path > b.span.file.path ? 1 : a.span.start - b.span.start));
}

function elaborate(source: SourceFile, options: CheckOptions, world: World): Model | undefined {
  const files = readFiles(source, options.std, options.use ?? (() => undefined), world);
  const { main } = files;
  const recipeOptions: RecipeOptions = { set: options.set ?? {}, vocab: options.vocab, tokenizer: options.tokenizer };
  const recipe = chosenRecipe(main, options.recipe, world);
  const built = recipe ? elaborateRecipe(recipe, main, recipeOptions, world) : withoutRecipe(main, recipeOptions, world);
  const model = built && modelOf(main, built, world);
  if (options.alone ?? true) {
    checkAlone(main, world);
    warnOfDivided(main.file, world);
    if (!world.diagnostics.some(isError)) warnOfUnread(main.file, world);
  }
  if (model && built.generateAt && !world.diagnostics.some(isError)) requireGenerator(model, built.generateAt, world);
  if (model && built.generateAt && !world.diagnostics.some(isError)) warnOfLookingAhead(model, built.generateAt, main, world);
  if (options.library) for (const scope of files.library) checkAlone(scope, world, { ahead: true });
  return model;
}

function chosenRecipe(main: FileScope, name: string | undefined, world: World): Decl | undefined {
  const recipes = main.file.tops.filter((top): top is Decl => top.kind === "decl" && top.category === "train");
  if (name === undefined) return recipes[0];
  const found = recipes.find((recipe) => recipe.name.text === name);
  if (found) return found;
  const file = sourceFile("--recipe", name);
  const names = recipes.map((recipe) => recipe.name.text);
  if (!main.lost.has(name)) world.report(errors.unknownRecipe({ file, start: 0, end: name.length }, name, nearest(name, names), names));
  return undefined;
}

type Built = NonNullable<ReturnType<typeof elaborateRecipe>>;

function modelOf(main: FileScope, built: Built, world: World): Model | undefined {
  const { model: root, recipe } = built;
  const isReached = (param: ParamVal): boolean => !recipe || built.reached.has(param.path);
  const parameters = world.parameters.filter((param) => param.state === "parameter" && isReached(param));
  const paths = new Set(parameters.map((param) => param.path));
  const entries = root.decl.body.items.flatMap((item) => {
    if (item.kind !== "method" || !item.params.every((param) => isFed(param) || param.initial)) return [];
    const made = entryOf(root, item, main, world);
    const outside = made?.reached.some((path) => !paths.has(path) && world.parameters.some((param) => param.path === path && param.state === "parameter"));
    return made && !outside ? [made.entry] : [];
  });
  const instance = built.siblings[0];
  if (!instance) return undefined;
  return {
    name: root.decl.name.text,
    file: main.file.source,
    declaredIn: root.home.file.source,
    root: instance,
    parameters: parameters.map(parameterOf),
    running: world.parameters.filter((param) => param.state === "running" && isReached(param)).map(parameterOf),
    entries,
    weights: weightBlocks(root, world),
    ...(recipe ? { recipe } : {}),
  };
}

function parameterOf(param: ParamVal): Parameter {
  const shape = param.shape.map((size) => {
    const value = dims.asNumber(size.dim);
    if (value === undefined) throw new Error(`internal: ${param.path} has a size that is not known`);
    return value;
  });
  return { path: param.path, shape, init: param.init, span: param.span };
}

/** A function of the model as it is called from outside: nothing is dropped, nothing is written. */
function entryOf(root: InstanceVal, method: Parameters<typeof finishEntry>[0], main: FileScope, world: World): { readonly entry: Entry; readonly reached: readonly string[] } | undefined {
  const run = new Run(method.name.text);
  const path = method.name.text === "forward" ? "" : method.name.text;
  const frame: Frame = { kind: "function", home: root.home, self: root, path, vars: new Map(), pack: undefined, active: [{ what: method, self: root }], call: method.name.text };
  const ctx: Context = { world, run, frame, indices: undefined, live: [], guards: undefined, naming: path || method.name.text, building: undefined };
  const fed = method.params.filter((param) => !param.initial || isFed(param));
  bindFedSizes(fed, ctx, (k) => sourceOf(fed[k]!));
  const inputs = [];
  for (const param of method.params) {
    if (!isFed(param)) return undefined;
    const made = inputOf(param, ctx);
    if (!made) return undefined;
    inputs.push(made.input);
    ctx.frame.vars.set(param.name.text, inputTensor(made.input, made.sizes, ctx));
  }
  const entry = finishEntry(method, inputs, ctx);
  if (!entry && world.diagnostics.length === 0) throw new Error(`internal: ${method.name.text} was refused without a message`);
  return entry && { entry, reached: [...run.reached] };
}
