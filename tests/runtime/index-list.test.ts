import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeIndexList } from "../../runtime/index-list.ts";

describe("writeIndexList", () => {
  it("lists the positions of each row in order, and of nothing else", () => {
    const cases = fc.integer({ min: 1, max: 40 }).chain((rows) => fc.tuple(fc.constant(rows), fc.array(fc.integer({ min: -2, max: rows + 1 }), { maxLength: 200 })));
    fc.assert(
      fc.property(cases, ([rows, ids]) => {
        const list = new Int32Array(rows + 1 + ids.length + 3).fill(-9);
        writeIndexList(Int32Array.from(ids), rows, list);
        for (let row = 0; row < rows; row++) {
          const segment = Array.from(list.subarray(rows + 1 + (list[row] as number), rows + 1 + (list[row + 1] as number)));
          expect(segment).toEqual(ids.flatMap((id, at) => (id === row ? [at] : [])));
        }
        expect(list[0]).toBe(0);
        expect(list[rows]).toBe(ids.filter((id) => id >= 0 && id < rows).length);
        expect(Array.from(list.subarray(rows + 1 + ids.length))).toEqual([-9, -9, -9]);
      }),
    );
  });
});
