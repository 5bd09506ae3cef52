import type { Model } from "../../compiler/check/model.ts";
import { createSession, entriesOf, place, requestOf, sessionLogits, writeTexts } from "../../runtime/index.ts";
import type { DecodeRequest, EncodeDecodeEntries, ForwardEntry, Program, Session, Sizes, WriteOptions } from "../../runtime/index.ts";
import { boundSizes } from "../../runtime/decode/session-logits.ts";
import { largest } from "../../runtime/largest.ts";
import { entryOf, inputOf } from "../../runtime/lookup.ts";
import type { Entry } from "../../runtime/program.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import { inferenceProgram, sessionDevice } from "./compiled.ts";
import type { Device } from "./compiled.ts";
import { writingOf } from "./decoding.ts";
import type { DecodingChoice, Writing } from "./decoding.ts";
import { loadCheckpoint } from "./run-folder.ts";
import type { Checkpoint } from "./run-folder.ts";

/** A trained model from text to text. */
export interface Translator {
  /** In the order of the texts. Throws a failure for a text over the model's limit. */
  translate(texts: readonly string[], onProgress?: (done: number) => void, follow?: Follow): Promise<readonly string[]>;
  /** A text as the tokenizer writes it, for an answer to be compared with; as it is where it has what the tokenizer does not know. */
  reference(text: string): string;
  dispose(): void;
}

/** What is told of texts as they are written. */
export type Follow = Pick<WriteOptions, "onText" | "onAnswer">;

export interface TranslatorParts {
  readonly program: Program;
  readonly device: Device;
  readonly tokenizer: Tokenizer;
  readonly writing: Writing;
  /** Most tokens of a text that is read. */
  readonly limit: number;
  /** Most tokens that a model which continues texts sees at a time. */
  readonly window: number;
  /** Most new tokens of what is read, where `writing` does not say. */
  readonly maxLength: number;
  /** A session whose weights are used as they are at each moment. */
  readonly states?: Session;
  /** Called with each session that is made, to load weights. */
  readonly onSession?: (session: Session) => void;
  /** Of the first weights, where none are loaded. */
  readonly seed?: number;
}

/** Bytes that the values of a batch may take at a time. */
const ROOM = 128 * 2 ** 20;
const ROWS = 64;
/** Most new tokens of a model that goes on with a text, where nobody says. */
const CONTINUATION = 256;

export function createTranslator(parts: TranslatorParts): Translator {
  const { program, tokenizer, writing } = parts;
  const { use, decoding, stop, longest } = writing;
  const reads = use.source !== undefined;
  const limit = reads ? parts.limit : parts.window;
  const maxLength = reads ? Math.min(limit, longest ?? parts.maxLength) : (longest ?? CONTINUATION);
  const encoded = (text: string, at: number): DecodeRequest => {
    const request = requestOf(tokenizer, text, reads);
    const length = request.source?.length ?? 0;
    if (length > limit) throw overLimit(text, at, length, limit);
    return request;
  };
  let current: { readonly session: Session; readonly room: Room } | undefined;

  /** A session with room for sources and prefixes of these lengths. */
  const sessionFor = async (wanted: Room): Promise<Session> => {
    if (current !== undefined && wanted.source <= current.room.source && wanted.target <= current.room.target) return current.session;
    const { source, target } = current?.room ?? { source: 0, target: 0 };
    const roomy = (most: number, before: number): number => Math.min(limit, most > before ? Math.max(most, 2 * before) : before);
    const room = { source: roomy(wanted.source, source), target: roomy(wanted.target, target) };
    current?.session.dispose();
    // Where a larger one cannot be made, the next text begins with none.
    current = undefined;
    current = { session: await openSession(room), room };
    return current.session;
  };
  const openSession = async (room: Room): Promise<Session> => {
    const session = await createSession(program, {
      bounds: boundsFor(program, use, room), entries: entriesOf(use), ...sessionDevice(parts.device),
      ...(parts.states === undefined ? {} : { states: parts.states }), ...(parts.seed === undefined ? {} : { seed: parts.seed }),
    });
    try {
      parts.onSession?.(session);
      return session;
    } catch (error) {
      session.dispose();
      throw error;
    }
  };

  return {
    async translate(texts, onProgress, follow = {}) {
      const requests = texts.map(encoded);
      const source = largest(requests, (request) => request.source?.length ?? 0);
      // Nothing to read: nothing to say, rather than what the model makes up.
      if (requests.length === 0 || (reads && source === 0)) return texts.map(() => "");
      const prefix = largest(requests, (request) => request.prefix.length);
      const usable = await sessionFor({ source, target: Math.min(limit, prefix + maxLength - 1) });
      return writeTexts(sessionLogits(usable, use, tokenizer.pad), tokenizer, requests, {
        decoding, maxLength, reads, stop, ...follow,
        ...(onProgress === undefined ? {} : { onProgress }),
      });
    },
    reference: (text) => asWritten(tokenizer, text),
    dispose: () => current?.session.dispose(),
  };
}

