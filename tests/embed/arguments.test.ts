import { describe, expect, it } from "vitest";
import { feedOf } from "../../runtime/embedded/arguments.ts";
import type { Given } from "../../runtime/embedded/nested.ts";
import { TfmError } from "../../runtime/errors.ts";
import type { Feed } from "../../runtime/feed.ts";
import type { Entry, Input } from "../../runtime/program.ts";
import type { Size, Sizes } from "../../runtime/size.ts";

const number = (value: number): Size => [{ coefficient: value, factors: [] }];
const named = (name: string): Size => [{ coefficient: 1, factors: [name] }];
/** 2·T + 1 */
const odd: Size = [{ coefficient: 2, factors: ["T"] }, { coefficient: 1, factors: [] }];

function entry(...inputs: readonly Input[]): Entry {
  return { name: "run", inputs, outputs: [], requires: [], temporaries: [], tables: [], indexLists: [], steps: [] };
}
const ids: Input = { name: "ids", type: "i32", shape: [named("B"), named("T")] };
const image: Input = { name: "image", type: "f32", shape: [named("B"), number(2), number(2)] };
const window: Input = { name: "window", type: "f32", shape: [odd] };
const product: Input = { name: "product", type: "f32", shape: [[{ coefficient: 1, factors: ["B", "T"] }]] };
const scalar: Input = { name: "scale", type: "f32", shape: [] };

function errorOf(work: () => unknown): TfmError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof TfmError)) throw error;
    expect(error.message.length).toBeGreaterThan(20);
    return error;
  }
}

function code(of: Entry, inputs: Readonly<Record<string, Given>>, sizes = {}): string {
  return errorOf(() => feedOf(of, inputs, sizes))?.code ?? "none";
}

const outside = /^The field ids holds whole numbers from (.*); it was given (.*) at \[0, 0\]\.$/;

it.each<readonly ["i32" | "u32", number, string | undefined]>([
  ["i32", 2 ** 31 - 1, undefined],
  ["i32", -(2 ** 31), undefined],
  ["i32", 2 ** 32 + 5, "-2147483648 to 2147483647"],
  ["i32", 2 ** 31, "-2147483648 to 2147483647"],
  ["i32", -(2 ** 31) - 1, "-2147483648 to 2147483647"],
  ["u32", 2 ** 32 - 1, undefined],
  ["u32", 2 ** 32, "0 to 4294967295"],
  ["u32", -1, "0 to 4294967295"],
])("an input of %s takes %d as it is or not at all", (type, value, range) => {
  const feed = (): Feed => feedOf(entry({ ...ids, type }), { ids: [[value]] }, {});
  if (range === undefined) expect(Array.from(feed().fields["ids"] as Int32Array)).toEqual([value]);
  else expect(outside.exec(errorOf(feed)?.message ?? "")?.slice(1)).toEqual([range, String(value)]);
});

it("a packed array of the other sign holds nothing that would become another number", () => {
  const feed = (type: "i32" | "u32", packed: Given): Feed => feedOf(entry({ ...ids, type }), { ids: packed }, { B: 1 });
  expect(errorOf(() => feed("i32", Uint32Array.of(0, 2 ** 31)))?.message).toBe("The field ids holds whole numbers from -2147483648 to 2147483647; it was given 2147483648 at [1].");
  expect(errorOf(() => feed("u32", Int32Array.of(-1)))?.code).toBe("field-type");
  expect(feed("i32", Uint32Array.of(0, 7)).sizes).toEqual({ B: 1, T: 2 });
});

