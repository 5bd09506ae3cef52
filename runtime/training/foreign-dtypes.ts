/** Elements that other programs write: reals of other widths as F32, whole numbers and truths as I32. */
import type { Dtypes } from "./safetensors.ts";
import { OWN_DTYPES } from "./safetensors.ts";

type Reader = (view: DataView, at: number) => number;

const reals = (bytes: number, read: Reader): Dtypes[string] => ({ bytes, read: (buffer) => Float32Array.from(elements(buffer, bytes, read)) });
const integers = (bytes: number, read: Reader): Dtypes[string] => ({ bytes, read: (buffer) => Int32Array.from(elements(buffer, bytes, read)) });

function elements(buffer: ArrayBuffer, bytes: number, read: Reader): ArrayLike<number> {
  const view = new DataView(buffer);
  const values = new Float64Array(buffer.byteLength / bytes);
  for (let i = 0; i < values.length; i++) values[i] = read(view, i * bytes);
  return values;
}

export const FOREIGN_DTYPES: Dtypes = {
  ...OWN_DTYPES,
  F64: reals(8, (view, at) => view.getFloat64(at, true)),
  F16: reals(2, (view, at) => half(view.getUint16(at, true))),
  BF16: reals(2, (view, at) => bfloat(view.getUint16(at, true))),
  I64: integers(8, (view, at) => Number(view.getBigInt64(at, true))),
  U64: integers(8, (view, at) => Number(view.getBigUint64(at, true))),
  I16: integers(2, (view, at) => view.getInt16(at, true)),
  U16: integers(2, (view, at) => view.getUint16(at, true)),
  I8: integers(1, (view, at) => view.getInt8(at)),
  U8: integers(1, (view, at) => view.getUint8(at)),
  BOOL: integers(1, (view, at) => view.getUint8(at)),
};

/** IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 0x1f, fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const word = new DataView(new ArrayBuffer(4));

/** The upper half of an F32. */
function bfloat(bits: number): number {
  word.setUint32(0, bits * 2 ** 16);
  return word.getFloat32(0);
}
