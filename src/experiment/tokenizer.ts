import type { TokenizerSpec } from "../../compiler/check/model.ts";
import type { TextNeeds } from "../../runtime/data/index.ts";
import { bytes, characters, trainBpe, trainUnigram, trainWordPiece } from "../../runtime/text/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";

/** For a recipe that gives none. */
const DEFAULT_SIZE = 4096;

/** Whether such a tokenizer learns which signs belong together, beside collecting those that there are. */
export function learns({ kind }: TokenizerSpec): boolean {
  return kind !== "characters" && kind !== "bytes";
}

/** Trains the tokenizer that a recipe asks for on the text that its data need it for; `size` in the place of the recipe's where it is given. */
export function trainTokenizer({ kind, size: declared }: TokenizerSpec, { lines, spacing, specials }: TextNeeds, size?: number): Tokenizer {
  const wanted = size ?? declared;
  switch (kind) {
    case "bpe":
      return trainBpe(lines(), wanted ?? DEFAULT_SIZE, { specials, spacing });
    case "characters":
      return characters(lines(), wanted, { specials });
    case "bytes":
      return bytes({ specials });
    case "wordpiece":
      return trainWordPiece(lines(), wanted ?? DEFAULT_SIZE, { specials });
    case "unigram":
      return trainUnigram(lines(), wanted ?? DEFAULT_SIZE, { specials });
    default:
      return kind satisfies never;
  }
}
