/**
 * Every message about the meaning of a file, one function each: the two places that disagree, where each size came from,
 * and the edit that helps. tests/errors/CODE.txt shows each at work.
 */
export const CHECK_CODES = [
  "argument-kind", "argument-missing", "argument-rank", "argument-size", "argument-twice", "argument-type", "argument-unknown", "arguments-too-many",
  "assigns-parameter", "binder-misused", "branches-differ", "carry-differs", "comment-divides", "computed-in-layer", "data-column", "duplicate-name", "empty-parameter",
  "hides-name", "index-declared", "index-is-no-tensor", "index-range", "index-twice", "inexact-size", "kept-index-missing", "loss-not-learned", "loss-not-scalar", "looks-ahead",
  "member-unknown", "misplaced-item", "missing-return", "missing-setting", "name-in-capitals", "name-unknown", "not-callable", "not-known-when-compiling",
  "optimizer-form", "out-of-bounds", "pack-misused", "parameter-type", "pattern-unmatched", "random-type", "range-not-inferable", "range-too-short", "rank-mismatch",
  "rate-range", "recursion", "require-fails", "require-undecidable", "result-count", "result-size", "result-type-differs", "setting-unknown", "setting-value",
  "several-results", "shape-mismatch", "size-mismatch", "size-negative", "size-too-large", "size-unbound", "slot-not-integer", "stack-misused", "state-shape", "target-form",
  "too-much-work", "type-unknown", "unbound-index", "unnamed-layer", "unread", "unsupported", "use-failed", "value-unknown", "weights-form",
  "where-misplaced", "whole-tensor", "wrong-kind", "zero-divisor",
] as const; // prettier-ignore
export type CheckCode = (typeof CHECK_CODES)[number];

export * from "./errors-names.ts";
export * from "./errors-recipe.ts";
export * from "./errors-shapes.ts";
export * from "./errors-values.ts";
export * from "./errors-weights.ts";
