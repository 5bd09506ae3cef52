/** Text in, text out, by a model whose recipe says what generates. */
import { largest } from "../largest.ts";
import { entryOf, inputOf } from "../lookup.ts";
import type { Decoding } from "../decode/decode.ts";
import type { DecodeRequest } from "../decode/next-logits.ts";
import { boundSizes, sessionLogits } from "../decode/session-logits.ts";
import type { EncodeDecodeEntries, ForwardEntry } from "../decode/session-logits.ts";
import { requestOf, writeTexts } from "../decode/text.ts";
import type { Program } from "../program.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { checkGeneration } from "./generation-options.ts";
import { tokenizerMissing } from "./errors.ts";
import type { Sessions } from "./sessions.ts";

export interface Generation {
  /** The entries whose logits [B, T, vocabulary] are those of the id after each that was written. */
  readonly use: ForwardEntry | EncodeDecodeEntries;
  readonly decoding: Decoding;
  /** New tokens of a text at most, where the caller does not say. */
  readonly maxLength?: number;
  /** Of a model that continues texts: the most tokens that it sees at a time, as many as it was trained on. */
  readonly window?: number;
}

export interface GenerationOptions {
  /** New tokens of a text at most. Default: the module's, else 64. */
  readonly maxLength?: number;
  /** In the place of the recipe's. */
  readonly decoding?: Decoding;
  /** Of `sample`, in the place of the recipe's. */
  readonly seed?: number;
  /** Texts before the first of which an answer ends. */
  readonly stop?: readonly string[];
  /** Texts at a time at most. Default 16. */
  readonly batch?: number;
  /** Ends the generation before its next token; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called with pieces of an answer as they come, and the index of its text. Beam search has an answer only when it ends. */
  readonly onText?: (text: number, piece: string) => void;
  /** Called with the number of texts done. */
  readonly onProgress?: (done: number) => void;
}

/** Checks and copies what it is given; what it returns generates. Throws a TfmError where texts or options make no sense. */
export type Generate = (texts: string | readonly string[], options?: GenerationOptions) => () => Promise<string | string[]>;

export function generation(program: Program, sessions: Sessions, { use, ...own }: Generation, tokenizer: Tokenizer | undefined): Generate {
  const reads = use.source !== undefined;
  const writing = entryOf(program, use.kind === "forward" ? use.entry : use.decode);
  const reading = use.kind === "forward" ? writing : entryOf(program, use.encode);
  const target = inputOf(writing, use.target);
  const source = use.source === undefined ? undefined : inputOf(reading, use.source);

  return (texts, options = {}) => {
    checkGeneration(texts, options);
    if (tokenizer === undefined) throw tokenizerMissing();
    const { maxLength = own.maxLength ?? 64, batch = 16, decoding: wanted = own.decoding, seed, stop = [], ...told } = options;
    const decoding = { ...wanted, ...(wanted.method === "sample" && seed !== undefined && { seed }) };
    const writeOptions = { decoding, maxLength, batch, reads, stop: [...stop], ...told };
    const isOne = typeof texts === "string";
    const requests = (isOne ? [texts] : texts).map((text) => requestOf(tokenizer, text, reads));
    return async () => {
      options.signal?.throwIfAborted();
      if (requests.length === 0) return [];
      const session = await sessions.fitting(writing, roomFor(requests, maxLength, Math.min(requests.length, batch) * (decoding.method === "beam" ? decoding.width : 1)), [reading.name]);
      const answers = await writeTexts(sessionLogits(session, use, tokenizer.pad, own.window), tokenizer, requests, writeOptions);
      return isOne ? (answers[0] as string) : answers;
    };
  };

  function roomFor(requests: readonly DecodeRequest[], maxLength: number, most: number): Record<string, number> {
    const rows = Math.max(1, most);
    const prefix = largest(requests, (request) => request.prefix.length);
    const room = boundSizes(target, [rows, Math.min(own.window ?? Infinity, Math.max(prefix, prefix + maxLength - 1))]);
    const longest = largest(requests, (request) => request.source?.length ?? 0);
    return {
      // A model of at most 64 positions stops there, or sees the last 64.
      ...Object.fromEntries(Object.entries(room).map(([name, size]) => [name, Math.min(size, sessions.limit(name))])),
      ...(source && boundSizes(source, [rows, longest])),
    };
  }
}
