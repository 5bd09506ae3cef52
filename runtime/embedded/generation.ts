/** Text in, text out, by a model whose recipe says what generates. */
import { unknownName } from "../errors.ts";
import { greedy } from "../decode/greedy.ts";
import type { DecodeRequest } from "../decode/greedy.ts";
import { sessionLogits } from "../decode/session-logits.ts";
import type { Entry, Input, Program } from "../program.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { sizesOf } from "./arguments.ts";
import { tokenizerDiffers, tokenizerMissing } from "./errors.ts";
import type { Sessions } from "./sessions.ts";

/** The likeliest token again and again: the entry's logits [B, T, vocabulary] are those of the id after each of `target`. */
export interface Generation {
  readonly entry: string;
  /** The input that grows. */
  readonly target: string;
  /** The input that is read; absent for a model that continues what it is given. */
  readonly source?: string;
  /** New tokens of a text at most, where the caller does not say. */
  readonly maxLength?: number;
}

export interface GenerationOptions {
  /** New tokens of a text at most. Default: the module's, else 64. */
  readonly maxLength?: number;
  /** Texts at a time at most. Default 16. */
  readonly batch?: number;
  /** Called with the number of texts done. */
  readonly onProgress?: (done: number) => void;
}

export type Generate = (texts: string | readonly string[], options?: GenerationOptions) => Promise<string | string[]>;

export function generation(program: Program, sessions: Sessions, use: Generation, tokenizer: Tokenizer | undefined): Generate {
  const entry = program.entries.find(({ name }) => name === use.entry);
  if (entry === undefined) throw unknownName("entry", use.entry, program.entries.map(({ name }) => name));
  const target = inputOf(entry, use.target);
  const source = use.source === undefined ? undefined : inputOf(entry, use.source);
  const vocabulary = target.range?.find(({ factors }) => factors.length === 0)?.coefficient;
  if (tokenizer !== undefined && vocabulary !== undefined && tokenizer.size !== vocabulary) throw tokenizerDiffers(tokenizer.size, vocabulary);

  return async (texts, { maxLength = use.maxLength ?? 64, batch = 16, onProgress } = {}) => {
    if (tokenizer === undefined) throw tokenizerMissing();
    const { pad, start, end } = tokenizer;
    const asked = typeof texts === "string" ? [texts] : texts;
    const requests = asked.map((text): DecodeRequest => {
      const ids = tokenizer.encode(text);
      if (source !== undefined) return { source: ids, prefix: [start] };
      return { prefix: [start, ...ids] };
    });
    // Of nothing there is no translation.
    const worth = requests.flatMap((request, at) => (source === undefined || (request.source?.length ?? 0) > 0 ? [at] : []));
    const answers = asked.map(() => "");
    if (worth.length > 0) {
      const chosen = worth.map((at) => requests[at] as DecodeRequest);
      const session = await sessions.fitting(entry, roomFor(chosen, { maxLength, batch }));
      const model = sessionLogits(session, { kind: "forward", ...use });
      const decoded = await greedy(model, chosen, { end, maxLength, batch, ...(source === undefined ? {} : { pad }), ...(onProgress && { onProgress }) });
      decoded.forEach((ids, at) => (answers[worth[at] as number] = tokenizer.decode(ids)));
    }
    return typeof texts === "string" ? (answers[0] as string) : answers;
  };

  function roomFor(requests: readonly DecodeRequest[], { maxLength, batch }: Required<Pick<GenerationOptions, "maxLength" | "batch">>): Record<string, number> {
    const rows = Math.max(1, Math.min(requests.length, batch));
    const prefix = Math.max(...requests.map((request) => request.prefix.length));
    const open = sizesOf(target, [rows, prefix]);
    const room = sizesOf(target, [rows, Math.max(prefix, prefix + maxLength - 1)]);
    const longest = Math.max(...requests.map((request) => request.source?.length ?? 0));
    return {
      // A model of at most 64 positions stops there; a prompt that is longer is refused.
      ...Object.fromEntries(Object.entries(room).map(([name, size]) => [name, Math.max(open[name] ?? 0, Math.min(size, sessions.limit(name)))])),
      ...(source && sizesOf(source, [rows, longest])),
    };
  }
}

function inputOf(entry: Entry, name: string): Input {
  const input = entry.inputs.find((one) => one.name === name);
  if (input === undefined) throw unknownName("input", name, entry.inputs.map((one) => one.name));
  return input;
}
