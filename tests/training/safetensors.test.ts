import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32 } from "../../runtime/training/crc32.ts";
import { readWeights } from "../../runtime/training/matching.ts";
import { decodeSafetensors, encodeSafetensors } from "../../runtime/training/safetensors.ts";
import type { Tensor } from "../../runtime/training/safetensors.ts";

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** A file put together by hand from a header's text and data. */
function file(header: string, data: Uint8Array = new Uint8Array(0), claimed?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const damaged = (cause: string) => expect.objectContaining({ code: "weights-damaged", exit: 1, message: expect.stringContaining(cause) as string });

describe("crc32", () => {
  // The check value of the catalogue of parametrised CRC algorithms for CRC-32/ISO-HDLC, and two well-known sums.
  it.each([["123456789", 0xcbf43926], ["", 0], ["The quick brown fox jumps over the lazy dog", 0x414fa339]])("of %j", (text, sum) => {
    expect(crc32(ascii(text))).toBe(sum);
  });
  it("continues", () => expect(crc32(ascii("6789"), crc32(ascii("12345")))).toBe(0xcbf43926));
});

describe("encodeSafetensors", () => {
  it("writes the format as specified", () => {
    const bytes = encodeSafetensors([{ name: "w", shape: [1, 2], data: Float32Array.of(1, -2) }, { name: "n", shape: [], data: Int32Array.of(-1) }], new Map([["format", "tfm"]]));
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = new TextDecoder().decode(bytes.subarray(8, 8 + length));
    expect(JSON.parse(header)).toEqual({
      __metadata__: { checksum: expect.stringMatching(/^crc32:[0-9a-f]{8}$/) as string, format: "tfm" },
      w: { dtype: "F32", shape: [1, 2], data_offsets: [0, 8] },
      n: { dtype: "I32", shape: [], data_offsets: [8, 12] },
    });
    expect(length % 8).toBe(0);
    // 1 and -2 in IEEE 754, then -1, all little-endian.
    expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 255, 255, 255, 255]);
  });

  it("sums the file with zeros in place of the digits", () => {
    const bytes = encodeSafetensors([{ name: "w", shape: [1], data: Float32Array.of(1) }]);
    const text = new TextDecoder("latin1").decode(bytes);
    const at = text.indexOf("crc32:") + 6;
    const zeroed = bytes.slice();
    zeroed.fill(0x30, at, at + 8);
    expect(text.slice(at, at + 8)).toBe(crc32(zeroed).toString(16).padStart(8, "0"));
  });

  it("refuses our own mistakes", () => {
    const one = { name: "w", shape: [1], data: Float32Array.of(1) };
    expect(() => encodeSafetensors([one, one])).toThrow("internal: two tensors are called w");
    expect(() => encodeSafetensors([{ ...one, shape: [2] }])).toThrow("internal: w of shape [2] has 1 elements");
    expect(() => encodeSafetensors([{ ...one, name: "__metadata__" }])).toThrow("internal:");
  });
});

describe("decodeSafetensors gives back what was encoded", () => {
  const name = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "1", "0", "a.b.weight", 'q"uote', "é😀", '"checksum":"crc32:'));
  const shape = fc.array(fc.nat(4), { maxLength: 3 });
  const tensor = fc.tuple(name, shape, fc.constantFrom(Float32Array, Int32Array, Uint32Array), fc.infiniteStream(fc.integer())).map(([label, sizes, Kind, stream]): Tensor => {
    const count = sizes.reduce((product, size) => product * size, 1);
    const bits = Uint32Array.from({ length: count }, () => stream.next().value as number);
    return { name: label, shape: sizes, data: new Kind(bits.buffer) };
  });
  const text = fc.oneof(fc.string(), fc.constantFrom("__proto__", 'x"checksum":"crc32:00000000"'));
  const metadata = fc.array(fc.tuple(text, fc.string())).map((entries) => new Map(entries.filter(([key]) => key !== "checksum")));

  it("names, shapes, bits (NaNs as well) and metadata", () => {
    fc.assert(fc.property(fc.uniqueArray(tensor, { selector: (one) => one.name, maxLength: 5 }), metadata, (tensors, about) => {
      fc.pre(tensors.every((one) => one.name !== "__metadata__"));
      const bytes = encodeSafetensors(tensors, about);
      // At an odd offset of a larger buffer, as a part of a download would be.
      const shifted = new Uint8Array(bytes.length + 3);
      shifted.set(bytes, 3);
      const back = decodeSafetensors(shifted.subarray(3));
      const bits = (one: Tensor) => ({ ...one, data: [one.data.constructor.name, ...new Uint32Array(one.data.buffer, one.data.byteOffset, one.data.length)] });
      const byName = (a: Tensor, b: Tensor): number => (a.name < b.name ? -1 : 1);
      expect([...back.tensors].sort(byName).map(bits)).toEqual([...tensors].sort(byName).map(bits));
      const { checksum, ...rest } = Object.fromEntries(back.metadata);
      expect(checksum).toMatch(/^crc32:/);
      expect(new Map(Object.entries(rest))).toEqual(new Map(Object.entries(Object.fromEntries(about))));
    }), { numRuns: 200 });
  });

  it("of no tensors at all", () => expect(decodeSafetensors(encodeSafetensors([])).tensors).toEqual([]));
});

