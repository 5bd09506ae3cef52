/** What stands along the axes of a value: the tokens of the sequences that were fed. */
import type { Entry, EntryInput } from "../../compiler/check/model.ts";
import { asNumber, print } from "../../compiler/dim.ts";
import type { Elements, Sizes } from "../../runtime/index.ts";
import type { Tokenizer } from "../../runtime/text/index.ts";
import type { GivenBatch } from "./batch.ts";

/** By example; of one only where all have the same. */
export type Labels = readonly (readonly string[])[];

interface Fed {
  readonly sizes: Sizes;
  readonly fields: Readonly<Record<string, Elements>>;
}

/**
 * By size, as the model writes it. A sequence is labelled with the tokens that are read there; but where what is written meets what is
 * read beside it, as in the alignment of a translation, with those that are written there, each one later.
 */
export function labelsOf({ inputs }: Entry, { sizes, fields }: Fed, shape: readonly string[], { written, fields: all }: GivenBatch, tokenizer: Tokenizer | undefined): ReadonlyMap<string, Labels> {
  const found = new Map<string, Labels>();
  if (tokenizer === undefined) return found;
  const sequences = inputs.filter((input) => isTokens(input, tokenizer));
  for (const { name, shape: [rows, length] } of sequences) {
    const size = print(length!);
    if (found.has(size)) continue;
    const ids = fields[name]!;
    const width = sizes[size] ?? asNumber(length!) ?? ids.length;
    found.set(size, tokensOf(ids, width, tokenizer));
    // Examples, and other rows such as captions to choose from, are called by their texts.
    if (!found.has(print(rows!))) found.set(print(rows!), [tokensOf(ids, width, tokenizer).map((_, at) => tokenizer.decode(withoutPadding(ids.slice(at * width, (at + 1) * width), tokenizer)))]);
  }
  const lengthOf = (field: string | undefined, at: number): string | undefined => {
    const [, length] = (sequences.find(({ name }) => name === field) ?? sequences[at])?.shape ?? [];
    return length && print(length);
  };
  const [grows, reads] = [lengthOf(written?.grows, 0), written?.reads === undefined ? undefined : lengthOf(written.reads, 1)];
  const next = written === undefined ? undefined : all[written.next];
  if (grows !== undefined && reads !== undefined && next !== undefined && shape.includes(grows) && shape.includes(reads)) found.set(grows, tokensOf(next as Int32Array, sizes[grows]!, tokenizer));
  // A carry has a place more than its sequence: what it was before.
  for (const [size, labels] of [...found]) if (shape.includes(`${size} + 1`)) found.set(`${size} + 1`, labels.map((row) => ["·", ...row]));
  return found;
}

function isTokens({ type, range, shape }: EntryInput, { size }: Tokenizer): boolean {
  return type === "i32" && shape.length === 2 && range !== undefined && asNumber(range) === size;
}

function tokensOf(ids: Elements, width: number, tokenizer: Tokenizer): Labels {
  const rows = width === 0 ? 0 : ids.length / width;
  return Array.from({ length: rows }, (_, row) => Array.from(ids.slice(row * width, (row + 1) * width), (id) => visible(tokenizer.token(id))));
}

function withoutPadding(ids: Elements, { pad }: Tokenizer): number[] {
  return Array.from(ids).filter((id) => id !== pad);
}

/** Line breaks and other signs that would not stay in their place. */
function visible(token: string): string {
  return token.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (sign) => JSON.stringify(sign).slice(1, -1)).replaceAll(" ", "␣");
}
