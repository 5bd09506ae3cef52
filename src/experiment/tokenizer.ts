import type { TokenizerSpec } from "../../compiler/check/model.ts";
import { bytes, characters, trainBpe } from "../../runtime/text/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";

/** For a recipe that gives none. */
const DEFAULT_SIZE = 4096;

/** Trains the tokenizer that a recipe asks for; `size` in the place of the recipe's where it is given. */
export function trainTokenizer({ kind, size: declared }: TokenizerSpec, lines: Iterable<string>, size?: number): Tokenizer {
  const wanted = size ?? declared;
  switch (kind) {
    case "bpe":
      return trainBpe(lines, wanted ?? DEFAULT_SIZE);
    case "characters":
      return characters(lines, wanted);
    case "bytes":
      return bytes();
    case "wordpiece":
    case "unigram":
      throw new CommandFailure({ code: "tokenizer-not-built", exit: exitCodes.wrong, message: `the tokenizer \`${kind}\` cannot be trained here yet`, remedy: "use bpe(N), characters() or bytes()" });
    default:
      return kind satisfies never;
  }
}