describe("arguments become a feed", () => {
  it("nested arrays give every size", () => {
    expect(feedOf(entry(ids), { ids: [[1, 2, 3], Int32Array.of(4, 5, 6)] }, {})).toEqual({ sizes: { B: 2, T: 3 }, fields: { ids: Int32Array.of(1, 2, 3, 4, 5, 6) } });
    expect(feedOf(entry(image), { image: [[[1, 2], [3, 4]]] }, {})).toEqual({ sizes: { B: 1 }, fields: { image: Float32Array.of(1, 2, 3, 4) } });
    expect(feedOf(entry(scalar), { scale: 2 }, {})).toEqual({ sizes: {}, fields: { scale: Float32Array.of(2) } });
  });

  it("a packed array gives the one size that is not known", () => {
    const packed = Int32Array.of(1, 2, 3, 4, 5, 6);
    expect(feedOf(entry(ids), { ids: packed }, { B: 3 }).sizes).toEqual({ B: 3, T: 2 });
    expect(feedOf(entry(ids), { ids: packed }, { T: 6 }).sizes).toEqual({ B: 1, T: 6 });
    expect(feedOf(entry(image), { image: new Float32Array(12) }, {}).sizes).toEqual({ B: 3 });
  });

  it("a feed keeps what it was made of", () => {
    const packed = Int32Array.of(1, 2);
    const sizes = { B: 1 };
    const feed = feedOf(entry(ids), { ids: packed }, sizes);
    packed.fill(7);
    sizes.B = 2;
    expect(feed).toEqual({ sizes: { B: 1, T: 2 }, fields: { ids: Int32Array.of(1, 2) } });
  });

  it("one input's sizes serve the others, in whatever order they stand", () => {
    const both = { ids: new Int32Array(12), image: new Float32Array(16) };
    expect(feedOf(entry(ids, image), both, {}).sizes).toEqual({ B: 4, T: 3 });
    expect(feedOf(entry(product, ids), { product: new Float32Array(6), ids: [[1, 2, 3], [4, 5, 6]] }, {}).sizes).toEqual({ B: 2, T: 3 });
    expect(feedOf(entry(product, image), { product: new Float32Array(6), image: new Float32Array(8) }, {}).sizes).toEqual({ B: 2, T: 3 });
  });

  it("solves for a size within an extent", () => {
    expect(feedOf(entry(window), { window: [1, 2, 3, 4, 5] }, {}).sizes).toEqual({ T: 2 });
    expect(code(entry(window), { window: [1, 2, 3, 4] })).toBe("field-length");
  });

  it("takes booleans as numbers, and an empty batch", () => {
    expect(feedOf(entry(ids), { ids: [[true, false]] }, {}).fields["ids"]).toEqual(Int32Array.of(1, 0));
    expect(feedOf(entry(ids), { ids: [] }, { T: 4 }).sizes).toEqual({ B: 0, T: 4 });
    expect(code(entry(ids), { ids: [] })).toBe("size-not-inferred");
    expect(code(entry(ids), { ids: [] }, { B: 1, T: 4 })).toBe("field-shape");
  });
});

it.each<readonly [string, Entry, Readonly<Record<string, Given>>, object]>([
  ["size-not-inferred", entry(ids), { ids: new Int32Array(6) }, {}],
  ["field-length", entry(ids), { ids: new Int32Array(7) }, { B: 2 }],
  ["field-shape", entry(ids), { ids: [[1, 2]] }, { B: 2 }],
  ["field-shape", entry(ids), { ids: [1, 2, 3] }, {}],
  ["field-shape", entry(ids), { ids: 1 }, {}],
  ["field-shape", entry(image), { image: [[[1, 2, 3], [3, 4, 5]]] }, {}],
  ["field-shape", entry(ids, image), { ids: [[1], [2]], image: [[[1, 2], [3, 4]]] }, {}],
  ["field-ragged", entry(ids), { ids: [[1, 2], [3]] }, {}],
  ["field-ragged", entry(ids), { ids: [[1], [3, 4]] }, {}],
  ["field-ragged", entry(image), { image: [[[1, 2], [3, 4]], [[1, 2]]] }, {}],
  ["field-type", entry(ids), { ids: [[1.5]] }, {}],
  ["field-type", entry(ids), { ids: [["1" as unknown as number]] }, {}],
  ["field-type", entry(ids), { ids: [[null as unknown as number]] }, {}],
  ["field-type", entry(ids), null as unknown as Record<string, never>, {}],
  ["field-type", entry(ids), { ids: Float32Array.of(1, 2) }, { B: 1 }],
  ["field-type", entry(ids), { ids: Float64Array.of(1, 2) as unknown as Given }, {}],
  ["field-length", entry(image), { image: new Float32Array(4) }, { B: 2 }],
  ["index-out-of-range", entry({ ...ids, range: number(5) }), { ids: [[4, 5]] }, {}],
  ["index-out-of-range", entry({ ...ids, range: number(5) }), { ids: Int32Array.of(-1) }, { B: 1 }],
  ["requirement-fails", { ...entry(ids), requires: [{ text: "T <= 2", test: { kind: "nonnegative", size: [{ coefficient: -1, factors: ["T"] }, { coefficient: 2, factors: [] }] } }] }, { ids: [[1, 2, 3]] }, {}],
  ["field-missing", entry(ids), {}, {}],
  ["field-missing", entry({ ...ids, name: "constructor" }), {}, {}],
  ["unknown-input", entry(ids), { ids: [[1]], id: [[1]] }, {}],
  ["unknown-size", entry(ids), { ids: [[1]] }, { S: 1 }],
])("%s: arguments that do not fit are told", (expected, of, inputs, sizes) => {
  expect(code(of, inputs, sizes)).toBe(expected);
});

