import { TfmError } from "../errors.ts";
import { shown } from "../shown.ts";

export function textType(found: unknown): TfmError {
  return new TfmError("texts-type", 2, `A tokenizer encodes a text; it was given ${shown(found)}.`);
}

export function tokenOutsideVocabulary(id: number, size: number): TfmError {
  return new TfmError("token-outside-vocabulary", 1, `The token id ${id} is outside the vocabulary, whose ids are 0 to ${size - 1}.`,
    "Use the tokenizer.json that was written with the model.");
}

/** `bytes`: how many symbols it must have because it spells bytes; 0 where it spells characters. */
export function vocabularyTooSmall(size: number, specials: number, bytes: number): TfmError {
  return new TfmError("vocabulary-too-small", 1, `A vocabulary of ${size} has no room for ${bytes === 0 ? "text" : `the ${bytes} bytes`} beside its ${specials} special tokens.`,
    `${bytes === 0 ? "" : `Give it at least ${specials + bytes}: where spaces and line breaks count, tokens spell bytes. `}Some hundreds of tokens suit a small model, thousands a large one.`);
}

export function tokenizerDamaged(cause: string): TfmError {
  return new TfmError("tokenizer-damaged", 1, `The tokenizer (tokenizer.json) is damaged: ${cause}.`,
    "Take the file from the folder that training wrote, or train again.");
}

export function tokenizerUnsupported(part: string): TfmError {
  return new TfmError("tokenizer-unsupported", 1, `The tokenizer (tokenizer.json) has ${part}, which is not supported.`,
    "docs/data.md says what can be read.");
}
