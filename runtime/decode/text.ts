/** Texts in, texts out: a tokenizer around decoding, with text that can be shown as it comes and texts at which to stop. */
import type { Tokenizer } from "../text/tokenizer.ts";
import { decode } from "./decode.ts";
import type { Decoding } from "./decode.ts";
import type { DecodeRequest, NextLogits } from "./next-logits.ts";

export interface WriteOptions {
  readonly decoding: Decoding;
  /** New tokens of a text at most. */
  readonly maxLength: number;
  /** Whether the model reads a source beside what it writes; if not, it goes on with what it is given. */
  readonly reads: boolean;
  /** An answer ends before the first of these texts that is complete in it; of those that end at one place before the longest. */
  readonly stop?: readonly string[];
  /** Texts of a batch at most. */
  readonly batch?: number;
  readonly signal?: AbortSignal;
  /** Called with pieces of an answer as soon as they are certain, and the index of its text; all pieces together are the answer. */
  readonly onText?: (text: number, piece: string) => void;
  /** Called with the index of each text that is not empty, when its last piece was told. */
  readonly onAnswer?: (text: number) => void;
  /** Called with the number of texts done. */
  readonly onProgress?: (done: number) => void;
}

/** What a text is to a model. A model that continues was trained on text alone: nothing comes before it but, of nothing, a new line. */
export function requestOf(tokenizer: Tokenizer, text: string, reads: boolean): DecodeRequest {
  const ids = tokenizer.encode(text);
  if (reads) return { source: ids, prefix: [tokenizer.start] };
  if (ids.length > 0) return { prefix: ids };
  const line = tokenizer.encode("\n").filter((id) => id !== tokenizer.unk);
  return { prefix: line.length > 0 ? line : [tokenizer.start] };
}

/** The answers in the order of the requests, which `requestOf` makes. Of nothing to read there is nothing to say. */
export async function writeTexts(model: NextLogits, tokenizer: Tokenizer, requests: readonly DecodeRequest[], options: WriteOptions): Promise<string[]> {
  const { decoding, maxLength, reads, stop = [], batch, signal, onText, onAnswer, onProgress } = options;
  const worth = requests.flatMap(({ source }, at) => (reads && (source?.length ?? 0) === 0 ? [] : [at]));
  const chosen = worth.map((at) => requests[at] as DecodeRequest);
  const streams = chosen.map(({ prefix }) => new TextStream(tokenizer, prefix, stop));
  const tell = (at: number, piece: string): void => void (piece !== "" && onText?.(worth[at] as number, piece));
  const follows = onText !== undefined || stop.length > 0;
  const answers = requests.map(() => "");
  await decode(model, chosen, decoding, {
    end: tokenizer.end,
    maxLength,
    ...(reads ? { pad: tokenizer.pad } : { slide: true }),
    ...(batch === undefined ? {} : { batch }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    onEnd: (at, ids) => {
      const stream = streams[at] as TextStream;
      tell(at, stream.finish(ids));
      answers[worth[at] as number] = stream.text;
      onAnswer?.(worth[at] as number);
    },
    ...(follows && {
      onId: (at, id) => {
        const stream = streams[at] as TextStream;
        tell(at, stream.push(id));
        return stream.stopped;
      },
    }),
  });
  return answers;
}

/** An answer as it grows. Held back is what may still change: half a character, the beginning of a text to stop at. */
export class TextStream {
  /** What is certain, all of it once `finish` was called. */
  text = "";
  stopped = false;
  private ids: readonly number[] = [];
  private readonly tokenizer: Pick<Tokenizer, "decode">;
  private readonly prefix: readonly number[];
  private readonly before: number;
  private readonly stop: readonly string[];

  constructor(tokenizer: Pick<Tokenizer, "decode">, prefix: ArrayLike<number>, stop: readonly string[]) {
    this.tokenizer = tokenizer;
    this.prefix = Array.from(prefix);
    this.before = tokenizer.decode(this.prefix).length;
    this.stop = stop.filter((text) => text !== "");
  }

  /** What has become certain with this id. */
  push(id: number): string {
    this.ids = [...this.ids, id];
    const { text, stopped } = this.cut(wholeCharacters(this.written()));
    this.stopped = stopped;
    return this.upTo(stopped ? text : withoutBeginnings(text, this.stop));
  }

  /** What is left when these are all ids. */
  finish(ids: readonly number[]): string {
    this.ids = ids;
    const { text, stopped } = this.cut(this.written());
    this.stopped = stopped;
    return this.upTo(text);
  }

  private written(): string {
    // The prompt is decoded along, for the space that stands between it and the first word.
    return this.tokenizer.decode([...this.prefix, ...this.ids]).slice(this.before);
  }

  private cut(whole: string): { readonly text: string; readonly stopped: boolean } {
    // The stop that is complete first, so that it is the same one whether this is asked after each token or at the end.
    const found = this.stop.map((text) => ({ from: whole.indexOf(text), length: text.length })).filter(({ from }) => from >= 0);
    const [first] = found.sort((a, b) => a.from + a.length - (b.from + b.length) || a.from - b.from);
    return first === undefined ? { text: whole, stopped: false } : { text: whole.slice(0, first.from), stopped: true };
  }

  private upTo(text: string): string {
    const piece = text.slice(this.text.length);
    this.text += piece;
    return piece;
  }
}

/** Without the bytes at the end that may become a character. */
function wholeCharacters(text: string): string {
  return text.replace(/\uFFFD+$/, "");
}

/** Without an end that a stop may begin with. */
function withoutBeginnings(text: string, stop: readonly string[]): string {
  const begins = (at: number): boolean => stop.some((one) => one.startsWith(text.slice(at)));
  const longest = Math.max(0, ...stop.map((one) => one.length - 1));
  for (let at = Math.max(0, text.length - longest); at < text.length; at++) if (begins(at)) return text.slice(0, at);
  return text;
}
