import { expect } from "vitest";
import { relativeError } from "../support/reference.ts";
import type { Results } from "./calls.ts";
import { meaning, translation } from "./tiny.ts";

/** Holds the results against the interpreter. */
export function expectMeaning(results: Results): void {
  for (const { entry, inputs, sizes, outputs } of results.runs) {
    const wanted = meaning(entry, inputs, sizes);
    for (const [name, { shape, data }] of Object.entries(outputs)) {
      const expected = wanted[name === "" ? entry : name];
      expect({ entry, name, shape }).toEqual({ entry, name, shape: expected?.shape });
      expect(relativeError(data, expected?.data ?? [], 1e-3)).toBeLessThan(1e-4);
    }
  }
  expect(results.translated).toEqual(["trois chats noirs", "", "deux chiens"].map((text) => (text === "" ? "" : translation(text, 6))));
  expect(results.single).toBe(translation("deux chats", 4));
  expect(results.errors).toEqual(["index-out-of-range", "requirement-fails", "size-not-inferred", "field-ragged", "unknown-input", "weights-of-another-model", "resource-unreachable", "session-disposed"]);
}
