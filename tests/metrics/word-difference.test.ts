import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wordDifference } from "../../runtime/metrics/index.ts";

describe("wordDifference", () => {
  it("marks a replaced word", () => {
    expect(wordDifference("March 4, 2024 at 2:05 PM", "March 4, 2025 at 2:05 PM")).toEqual([
      { in: "both", text: "March 4," }, { in: "hypothesis", text: "2024" }, { in: "reference", text: "2025" }, { in: "both", text: "at 2:05 PM" },
    ]);
  });

  it("marks what is missing and what is too much", () => {
    expect(wordDifference("a c", "a b c")).toEqual([{ in: "both", text: "a" }, { in: "reference", text: "b" }, { in: "both", text: "c" }]);
    expect(wordDifference("a b c", "a c")).toEqual([{ in: "both", text: "a" }, { in: "hypothesis", text: "b" }, { in: "both", text: "c" }]);
    expect(wordDifference("", "a b")).toEqual([{ in: "reference", text: "a b" }]);
    expect(wordDifference("", "")).toEqual([]);
  });

  const text = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 8 });
  it("gives both texts back, and shares as many words as a search over all subsequences finds", () => {
    fc.assert(fc.property(text, text, (ours, theirs) => {
      const runs = wordDifference(ours.join(" "), theirs.join(" "));
      const side = (without: string): string => runs.filter((run) => run.in !== without).map((run) => run.text).join(" ");
      expect(side("reference")).toBe(ours.join(" "));
      expect(side("hypothesis")).toBe(theirs.join(" "));
      const shared = runs.filter((run) => run.in === "both").flatMap((run) => run.text.split(" ")).length;
      expect(shared).toBe(longestCommon(ours, theirs));
    }));
  });
});

/** By trying every subset of the first text's words. */
function longestCommon(a: readonly string[], b: readonly string[]): number {
  let best = 0;
  for (let subset = 0; subset < 2 ** a.length; subset++) {
    const chosen = a.filter((_, i) => (subset >> i) & 1);
    let at = 0;
    for (const word of b) if (word === chosen[at]) at++;
    if (at === chosen.length) best = Math.max(best, at);
  }
  return best;
}
