/** The declarations of a compiled module: a method for each entry, with the model's own names, sizes and comments. */
import type { Entry as ModelEntry, Model } from "../../compiler/check/model.ts";
import { asNumber, print } from "../../compiler/dim.ts";
import type { Dim } from "../../compiler/dim.ts";
import type { ScalarType } from "../../compiler/ir/graph.ts";
import type { Entry, Input, Program } from "../../runtime/program.ts";
import { totalElements } from "../../runtime/size.ts";
import { typeName } from "./names.ts";
import { signatures } from "./signatures.ts";
import type { Signature } from "./signatures.ts";

export interface DeclarationParts {
  readonly model: Model;
  readonly program: Program;
  /** From the model's names of entries to the program's. */
  readonly entries: ReadonlyMap<string, string>;
  readonly moduleName: string;
  /** Whether the model reads texts through a tokenizer; one that also writes them generates. */
  readonly reads: boolean;
  readonly generates: boolean;
  readonly ownTokenizer: boolean;
}

/** Stands alone: it needs neither this package's types nor WebGPU's, and uses the latter where they are known. */
export function declarations(parts: DeclarationParts): string {
  const { model, program, reads, generates, ownTokenizer, moduleName } = parts;
  const file = model.file.path.split(/[\\/]/).at(-1);
  const name = typeName(model.name);
  const textual = reads && !ownTokenizer ? `${name}WithTokenizer` : name;
  const used = new Set<string>();
  const body = interfaceOf(parts, name, used);
  const sizes = [...new Set(model.entries.flatMap((entry) => entry.sizes))];
  const blocks = [
    `// Types of ${moduleName}.js, compiled by tfmc from ${file}.`,
    body,
    ...(reads && !ownTokenizer ? [`/** Loaded with its tokenizer, the model also reads ${generates ? "and writes " : ""}text. */\nexport interface ${textual} extends ${name} {\n${textMembers(model, generates)}\n}`] : []),
    loadFunction(parts, name, textual, program),
    loadOptions(sizes, reads, ownTokenizer),
    ...(generates ? [GENERATE_OPTIONS] : []),
    ...(reads ? [TOKENIZER] : []),
    TENSOR,
    ...Object.entries(ARRAYS).flatMap(([type, text]) => (used.has(type) ? [text] : [])),
    ERROR,
    FOREIGN,
  ];
  return `${blocks.join("\n\n")}\n`;
}

function interfaceOf({ model, program, entries, reads, generates, ownTokenizer }: DeclarationParts, name: string, used: Set<string>): string {
  const { doc, entries: written } = signatures(model.declaredIn, model.name);
  const methods = model.entries.flatMap((entry) => {
    const compiled = program.entries.find((one) => one.name === entries.get(entry.name));
    return compiled === undefined ? [] : [method(entry, compiled, written.get(entry.name), used)];
  });
  const parameters = totalElements(model.parameters);
  const lines = [...(doc === undefined ? [] : [...doc.split("\n"), ""]), `${parameters.toLocaleString("en-US")} parameters. Calls run one after the other; each promise is rejected with a TfmError where its arguments do not fit.`];
  const members = [...methods, ...(reads && ownTokenizer ? [textMembers(model, generates)] : []), "  /** Frees what the model holds on the GPU. A device that was handed in stays. */\n  dispose(): void;"];
  return `${comment(lines, "")}\nexport interface ${name} {\n${members.join("\n\n")}\n}`;
}

function method(entry: ModelEntry, compiled: Entry, written: Signature | undefined, used: Set<string>): string {
  const docs = written === undefined ? [] : written.doc === undefined ? [`\`${written.text}\``] : [...written.doc.split("\n"), "", `    ${written.text}`];
  const requires = entry.requires.map(({ text }) => `\`${text}\``);
  const inputs = compiled.inputs.map((input) => `    ${comment([inputDoc(input)], "    ").trimStart()}\n    readonly ${property(input.name)}: ${inputType(entry, input, used)};`);
  const argument = inputs.length === 0 ? "inputs?: {}" : `inputs: {\n${inputs.join("\n")}\n  }`;
  const sizes = entry.sizes.length === 0 ? "" : `, sizes?: Sizes<${entry.sizes.map(literal).join(" | ")}>`;
  const outputs = compiled.outputs.map((output, at) => {
    const type = entry.outputs[at]?.type ?? "f32";
    return { name: output.name, text: tensorType(type, output.shape, written?.axes[at] ?? []) };
  });
  if (entry.sizes.length > 0) used.add("Sizes");
  const [only, ...others] = outputs;
  const result = others.length === 0 ? (only?.text ?? "never") : `{ ${outputs.map(({ name, text }) => `readonly ${property(name)}: ${text}`).join("; ")} }`;
  const lines = [...docs, ...(requires.length === 0 ? [] : [...(docs.length === 0 ? [] : [""]), `Requires ${requires.join(", ")}.`])];
  return `${lines.length === 0 ? "" : `${comment(lines, "  ")}\n`}  ${property(compiled.name)}(${argument}${sizes}): Promise<${result}>;`;
}

