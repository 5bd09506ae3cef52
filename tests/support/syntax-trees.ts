import type { File } from "../../grammar/index.ts";

/** A tree as text without its places: two files that say the same give the same. */
export function withoutPlaces(file: File): string {
  return JSON.stringify(file.tops, (key, value: unknown) => (key === "span" || key === "opSpan" ? undefined : value), 1);
}

/** The texts of the comments, sorted; `///` counts as `//`, which is what it becomes in the middle of an item. */
export function commentTexts(file: File): string[] {
  return file.comments.map((c) => c.text.replace(/^\/\/+/, "//")).sort();
}
