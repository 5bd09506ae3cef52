import fc from "fast-check";
import { expect } from "vitest";
import { loadTokenizer } from "../../runtime/text/index.ts";

/** A file in which a character is another is refused with an error of ours, or reads. */
export function refusedOrRead(file: string, numRuns: number): void {
  fc.assert(fc.property(fc.nat(file.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
    try {
      loadTokenizer(file.slice(0, at) + character + file.slice(at + 1)).encode("un test, 12,5");
    } catch (error) {
      expect(error).toHaveProperty("name", "TfmError");
    }
  }), { numRuns, seed: 3 });
}