export function asWritten(tokenizer: Tokenizer, text: string): string {
  const ids = tokenizer.encode(text);
  return ids.includes(tokenizer.unk) ? text : tokenizer.decode(ids);
}

interface Room {
  readonly source: number;
  readonly target: number;
}

/** For as many rows as there is room for. */
function boundsFor(program: Program, use: ForwardEntry | EncodeDecodeEntries, { source, target }: Room): Sizes {
  const [reader, writer] = (use.kind === "forward" ? [use.entry, use.entry] : [use.encode, use.decode]).map((name) => entryOf(program, name)) as [Entry, Entry];
  const written = inputOf(writer, use.target);
  const read = use.source === undefined ? undefined : inputOf(reader, use.source);
  const sizes = (rows: number): Sizes => ({ ...(read && boundSizes(read, [rows, source])), ...boundSizes(written, [rows, target]) });
  const { live } = place([...new Set([reader, writer])], sizes(1), Infinity);
  return sizes(Math.max(1, Math.min(ROWS, Math.floor(ROOM / live))));
}

/** A translator with a checkpoint's weights. */
export function restoredTranslator(checkpoint: Checkpoint, model: Model, tokenizer: Tokenizer | undefined, device: Device, choice?: DecodingChoice): Translator {
  const writing = writingOf(model, choice);
  return createTranslator({
    program: inferenceProgram(model, device, entriesOf(writing.use)),
    device,
    tokenizer: textTokenizer(tokenizer),
    writing,
    ...generationLimits(checkpoint.record),
    onSession: (session) => loadCheckpoint(session, checkpoint),
  });
}

/** The tokenizer, without which there is no text to write. */
export function textTokenizer(tokenizer: Tokenizer | undefined): Tokenizer {
  if (tokenizer !== undefined) return tokenizer;
  throw new CommandFailure({ code: "no-tokenizer", exit: exitCodes.wrong, message: "the model was not trained on text, so it has no tokenizer", remedy: "use it in a program: tfmc compile FILE -o DIR" });
}

/**
 * Half as long again as anything met in training is as far as a model is trusted to write. One that continues sees no more at a time than it
 * was trained on: positions that it never met mislead it.
 */
export function generationLimits({ limit, bounds }: { readonly limit: number; readonly bounds: Readonly<Record<string, number>> }): Pick<TranslatorParts, "limit" | "maxLength" | "window"> {
  const met = Math.max(8, bounds["T"] ?? limit);
  return { limit, maxLength: Math.min(limit, Math.ceil(1.5 * met)), window: Math.min(limit, bounds["T"] ?? limit) };
}

function overLimit(text: string, at: number, length: number, limit: number): CommandFailure {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return new CommandFailure({ code: "sequence-over-limit", exit: exitCodes.wrong, message: `text ${at + 1} (${JSON.stringify(shown)}) has ${length} tokens; the model's limit is ${limit}`, remedy: "split it into shorter texts" });
}
