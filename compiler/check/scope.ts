/** The names of a file: its declarations, those of the files it uses, the library's, the built-in ones. */
import type { Callable, Decl, File, Fn } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/source.ts";
import type { Val } from "./value.ts";
import { NONE, number, POISON } from "./value.ts";

export interface FileScope {
  readonly file: File;
  /** Own declarations, then those of used files. */
  readonly names: ReadonlyMap<string, Declared>;
  readonly library: ReadonlyMap<string, Declared>;
  /** Names of its declarations, and of those of used files, that could not be read. */
  readonly lost: ReadonlySet<string>;
  /** A file that it uses is not there: what nobody declares may be of that. */
  partial: boolean;
}

export interface Declared {
  readonly decl: Decl | Fn;
  readonly home: FileScope;
  readonly span: Span;
}

/** Functions of scalars, and `stop`, with the number of their arguments. */
export const SCALAR_FUNCTIONS: ReadonlyMap<string, readonly [least: number, most: number]> = new Map([
  ["exp", [1, 1]], ["log", [1, 1]], ["sqrt", [1, 1]], ["tanh", [1, 1]], ["erf", [1, 1]], ["sin", [1, 1]], ["cos", [1, 1]],
  ["abs", [1, 1]], ["floor", [1, 1]], ["ceil", [1, 1]], ["sign", [1, 1]], ["stop", [1, 1]],
  ["min", [2, 8]], ["max", [2, 8]], ["clamp", [3, 3]],
]);

export const BINDERS: ReadonlySet<string> = new Set(["sum", "mean", "min", "max", "any", "all", "argmax", "argmin"]);
export const INITIALISERS: ReadonlySet<string> = new Set(["zeros", "ones", "constant", "uniform", "normal"]);
export const TOKENIZERS: ReadonlySet<string> = new Set(["bpe", "characters", "bytes", "wordpiece", "unigram"]);
/** Names that no declaration, layer member or variable may take. */
export const BUILTINS: ReadonlySet<string> = new Set([
  ...SCALAR_FUNCTIONS.keys(), ...BINDERS, ...INITIALISERS, ...TOKENIZERS, "stack", "training", "none", "pi",
]);

export function builtin(name: string): Val | undefined {
  if (name === "none") return NONE;
  if (name === "pi") return number(Math.PI);
  return BUILTINS.has(name) && name !== "training" ? { kind: "builtin", name } : undefined;
}

export function declared(scope: FileScope, name: string): Val | undefined {
  const own = scope.names.get(name);
  if (!own && scope.lost.has(name)) return POISON;
  const found = own ?? scope.library.get(name);
  if (!found) return undefined;
  const { decl, home } = found;
  return decl.kind === "fn" ? { kind: "fn", fn: decl, home } : { kind: "class", decl, home };
}

/** `forward` … of a layer: its methods by name. */
export function methodOf(decl: Decl, name: string): Callable | undefined {
  for (const item of decl.body.items) if (item.kind === "method" && item.name.text === name) return item;
  return undefined;
}
