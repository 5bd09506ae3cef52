/** Parts of a program by their names. Throws TfmError `unknown-entry` or `unknown-input`, which tell what there is. */
import { unknownName } from "./errors.ts";
import type { Entry, Input, Program } from "./program.ts";

export function entryOf({ entries }: Pick<Program, "entries">, name: string): Entry {
  return named("entry", entries, name);
}

export function inputOf({ inputs }: Pick<Entry, "inputs">, name: string): Input {
  return named("input", inputs, name);
}

function named<T extends { readonly name: string }>(what: string, all: readonly T[], name: string): T {
  const found = all.find((one) => one.name === name);
  if (found === undefined) throw unknownName(what, name, all.map((one) => one.name));
  return found;
}
