import { tokenizerUnsupported } from "./errors.ts";
import type { AddedToken } from "./tokenizer.ts";

/** What the tokens that are no text are for, by the names that they have; of several the first counts. */
const NAMES = {
  pad: ["<pad>", "[PAD]"],
  start: ["<start>", "[CLS]", "<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>"],
  end: ["<end>", "[SEP]", "</s>", "<eos>", "<|end_of_text|>", "<|endoftext|>"],
  mask: ["<mask>", "[MASK]"],
} as const;

export interface Roles {
  readonly pad: number;
  readonly start: number;
  readonly end: number;
  readonly mask?: number;
}

/**
 * The ids by role. What T5 writes begins with its padding, as it has no token for a beginning; GPT-2 and many since have one token for
 * all. Throws TfmError `tokenizer-unsupported` where nothing is known to end a text.
 */
export function rolesOf(added: readonly AddedToken[]): Roles {
  const idOf = new Map(added.map(({ content, id }) => [content, id]));
  const named = (role: keyof typeof NAMES): number | undefined => NAMES[role].map((name) => idOf.get(name)).find((id) => id !== undefined);
  const end = named("end"), mask = named("mask");
  if (end === undefined) throw tokenizerUnsupported(`no token that ends a text (${NAMES.end.join(", ")})`);
  return { pad: named("pad") ?? end, start: named("start") ?? named("pad") ?? end, end, ...(mask !== undefined && { mask }) };
}
