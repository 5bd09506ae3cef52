import type { Json } from "../json.ts";
import { decoderOf } from "./decoders.ts";
import { normalizerOf } from "./normalizers.ts";
import { preTokenizerOf } from "./pre-tokenizers.ts";
import type { PreTokenizer } from "./pre-tokenizers.ts";

/** The three parts of `tokenizer.json` around the model, which knows pieces and tokens alone. */
export interface Parts {
  readonly normalizer: Json;
  readonly pre_tokenizer: Json;
  readonly decoder: Json;
}

/** What they mean: how a text is normalised, which pieces no token may cross, how tokens become text again. */
export interface Scheme {
  readonly parts: Parts;
  readonly normalise: (text: string) => string;
  /** The pieces of a normalised text that is not empty, in the symbols of the vocabulary. */
  readonly pieces: PreTokenizer;
  /** Text of consecutive tokens of the vocabulary. */
  readonly join: (tokens: readonly string[]) => string;
  /** Whether tokens spell bytes rather than characters. */
  readonly inBytes: boolean;
}

/** Throws TfmError `tokenizer-unsupported` for parts that are not known here. */
export function schemeOf(parts: Parts): Scheme {
  const decode = decoderOf(parts.decoder);
  return {
    parts,
    normalise: normalizerOf(parts.normalizer),
    pieces: preTokenizerOf(parts.pre_tokenizer),
    join: (tokens) => decode(tokens).join(""),
    inBytes: has(parts.decoder, "ByteLevel"),
  };
}

/** Whether a part, or a part of it, is of such a type. */
export function has(part: Json, type: string): boolean {
  return JSON.stringify(part).includes(`"type":"${type}"`);
}
