import type { File } from "../../grammar/index.ts";

/** A tree without its places, for comparisons: two texts that say the same give the same. */
export function withoutPlaces(file: File): unknown {
  return strip({ kind: file.kind, tops: file.tops });
}

function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strip);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key, v]) => key !== "span" && key !== "opSpan" && v !== undefined);
  return Object.fromEntries(entries.map(([key, v]) => [key, strip(v)]));
}

/** The texts of the comments, sorted; `///` counts as `//`, which is what it becomes in the middle of an item. */
export function commentTexts(file: File): string[] {
  return file.comments.map((c) => c.text.replace(/^\/\/+/, "//")).sort();
}
