/** What the language looks like: from text to tree, and back. */
export * from "./ast.ts";
export * from "./diagnostic.ts";
export { GRAMMAR_CODES } from "./errors.ts";
export type { GrammarCode } from "./errors.ts";
export * from "./source.ts";
export { parse } from "./parse.ts";
export type { Parsed } from "./parse.ts";
export { WIDTH } from "./layout.ts";
export { format, formatSource } from "./print.ts";