it.each<readonly [string, Entry, unknown, unknown, string]>([
  ["a packed length", entry(ids), new Int32Array(7), { B: 2 }, "No whole size T gives the field ids of shape [B, T] what it was given: 7 elements."],
  ["a packed length beside constants", entry({ ...image, name: "ids" }), new Float32Array(1534), {}, "No whole size B gives the field ids of shape [B, 2, 2] what it was given: 1534 elements."],
  ["an array too deep behind a number", entry(ids), [[1, [2]]], {}, "The field ids of shape [B, T] takes arrays nested 2 deep, or one typed array; it was given an array at [0, 1]."],
  ["a number where an array was", entry(ids), [[1, 2], 3], {}, "The field ids of shape [B, T] takes arrays nested 2 deep, or one typed array; it was given a number at [1]."],
  ["a typed array a level too high", entry({ ...image, name: "ids" }), [Float32Array.of(1, 2)], {}, "The field ids of shape [B, 2, 2] takes arrays nested 3 deep, or one typed array; it was given a number at [0, 0]."],
  ["an array for one number", entry({ ...scalar, name: "ids" }), [1], {}, "The field ids of shape [] takes a number; it was given an array."],
  ["rows of other lengths", entry(ids), [[1, 2], [3]], {}, "The rows of the field ids differ in length: 2 and 1."],
  ["a part of a number", entry(ids), [[1, 2], [3, 0.5]], {}, "The field ids holds whole numbers; it was given 0.5 at [1, 1]."],
  ["an object", entry(ids), { a: 1 }, {}, 'The field ids holds numbers; it was given {"a":1}.'],
  ["a promise", entry(ids), Promise.resolve([[1]]), {}, "The field ids holds numbers; it was given a Promise."],
  ["a set", entry(ids), [new Set([1])], {}, "The field ids holds numbers; it was given a Set at [0]."],
  ["an object in a row", entry(ids), [{ a: 1 }], {}, 'The field ids holds numbers; it was given {"a":1} at [0].'],
  ["a hole in a row", entry(ids), [[1, , 3]], {}, "The field ids holds numbers; it was given undefined at [0, 1]."],
  ["a hole between rows", entry(ids), [[1], , [3]], {}, "The field ids holds numbers; it was given undefined at [1]."],
  ["a view without elements", entry(ids), [new DataView(new ArrayBuffer(4))], {}, "The field ids holds numbers; it was given a DataView at [0]."],
  ["a view in the place of all", entry(ids), new DataView(new ArrayBuffer(4)), { B: 1 }, "The field ids holds numbers; it was given a DataView."],
  ["64-bit integers", entry(ids), [BigInt64Array.of(1n)], {}, "The field ids holds numbers; it was given 1 at [0, 0]."],
  ["no sizes", entry(ids), [[1]], null, "run(): `sizes` must be an object; it is null."],
  ["a number for sizes", entry(ids), [[1]], 3, "run(): `sizes` must be an object; it is 3."],
  ["a size that is no number", entry(ids), [[1]], { B: Number.NaN }, "The size B must be a whole number of at least 0; it is NaN."],
  ["a size below 0", entry(ids), [[1]], { B: -1 }, "The size B must be a whole number of at least 0; it is -1."],
  ["a size that is a text", entry(ids), [[1]], { B: "4" }, 'The size B must be a whole number of at least 0; it is "4".'],
])("%s is told where and as it is", (_, of, value, sizes, message) => {
  expect(errorOf(() => feedOf(of, { ids: value as Given }, sizes as Sizes))?.message).toBe(message);
});

it("a promise in the place of a value should have been awaited", () => {
  expect(errorOf(() => feedOf(entry(ids), { ids: [Promise.resolve([1])] as unknown as Given }, {}))?.hint).toBe("Await it first.");
  expect(errorOf(() => feedOf(entry(ids), { ids: [[null]] as unknown as Given }, {}))?.hint).toBeUndefined();
});
