import type { GenerateSpec, Model } from "../../compiler/check/model.ts";
import { createSession, greedy, loadWeights, sessionLogits } from "../../runtime/index.ts";
import type { Program, Session } from "../../runtime/index.ts";
import { CHECKPOINT } from "../../runtime/index.ts";
import { evaluateSize } from "../../runtime/size.ts";
import { normalise } from "../../runtime/text/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import { inferenceProgram, sessionDevice } from "./compiled.ts";
import type { Device } from "./compiled.ts";
import { placed } from "./run-folder.ts";
import type { Checkpoint } from "./run-folder.ts";

/** A trained model from text to text, by greedy decoding. */
export interface Translator {
  /** In the order of the texts. Throws a failure for a text over the model's limit. */
  translate(texts: readonly string[], onProgress?: (done: number) => void): Promise<readonly string[]>;
  dispose(): void;
}

export interface TranslatorParts {
  readonly program: Program;
  readonly device: Device;
  readonly tokenizer: Tokenizer;
  /** Name of the entry that gives logits. */
  readonly entry: string;
  /** Most tokens of a text. */
  readonly limit: number;
  /** Most new tokens. */
  readonly maxLength: number;
  /** A session whose weights are used as they are at each moment. */
  readonly states?: Session;
  /** Called with each session that is made, to load weights. */
  readonly onSession?: (session: Session) => void;
}

/** Values that a batch of logits may have: 64 MiB. */
const LOGITS = 2 ** 24;
const ROWS = 64;

export function createTranslator(parts: TranslatorParts): Translator {
  const { program, tokenizer, entry, limit } = parts;
  const found = program.entries.find(({ name }) => name === entry);
  const [target, source, ...more] = found?.inputs ?? [];
  if (found === undefined || target === undefined || more.length > 0) {
    throw new CommandFailure({ code: "not-a-generator", exit: exitCodes.wrong, message: `\`${entry}\` cannot write text: it needs one argument that grows and at most one that it reads`, remedy: "name another function in the recipe's `generate`" });
  }
  const encoded = (text: string, at: number): readonly number[] => {
    const ids = tokenizer.encode(text);
    if (ids.length > limit) throw overLimit(text, at, ids.length, limit);
    return ids;
  };
  let session: Session | undefined;
  let width = 0;

  /** A session with room for sources of this length. */
  const sessionFor = async (length: number): Promise<Session> => {
    if (session !== undefined && length <= width) return session;
    session?.dispose();
    width = Math.min(limit, Math.max(length, 2 * width));
    const sizes = (rows: number): Record<string, number> => ({ ...bound(source?.shape, [rows, width]), ...bound(target.shape, [rows, parts.maxLength]) });
    const one = sizes(1);
    const logits = (found.outputs[0]?.shape ?? []).reduce((product, size) => product * evaluateSize(size, one), 1);
    const bounds = sizes(Math.max(1, Math.min(ROWS, Math.floor(LOGITS / logits))));
    session = await createSession(program, { bounds, entries: [entry], ...sessionDevice(parts.device), ...(parts.states === undefined ? {} : { states: parts.states }) });
    parts.onSession?.(session);
    return session;
  };

  return {
    async translate(texts, onProgress) {
      const all = texts.map(encoded);
      // Nothing to read: nothing to say, rather than what the model makes up.
      const filled = all.filter((ids) => ids.length > 0);
      if (filled.length === 0) return texts.map(() => "");
      const usable = await sessionFor(Math.max(...filled.map((ids) => ids.length)));
      const logits = sessionLogits(usable, { kind: "forward", entry, target: target.name, ...(source === undefined ? {} : { source: source.name }) });
      const requests = filled.map((ids) => (source === undefined ? { prefix: [tokenizer.start, ...ids] } : { prefix: [tokenizer.start], source: ids }));
      const options = { end: tokenizer.end, pad: tokenizer.pad, maxLength: parts.maxLength, ...(onProgress === undefined ? {} : { onProgress }) };
      const answers = (await greedy(logits, requests, options)).map((ids) => tokenizer.decode(ids)).values();
      return all.map((ids) => (ids.length === 0 ? "" : (answers.next().value ?? "")));
    },
    dispose: () => session?.dispose(),
  };
}

/** A translator with a checkpoint's weights. */
export function restoredTranslator(checkpoint: Checkpoint, model: Model, tokenizer: Tokenizer | undefined, device: Device): Translator {
  const { entry } = generateOf(model);
  const weights = checkpoint.files.get(CHECKPOINT.model) ?? new Uint8Array();
  return createTranslator({
    program: inferenceProgram(model, device, [entry]),
    device,
    tokenizer: textTokenizer(tokenizer),
    entry,
    ...generationLimits(checkpoint.record),
    onSession: (session) => {
      try {
        loadWeights(session, weights, "required");
      } catch (error) {
        throw placed(error, checkpoint.folder);
      }
    },
  });
}

/** The tokenizer, without which there is no text to write. */
export function textTokenizer(tokenizer: Tokenizer | undefined): Tokenizer {
  if (tokenizer !== undefined) return tokenizer;
  throw new CommandFailure({ code: "no-tokenizer", exit: exitCodes.wrong, message: "the model was not trained on text, so it has no tokenizer", remedy: "use it in a program: tfmc compile FILE -o DIR" });
}

export function generateOf(model: Model): GenerateSpec {
  const generate = model.recipe?.generate;
  if (generate !== undefined) return generate;
  throw new CommandFailure({ code: "no-generate", exit: exitCodes.wrong, message: `the recipe ${model.recipe?.name ?? ""} does not say how text is generated`, remedy: "add `generate = greedy(model)` to it" });
}

/** Half as long again as anything met in training is as far as a model is trusted to write. */
export function generationLimits({ limit, bounds }: { readonly limit: number; readonly bounds: Readonly<Record<string, number>> }): Pick<TranslatorParts, "limit" | "maxLength"> {
  const met = Math.max(8, bounds["T"] ?? limit);
  return { limit, maxLength: Math.min(limit, Math.ceil(1.5 * met)) };
}

function bound(shape: Program["entries"][number]["inputs"][number]["shape"] | undefined, extents: readonly number[]): Record<string, number> {
  const named = (shape ?? []).flatMap((size, axis) => {
    const name = size.length === 1 ? size[0]?.factors[0] : undefined;
    return typeof name === "string" ? [[name, extents[axis] ?? 1] as const] : [];
  });
  return Object.fromEntries(named);
}

function overLimit(text: string, at: number, length: number, limit: number): CommandFailure {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return new CommandFailure({ code: "sequence-over-limit", exit: exitCodes.wrong, message: `text ${at + 1} (${JSON.stringify(shown)}) has ${length} tokens; the model's limit is ${limit}`, remedy: "split it into shorter texts" });
}

/** As the tokenizer writes it, so that a translation can be compared with it. */
export function reference(text: string): string {
  return normalise(text);
}
