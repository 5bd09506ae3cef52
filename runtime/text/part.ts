import type { TfmError } from "../errors.ts";
import { isFields } from "../json.ts";
import type { Fields, Json } from "../json.ts";
import { tokenizerUnsupported as unsupported } from "./errors.ts";
import { expressionOf, literally } from "./expression.ts";

/** What the parts of one kind mean, by their `type`. */
export type Meanings<T> = Readonly<Record<string, (part: Fields, whole: (part: unknown) => T) => T>>;

/** What a part of `tokenizer.json` means; `whole` is for parts of parts. Throws TfmError `tokenizer-unsupported` for one that is not in the table. */
export function meaningOf<T>(kind: string, part: unknown, meanings: Meanings<T>): T {
  const type = isFields(part) ? part["type"] : undefined;
  const meaning = typeof type === "string" && Object.hasOwn(meanings, type) ? meanings[type] : undefined;
  if (!isFields(part) || meaning === undefined) throw unsupported(`${kind} ${JSON.stringify(type ?? part ?? null)}`);
  return meaning(part, (inner) => meaningOf(kind, inner, meanings));
}

/** The parts of a `Sequence`. */
export function partsOfSequence(list: unknown): readonly unknown[] {
  if (Array.isArray(list)) return list;
  throw unsupported("a Sequence of nothing");
}

/** A setting of a part that has to be one of these; the first where it is absent. */
export function oneOf<const T extends Json>(part: Fields, name: string, values: readonly [T, ...T[]]): T {
  const given = part[name] ?? values[0];
  const known = values.find((value) => value === given);
  if (known === undefined) throw setting(part, name);
  return known;
}

export function textOf(part: Fields, name: string): string {
  const text = part[name];
  if (typeof text !== "string") throw setting(part, name);
  return text;
}

function setting(part: Fields, name: string): TfmError {
  return unsupported(`${String(part["type"])} with ${name} = ${JSON.stringify(part[name] ?? null)}`);
}

/** `{ "Regex": … }` or `{ "String": … }`. */
export function patternOf(part: Fields): RegExp {
  const pattern = part["pattern"];
  const { Regex: expression, String: text }: Fields = isFields(pattern) ? pattern : {};
  if (typeof text === "string" && text !== "") return literally(text);
  try {
    if (typeof expression === "string") return expressionOf(expression);
  } catch {
    // Said below.
  }
  throw unsupported(`the pattern ${JSON.stringify(pattern ?? null)}`);
}