function inputDoc({ shape, range }: Input): string {
  const axes = shape.length === 0 ? "One number" : `[${shape.map(print).join(", ")}]`;
  return range === undefined ? `${axes}.` : `${axes}, each from 0 to ${rangeEnd(range)}.`;
}

function rangeEnd(range: Dim): string {
  const number = asNumber(range);
  return number === undefined ? `${print(range)} - 1` : String(number - 1);
}

const KINDS: Readonly<Record<ScalarType, "Reals" | "Integers" | "Booleans">> = { f32: "Reals", i32: "Integers", bool: "Booleans" };

function inputType(entry: ModelEntry, input: Input, used: Set<string>): string {
  const type = entry.inputs.find(({ name }) => name === input.name)?.type ?? (input.type === "f32" ? "f32" : "i32");
  const kind = KINDS[type];
  const rank = input.shape.length;
  if (rank === 0) return type === "bool" ? "boolean" : "number";
  used.add(kind);
  // Packed, or nested as deep as there are axes.
  if (rank === 1) return kind;
  const packed = { Reals: "Float32Array", Integers: "Int32Array | Uint32Array", Booleans: "Int32Array | Uint32Array" }[kind];
  return `${packed} | ${Array.from({ length: rank - 1 }).reduce<string>((inner) => `readonly ${inner.includes(" ") ? `(${inner})` : inner}[]`, kind)}`;
}

function tensorType(type: ScalarType, shape: readonly Dim[], names: readonly (string | undefined)[]): string {
  const array = type === "f32" ? "Float32Array" : "Int32Array";
  const axes = shape.map((dim, at) => {
    const number = asNumber(dim);
    const text = print(dim);
    const name = names.length === shape.length ? names[at] : undefined;
    return `${name ?? (/^[A-Za-z_]\w*$/.test(text) ? text : `axis${at}`)}: ${number ?? "number"}`;
  });
  return `Tensor<${array}, readonly [${axes.join(", ")}]>`;
}

function textMembers(model: Model, generates: boolean): string {
  const tokenizer = "  /** From text to ids and back. */\n  readonly tokenizer: Tokenizer;";
  return generates ? `${generateMembers(model)}\n\n${tokenizer}` : tokenizer;
}

function generateMembers(model: Model): string {
  const method = model.recipe?.generate?.method ?? "greedy";
  const how = { greedy: "greedy decoding", beam: "beam search", sample: "drawing each token" }[method];
  return `  /** Writes what the model makes of a text, by ${how}. */
  generate(text: string, options?: GenerateOptions): Promise<string>;
  /** The same for many texts, which share batches; in their order. */
  generate(texts: readonly string[], options?: GenerateOptions): Promise<string[]>;
  /** The one or the other, as it is given. */
  generate(texts: string | readonly string[], options?: GenerateOptions): Promise<string | string[]>;`;
}

function loadFunction({ model, reads, generates, ownTokenizer, moduleName }: DeclarationParts, name: string, textual: string, program: Program): string {
  const entry = program.entries[0]?.name ?? "forward";
  const options = reads && !ownTokenizer ? ', { tokenizer: "tokenizer.json" }' : "";
  const use = generates ? 'await model.generate("…")' : `await model${/^\w+$/.test(entry) ? `.${entry}` : `[${literal(entry)}]`}({ … })`;
  const lines = [
    `The model ${model.name} with trained weights, ready to run.`,
    "",
    `    import { load } from "./${moduleName}.js";`,
    `    const model = await load("model.safetensors"${options});`,
    `    ${use};`,
    "",
    "`weights` is the file `model.safetensors` of a run. The promise is rejected with a TfmError where there is no WebGPU adapter, or",
    "where the weights are damaged or of another model.",
  ];
  const overload = reads && !ownTokenizer ? `export declare function load(weights: Resource, options: LoadOptions & { readonly tokenizer: Resource | object }): Promise<${textual}>;\n` : "";
  return `${comment(lines, "")}\n${overload}export declare function load(weights: Resource, options?: LoadOptions): Promise<${name}>;`;
}

