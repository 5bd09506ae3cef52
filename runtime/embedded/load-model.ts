/**
 * What a compiled module calls: a program with trained weights becomes an object with a method for each of the model's entries.
 * The module's own declarations give the methods their names and types.
 */
import { entriesOf } from "../decode/entries.ts";
import { unknownName } from "../errors.ts";
import type { Feed } from "../feed.ts";
import type { Entry, Program } from "../program.ts";
import type { Session, Tensor } from "../session.ts";
import type { Sizes } from "../size.ts";
import { loadTokenizer } from "../text/load-tokenizer.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { loadWeights } from "../weights.ts";
import { feedOf } from "./arguments.ts";
import { tokenizerDiffers } from "./errors.ts";
import { generation } from "./generation.ts";
import type { Generation, GenerationOptions } from "./generation.ts";
import { checkLoadOptions } from "./load-options.ts";
import type { Given } from "./nested.ts";
import { bytesOf, jsonTextOf } from "./resource.ts";
import type { Resource } from "./resource.ts";
import { Sessions } from "./sessions.ts";

export interface ModelDefinition {
  readonly program: Program;
  /** For a model that reads and writes text. */
  readonly generation?: Generation;
  /** The tokens that its tokenizer has, where the model takes ids of them. */
  readonly vocabulary?: number;
  /** The text of its tokenizer.json, where the module brings it along. */
  readonly tokenizer?: string;
}

export interface LoadModelOptions {
  /** The tokenizer.json that was saved with the weights: its text, its bytes or where it is. */
  readonly tokenizer?: Resource | object;
  /** A device to use and leave alive. */
  readonly device?: GPUDevice;
  /** Where to ask for a device; `navigator.gpu` by default. */
  readonly gpu?: GPU;
  /** The sizes to make room for at first. Larger calls make more room, which takes a moment. */
  readonly bounds?: Sizes;
  /** In bytes of GPU memory. */
  readonly memoryBudget?: number;
}

/** The entries under their names, one output as it is and several by name; `generate` and `tokenizer` where the model has them. */
export interface LoadedModel {
  readonly [entry: string]: unknown;
  dispose(): void;
}

/** Throws a TfmError where there is no adapter, or the weights or the tokenizer are damaged or of another model. */
export async function loadModel({ program, generation: generating, vocabulary, tokenizer: own }: ModelDefinition, weights: Resource, options: LoadModelOptions = {}): Promise<LoadedModel> {
  checkLoadOptions(options, program.entries);
  const { tokenizer: given = own, ...sessionOptions } = options;
  const [bytes, json] = await Promise.all([bytesOf(weights, "weights"), given === undefined ? undefined : jsonTextOf(given, "tokenizer")]);
  const tokenizer = json === undefined ? undefined : loadTokenizer(json);
  if (tokenizer !== undefined && vocabulary !== undefined && tokenizer.size !== vocabulary) throw tokenizerDiffers(tokenizer.size, vocabulary);
  // Who loads a model that writes mostly has it write.
  const sessions = await Sessions.open(program, { ...sessionOptions, ...(generating && { entries: entriesOf(generating.use) }) });
  try {
    loadWeights(sessions.base, bytes);
    return modelOf(program, sessions, generating, tokenizer);
  } catch (error) {
    sessions.dispose();
    throw error;
  }
}

function modelOf(program: Program, sessions: Sessions, generating: Generation | undefined, tokenizer: Tokenizer | undefined): LoadedModel {
  const inTurn = queue();
  // What a call is given is read and checked when it is made: while it waits for those before it, the caller may change that.
  const call = async <T>(prepared: () => () => Promise<T>): Promise<T> => inTurn(prepared());
  // What generation alone calls is no method: its names have a dot.
  const methods = program.entries.filter(({ name }) => !name.includes(".")).map((entry): [string, unknown] => [
    entry.name,
    (inputs: Readonly<Record<string, Given>> = {}, sizes: Sizes = {}) => call(() => {
      const feed = feedOf(entry, inputs, sizes);
      return () => run(entry, sessions, feed);
    }),
  ]);
  const generate = generating && generation(program, sessions, generating, tokenizer);
  return {
    ...Object.fromEntries(methods),
    ...(generate && { generate: (texts: string | readonly string[], options?: GenerationOptions) => call(() => generate(texts, options)) }),
    ...(tokenizer && { tokenizer }),
    dispose: () => sessions.dispose(),
  };
}

async function run(entry: Entry, sessions: Sessions, feed: Feed): Promise<Tensor | Readonly<Record<string, Tensor>>> {
  const session = await sessions.fitting(entry, feed.sizes);
  session.run(entry.name, feed);
  const outputs = await Promise.all(entry.outputs.map(async ({ name }) => [name, await read(session, entry, name)] as const));
  const [only, ...others] = outputs;
  if (only === undefined) throw unknownName("output", entry.name, []);
  return others.length === 0 ? only[1] : Object.fromEntries(outputs);
}

function read(session: Session, entry: Entry, output: string): Promise<Tensor> {
  return session.read(session.output(entry.name, output));
}

/** Calls wait for those before them: what an entry leaves on the GPU lasts until it runs again. */
function queue(): <T>(job: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (job) => {
    const next = last.then(job);
    last = next.catch(() => undefined);
    return next;
  };
}
