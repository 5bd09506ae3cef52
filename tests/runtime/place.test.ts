import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { place } from "../../runtime/place.ts";
import { ALIGNMENT } from "../../runtime/program.ts";
import type { Placement } from "../../runtime/place.ts";
import type { Dispatch, Entry, Temporary } from "../../runtime/program.ts";
import { constant, product } from "../support/tiny-program.ts";

const dispatch: Dispatch = { kernel: 0, groups: constant(1), bindings: [], label: "" };

type Life = readonly [first: number, last: number, elements: number];

function entryOf(name: string, lives: readonly Life[], outputs: readonly number[] = []): Entry {
  const steps = Array.from({ length: 1 + Math.max(0, ...lives.map(([, last]) => last)) }, () => dispatch);
  const temporaries = lives.map(([first, last, length], at): Temporary => ({ name: `${name}${at}`, type: "f32", shape: [constant(length)], first, last }));
  return {
    name, inputs: [], requires: [], tables: [], indexLists: [], temporaries, steps,
    outputs: outputs.map((at) => ({ name: `${at}`, type: "f32", shape: [], at: { kind: "temporary", at } })),
  };
}

/** By brute force: no two that live at one time share a byte; all aligned, within their arena and below the limit. */
function verify(entries: readonly Entry[], placement: Placement, limit: number): void {
  let start = 0;
  const placed = entries.flatMap((entry, e) => {
    const outputs = new Set(entry.outputs.flatMap(({ at }) => (at.kind === "temporary" ? [at.at] : [])));
    const all = entry.temporaries.map(({ first, last }, t) => {
      const at = placement.places[e]?.[t];
      if (at === undefined) throw new Error("not placed");
      return outputs.has(t) ? { ...at, first: 0, last: Number.POSITIVE_INFINITY } : { ...at, first: start + first, last: start + last };
    });
    start += entry.steps.length;
    return all;
  });
  for (const [i, a] of placed.entries()) {
    expect(a.offset % ALIGNMENT).toBe(0);
    expect(a.offset + a.bytes).toBeLessThanOrEqual(placement.arenas[a.arena] ?? 0);
    for (const b of placed.slice(0, i)) {
      const together = a.arena === b.arena && a.first <= b.last && b.first <= a.last;
      if (together) expect(a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset).toBe(true);
    }
  }
  for (const bytes of placement.arenas) expect(bytes).toBeLessThanOrEqual(limit);
}

const total = (placement: Placement): number => placement.arenas.reduce((sum, bytes) => sum + bytes, 0);

/** The training step of a stack of layers: the forward pass keeps some values for the backward pass, which frees them in turn. */
function trainingStep(layers: number): Life[] {
  const lives: Life[] = [];
  const perLayer = 8;
  const end = 2 * perLayer * layers;
  for (let layer = 0; layer < layers; layer++) {
    for (let k = 0; k < perLayer; k++) {
      const at = layer * perLayer + k;
      const length = [49152, 49152, 3072, 196608, 49152, 768, 147456, 49152][k] as number;
      const kept = k % 3 !== 1;
      lives.push([at, kept ? end - at - 1 : at + 1, length]);
      lives.push([end - at - 1, Math.min(end - 1, end - at + 1), length]);
    }
  }
  return lives;
}

describe("place", () => {
  it("never lets living values share bytes", () => {
    const life = fc.tuple(fc.nat(30), fc.nat(12), fc.nat(5000)).map(([first, span, length]): Life => [first, first + span, length]);
    const entry = fc.array(life, { maxLength: 30 }).chain((lives) => fc.tuple(fc.constant(lives), fc.subarray(lives.map((_, at) => at))));
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 3 }), fc.constantFrom(20_000, 64_000, 2 ** 27), (all, limit) => {
        const entries = all.map(([lives, outputs], at) => entryOf(`e${at}`, lives, outputs.slice(0, 3)));
        const rounded = Math.max(limit, 5000 * 4);
        const placement = place(entries, {}, rounded);
        verify(entries, placement, Math.ceil(rounded / ALIGNMENT) * ALIGNMENT);
        expect(placement.live).toBeLessThanOrEqual(total(placement));
      }),
      { numRuns: 200 },
    );
  });

  it("takes at most 1.05 of the largest live set for the training step of a stack", () => {
    for (const layers of [1, 2, 4, 12]) {
      const entries = [entryOf("grad", trainingStep(layers))];
      const placement = place(entries, {});
      const limit = 128 * 2 ** 20;
      verify(entries, placement, limit);
      expect(total(placement) / placement.live).toBeLessThanOrEqual(1.05);
    }
  });

  it("stays near the largest live set for lives of all kinds", () => {
    const life = fc.tuple(fc.nat(60), fc.nat(8), fc.integer({ min: 64, max: 20_000 })).map(([first, span, length]): Life => [first, first + span, length]);
    fc.assert(
      fc.property(fc.array(life, { minLength: 20, maxLength: 80 }), (lives) => {
        const placement = place([entryOf("e", lives)], {});
        expect(total(placement) / placement.live).toBeLessThanOrEqual(1.35);
      }),
      { numRuns: 100, seed: 7 },
    );
  });

  it("gives different entries the same bytes, but not those of their outputs", () => {
    const one = entryOf("one", [[0, 1, 1000], [1, 2, 1000]], [1]), two = entryOf("two", [[0, 1, 1000]]);
    const placement = place([one, two], {});
    verify([one, two], placement, 2 ** 27);
    expect(placement.places[1]?.[0]?.offset).toBe(placement.places[0]?.[0]?.offset);
    expect(placement.arenas).toEqual([2 * 4096]);
  });

  it("places for the bounds, and what is empty too", () => {
    const shape = [product(4, "B", "T")];
    const entry: Entry = { ...entryOf("e", [[0, 0, 0]]), temporaries: [{ name: "x", type: "f32", shape, first: 0, last: 0 }] };
    expect(place([entry], { B: 10, T: 16 }).places[0]?.[0]?.bytes).toBe(2560);
    expect(place([entry], { B: 0, T: 16 }).places[0]?.[0]).toEqual({ arena: 0, offset: 0, bytes: 0 });
  });

  it("opens another arena above the limit and refuses one value above it", () => {
    const entries = [entryOf("e", [[0, 0, 3000], [0, 0, 3000], [0, 0, 3000]])];
    const placement = place(entries, {}, 25_000);
    verify(entries, placement, 25_000);
    expect(placement.arenas).toHaveLength(2);
    expect(() => place([entryOf("e", [[0, 0, 7000]])], {}, 25_000)).toThrow(/value e0 takes/);
  });
});
