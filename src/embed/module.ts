/** `tfmc compile FILE -o DIR`: a model as an ES module with declarations, for a web page, a bundler or Node. */
import type { Model } from "../../compiler/check/model.ts";
import { asNumber } from "../../compiler/dim.ts";
import { byLastPlace } from "../../runtime/decode/entries.ts";
import { decodingOf, entriesOf, generatingEntries } from "../../runtime/index.ts";
import type { Program } from "../../runtime/index.ts";
import type { Generation } from "../../runtime/embedded/generation.ts";
import { seededOptions } from "../experiment/decoding.ts";
import { declarations } from "./declarations.ts";
import { programLiteral, quoted } from "./literal.ts";
import { moduleName, withSafeNames } from "./names.ts";

export interface ModuleOptions {
  /** Where the module gets the runtime: from a package, or from a text that is put into it (`standaloneRuntime`). Default: `tfm/runtime`. */
  readonly runtime?: { readonly from: string } | { readonly text: string };
  /** The text of the model's tokenizer.json, to be put into the module. Without it, whoever loads the model hands it in. */
  readonly tokenizer?: string;
  /** New tokens of a generated text at most, where the caller does not say. */
  readonly maxLength?: number;
  /** Most tokens that a model which continues texts sees at a time. */
  readonly window?: number;
}

/**
 * The files of a compiled model by name, `transformer.js` and `transformer.d.ts`. `program` is compiled from `model` without its
 * training. Same input, same bytes.
 */
export function emitModule(model: Model, program: Program, options: ModuleOptions = {}): ReadonlyMap<string, string> {
  const safe = withSafeNames(program);
  const name = moduleName(model.name);
  const generation = generationOf(model, safe.program, safe.entries, options);
  return new Map([
    [`${name}.js`, moduleText(model, safe.program, name, generation, options)],
    [`${name}.d.ts`, declarations({ model, program: safe.program, entries: safe.entries, moduleName: name, reads: generation !== undefined || model.recipe?.tokenizer !== undefined, generates: generation !== undefined, ownTokenizer: options.tokenizer !== undefined })],
  ]);
}

/** How the recipe generates text, where its entry takes ids that grow and at most ids to read. */
function generationOf(model: Model, program: Program, entries: ReadonlyMap<string, string>, { maxLength, window }: Pick<ModuleOptions, "maxLength" | "window">): Generation | undefined {
  const { generate, tokenizer } = model.recipe ?? {};
  if (generate === undefined || tokenizer === undefined) return undefined;
  const safe = (name: string): string => entries.get(name) ?? name;
  const whole = generatingEntries(program, safe(generate.entry), { encode: safe("encode"), decode: safe("decode") });
  if (whole === undefined) return undefined;
  const last = byLastPlace(whole);
  const use = entriesOf(last).every((name) => program.entries.some((entry) => entry.name === name)) ? last : whole;
  const most = maxLength ?? generate.options["max_length"];
  return { use, decoding: decodingOf(generate.method, seededOptions(model, generate)), ...(most !== undefined && { maxLength: most }), ...(window !== undefined && use.source === undefined && { window }) };
}

/** The tokens of the recipe's tokenizer, where ids of them are what the model takes: it may also have a vocabulary of its own. */
function vocabularyOf({ recipe }: Model, { entries }: Program): number | undefined {
  const tokens = recipe?.tokenizer?.vocabulary;
  return entries.some(({ inputs }) => inputs.some(({ range }) => range !== undefined && asNumber(range) === tokens)) ? tokens : undefined;
}

function moduleText(model: Model, program: Program, name: string, generation: Generation | undefined, options: ModuleOptions): string {
  const { declarations: constants, text } = programLiteral(program);
  const runtime = options.runtime ?? { from: "tfm/runtime" };
  const vocabulary = vocabularyOf(model, program);
  const parts = ["program", ...(generation ? ["generation"] : []), ...(vocabulary === undefined ? [] : [`vocabulary: ${vocabulary}`]), ...(options.tokenizer === undefined ? [] : ["tokenizer"])];
  const blocks = [
    `${header(model, program, name)}\n${imports(runtime)}`,
    `/** Promises the model with these weights: see ${name}.d.ts. */\nexport function load(weights, options) {\n  return loadModel({ ${parts.join(", ")} }, weights, options);\n}`,
    ...(generation ? [`/** What generates text, and how. */\nconst generation = ${plain(generation)};`] : []),
    ...(options.tokenizer === undefined ? [] : [`const tokenizer = ${quoted(compactJson(options.tokenizer))};`]),
    constants,
    `const program = ${text};`,
    ...("text" in runtime ? [`// The runtime, which is the same in every module.\n${runtime.text.trimEnd()}\nconst { loadModel, TfmError } = tfm;\nexport { TfmError };`] : []),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function header(model: Model, program: Program, name: string): string {
  const file = model.file.path.split(/[\\/]/).at(-1);
  return `// ${model.name}, compiled by tfmc from ${file}: ${count(program.entries.length, "entry", "entries")}, ${count(program.kernels.length, "kernel", "kernels")}. Its types stand in ${name}.d.ts.`;
}

function imports(runtime: NonNullable<ModuleOptions["runtime"]>): string {
  if ("text" in runtime) return "// It needs nothing else: the runtime stands at the end.";
  const from = quoted(runtime.from);
  return `import { loadModel } from ${from};\nexport { TfmError } from ${from};`;
}

/** A value of plain objects, arrays, numbers and texts. */
function plain(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(plain).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  return `{ ${Object.entries(value).map(([key, part]) => `${key}: ${plain(part)}`).join(", ")} }`;
}

/** Without its indentation. Not parsed: a vocabulary's keys keep their order and number. */
function compactJson(text: string): string {
  return text.trim().replace(/\n\s*/g, "");
}

const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`;