function loadOptions(sizes: readonly string[], reads: boolean, ownTokenizer: boolean): string {
  const tokenizer = reads
    ? [`  /** The \`tokenizer.json\` that was saved with the weights${ownTokenizer ? ", in the place of the module's own" : ""}: its text, its content, its bytes or where it is. */\n  readonly tokenizer?: Resource | object;`]
    : [];
  const members = [
    ...tokenizer,
    "  /** A device to use and leave alive; by default one is made and destroyed with the model. */\n  readonly device?: Device;",
    "  /** Where to ask for a device: `navigator.gpu` by default; in Node `create([])` of the package `webgpu`, to be kept as long as the model. */\n  readonly gpu?: Gpu;",
    ...(sizes.length === 0 ? [] : [`  /** Sizes to make room for at once. A larger call makes more room, which takes it a moment. */\n  readonly bounds?: Sizes<${sizes.map(literal).join(" | ")}>;`]),
    "  /** Bytes of GPU memory for weights, inputs and values at most; 4 GiB by default. */\n  readonly memoryBudget?: number;",
  ];
  return `export interface LoadOptions {\n${members.join("\n")}\n}\n\n/** Sizes that do not follow from the inputs, as where a matrix is given packed. */\nexport type Sizes<Name extends string> = { readonly [name in Name]?: number };`;
}

const GENERATE_OPTIONS = `export interface GenerateOptions {
  /** New tokens of a text at most. */
  readonly maxLength?: number;
  /** How, in the place of what the recipe says. */
  readonly decoding?: Decoding;
  /** Of what is drawn, in the place of the recipe's. */
  readonly seed?: number;
  /** Texts before the first of which an answer ends. */
  readonly stop?: readonly string[];
  /** Texts at a time at most; 16 by default. */
  readonly batch?: number;
  /** Ends the generation before its next token: an AbortSignal, with whose reason the promise is rejected. */
  readonly signal?: { throwIfAborted(): void };
  /** Called with pieces of an answer as they come, and the index of its text. Beam search has an answer only when it ends. */
  readonly onText?: (text: number, piece: string) => void;
  /** Called with the number of texts done. */
  readonly onProgress?: (done: number) => void;
}

/** The likeliest token each time; the best of \`width\` texts; or a token drawn from the likeliest. */
export type Decoding =
  | { readonly method: "greedy" }
  | { readonly method: "beam"; readonly width: number; readonly lengthPenalty: number }
  | { readonly method: "sample"; readonly temperature?: number; readonly topK?: number; readonly topP?: number; readonly seed?: number };`;

const TOKENIZER = `export interface Tokenizer {
  /** Number of ids. */
  readonly size: number;
  readonly pad: number;
  readonly start: number;
  readonly end: number;
  readonly unk: number;
  encode(text: string): number[];
  decode(ids: Iterable<number>): string;
}`;

const TENSOR = `/** An array of numbers, row by row. */
export interface Tensor<Data, Shape> {
  readonly shape: Shape;
  readonly data: Data;
}`;

const ARRAYS = {
  Reals: "export type Reals = Float32Array | readonly number[];",
  Integers: "export type Integers = Int32Array | Uint32Array | readonly number[];",
  Booleans: "/** As numbers, 0 is false. */\nexport type Booleans = Int32Array | Uint32Array | readonly (boolean | 0 | 1)[];",
} as const;

const ERROR = `/** What went wrong, for people (\`message\`, \`hint\`) and for programs (\`code\`, such as "no-adapter" or "index-out-of-range"). */
export declare class TfmError extends Error {
  readonly code: string;
  readonly hint?: string;
}`;

// The names are looked up, so that a project without the DOM's types, or without WebGPU's, can use the declarations.
const FOREIGN = `/** Bytes; a Response, Blob or File; an address to fetch; a promise of any of them. */
export type Resource = Ready | PromiseLike<Ready>;
type Ready = ArrayBuffer | ArrayBufferView | { arrayBuffer(): Promise<ArrayBuffer> } | { readonly href: string } | string;

/** \`GPUDevice\` and \`GPU\`, where the project has WebGPU's types. */
type Device = typeof globalThis extends { GPUDevice: { prototype: infer Known } } ? Known : object;
type Gpu = typeof globalThis extends { GPU: { prototype: infer Known } } ? Known : object;`;

function comment(lines: readonly string[], indent: string): string {
  // Nothing in the source may end the comment.
  const safe = lines.map((line) => line.replaceAll("*/", "*\\/"));
  const [only, ...others] = safe;
  if (others.length === 0) return `${indent}/** ${only ?? ""} */`;
  return `${indent}/**\n${safe.map((line) => `${indent} *${line === "" ? "" : ` ${line}`}\n`).join("")}${indent} */`;
}

function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name);
}

const literal = (text: string): string => JSON.stringify(text);