describe("decodeSafetensors notices", () => {
  const whole = encodeSafetensors(
    [{ name: "embed.weight", shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) }, { name: "step", shape: [], data: Uint32Array.of(7) }, { name: "ids", shape: [2], data: Int32Array.of(-1, 1) }],
    new Map([["model", "Transformer"]]));

  it("every truncation", () => {
    for (let length = 0; length < whole.length; length++) expect(() => decodeSafetensors(whole.slice(0, length))).toThrow(damaged("The weights (safetensors) are damaged"));
  });

  it("every flipped bit, in length, header and data", () => {
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const flipped = whole.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => decodeSafetensors(flipped), `bit ${bit}`).toThrow(expect.objectContaining({ name: "TfmError", code: "weights-damaged" }));
    }
  });

  it("bytes that were added or swapped", () => {
    expect(() => decodeSafetensors(Uint8Array.of(...whole, 0))).toThrow(damaged("its checksum is"));
    const swapped = whole.slice();
    swapped.set(whole.subarray(-8, -4), whole.length - 4);
    swapped.set(whole.subarray(-4), whole.length - 8);
    expect(() => decodeSafetensors(swapped)).toThrow(damaged("its checksum is"));
  });
});

describe("decodeSafetensors checks files without a checksum", () => {
  const entry = (shape: string, begin: number, end: number, dtype = "F32"): string => `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;
  const eight = ascii("01234567");
  const read = (bytes: Uint8Array) => decodeSafetensors(bytes, "if present");

  it("and reads them, with white space, in any order, header of any length", () => {
    const { tensors } = read(file(`{ "b" : ${entry("[1]", 4, 8)},\n "a": ${entry("[1]", 0, 4, "U32")} }`, eight));
    expect(tensors).toEqual([{ name: "a", shape: [1], data: Uint32Array.of(0x33323130) }, { name: "b", shape: [1], data: new Float32Array(eight.slice(4).buffer) }]);
    expect(() => decodeSafetensors(file("{}"))).toThrow(damaged("it has no checksum"));
    expect(read(file("{}")).tensors).toEqual([]);
  });

  it.each<readonly [string, Uint8Array]>([
    ["it has 7 bytes", new Uint8Array(7)],
    ["it ends within its header: 2 of 3", file("{}", undefined, 3n)],
    ["header of 100000001 bytes", file("{}", undefined, 100_000_001n)],
    ["it claims a header of", file("{}", undefined, 2n ** 63n)],
    ["it claims a header of", file("{}", undefined, 2n ** 32n + 2n)],
    ["does not begin with {", file(" {}")],
    ["does not begin with {", file("")],
    ["does not begin with {", file("[]")],
    ["not JSON", file("{]")],
    ["not JSON", file("{}{}")],
    ["byte 2 of its header is not UTF-8", (() => { const bytes = file('{"x":1}'); bytes[10] = 0xff; return bytes; })()],
    ['has "a" twice', file(`{"a":${entry("[1]", 0, 4)},"a":${entry("[1]", 4, 8)}}`, eight)],
    ['has "a" twice', file(`{"a":${entry("[1]", 0, 4)},"\\u0061":${entry("[1]", 4, 8)}}`, eight)],
    ['has "shape" twice', file('{"a":{"dtype":"F32","shape":[2],"shape":[1],"data_offsets":[0,4]}}', eight)],
    ['has "__metadata__" twice', file('{"__metadata__":{},"__metadata__":{}}')],
    ["its metadata is not an object", file('{"__metadata__":[]}')],
    ['its metadata "x" is not a text', file('{"__metadata__":{"x":1}}')],
    ["its checksum", file('{"__metadata__":{"checksum":"sha256:00"}}')],
    ["its checksum", file('{"__metadata__":{"checksum": "crc32:00000000"}}')],
    ['"a" is not described by an object', file('{"a":null}')],
    ['"__proto__" is not described by an object', file('{"__proto__":5}')],
    ['the unknown property "__proto__"', file('{"a":{"__proto__":{},"dtype":"F32","shape":[],"data_offsets":[0,4]}}', eight)],
    ["has no dtype", file('{"a":{"shape":[],"data_offsets":[0,4]}}', eight)],
    ["no proper shape", file(`{"a":${entry("[-1]", 0, 4)}}`, eight)],
    ["no proper shape", file(`{"a":${entry("[1.5]", 0, 4)}}`, eight)],
    ["no proper shape", file(`{"a":${entry('"1"', 0, 4)}}`, eight)],
    ["no proper shape", file(`{"a":${entry("[1e300]", 0, 4)}}`, eight)],
    ["needs", file(`{"a":${entry("[4294967296,4294967296,4294967296]", 0, 8)}}`, eight)],
    ["no proper data_offsets", file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}', eight)],
    ["no proper data_offsets", file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}', eight)],
    ["no proper data_offsets", file('{"a":{"dtype":"F32","shape":[1]}}', eight)],
    ["ends (0) before it begins (4)", file(`{"a":${entry("[1]", 4, 0)}}`, eight)],
    ["ends at byte 12 and there are 8", file(`{"a":${entry("[3]", 0, 12)}}`, eight)],
    ["of shape [2] needs 8 bytes and has 4", file(`{"a":${entry("[2]", 0, 4)}}`, eight)],
    ["two tensors share", file(`{"a":${entry("[2]", 0, 8)},"b":${entry("[1]", 4, 8)}}`, eight)],
    ["two tensors share", file(`{"a":${entry("[2]", 0, 8)},"b":${entry("[2]", 0, 8)}}`, eight)],
    ["no tensor has the bytes before", file(`{"a":${entry("[1]", 4, 8)}}`, eight)],
    ["4 bytes follow the last tensor", file(`{"a":${entry("[1]", 0, 4)}}`, eight)],
  ])("%s", (cause, bytes) => {
    expect(() => read(bytes)).toThrow(damaged(cause));
  });

  it.each([
    ["F64", Float64Array.of(0.1, -2), [Math.fround(0.1), -2]],
    // IEEE 754 binary16: 1, -2, the largest, the smallest, infinity, zero.
    ["F16", Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00, 0x8000), [1, -2, 65504, 2 ** -24, Infinity, -0]],
    ["BF16", Uint16Array.of(0x3f80, 0xc000, 0x7f80, 0x3e20), [1, -2, Infinity, 0.15625]],
    ["I64", BigInt64Array.of(-3n, 7n), [-3, 7]], ["U64", BigUint64Array.of(7n), [7]], ["I16", Int16Array.of(-3), [-3]], ["U16", Uint16Array.of(65535), [65535]],
    ["I8", Int8Array.of(-3), [-3]], ["U8", Uint8Array.of(255), [255]], ["BOOL", Uint8Array.of(1, 0), [1, 0]],
  ])("reads %s of other programs", (dtype, values, expected) => {
    const bytes = new Uint8Array(values.buffer);
    const [tensor] = readWeights(file(`{"a":{"dtype":"${dtype}","shape":[${values.length}],"data_offsets":[0,${bytes.length}]}}`, bytes)).tensors;
    expect([...(tensor?.data ?? [])]).toEqual(expected);
    expect(tensor?.data.constructor).toBe(dtype.includes("F") ? Float32Array : Int32Array);
  });

  it("refuses dtypes that are not read here by name", () => {
    expect(() => read(file(`{"a":${entry("[4]", 0, 8, "BF16")}}`, eight))).toThrow(
      expect.objectContaining({ code: "weights-unsupported", message: expect.stringContaining('"a" is of dtype "BF16"') as string }));
  });
});
