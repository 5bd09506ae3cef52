import { TfmError } from "../errors.ts";
import { isFields } from "../json.ts";
import type { Fields } from "../json.ts";
import { elementCount } from "../size.ts";
import { decodeUtf8, encodeUtf8, firstInvalidUtf8 } from "../text/utf8.ts";
import { crc32, crcText } from "./crc32.ts";

/**
 * Tensors as bytes in the safetensors format (github.com/huggingface/safetensors): 8 bytes with the length of the header, the header as
 * JSON, the data. The header's metadata holds a checksum over the whole file, so that a bit that changed anywhere is noticed.
 */
export type TensorData = Float32Array | Int32Array | Uint32Array;

export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: TensorData;
}

export interface Safetensors {
  readonly tensors: readonly Tensor[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** By the format's name of an element's type: its bytes, and how a tensor's data are read. */
export type Dtypes = Readonly<Record<string, { readonly bytes: number; readonly read: (buffer: ArrayBuffer) => TensorData }>>;

/** What is written here. */
export const OWN_DTYPES = {
  F32: { bytes: 4, read: (buffer) => new Float32Array(buffer) },
  I32: { bytes: 4, read: (buffer) => new Int32Array(buffer) },
  U32: { bytes: 4, read: (buffer) => new Uint32Array(buffer) },
} as const satisfies Dtypes;

interface Place {
  readonly name: string;
  readonly dtype: Dtypes[string];
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The format's own bound; no model comes near it. */
const LARGEST_HEADER = 100_000_000;
const METADATA = "__metadata__";
/** The sum is taken with zeros in place of its digits. */
const CHECKSUM = '"checksum":"crc32:';
const DIGITS = 8;

/** Same tensors and metadata in the same order, same bytes. The key `checksum` of the metadata is written here. */
export function encodeSafetensors(tensors: readonly Tensor[], metadata: ReadonlyMap<string, string> = new Map()): Uint8Array {
  const header = encodeHeader(tensors, metadata);
  const dataLength = tensors.reduce((sum, tensor) => sum + tensor.data.byteLength, 0);
  const bytes = new Uint8Array(8 + header.length + dataLength);
  new DataView(bytes.buffer).setUint32(0, header.length, true);
  bytes.set(header, 8);
  let at = 8 + header.length;
  for (const { data } of tensors) {
    // The memory of typed arrays is little-endian, as the format is, on every machine that has WebGPU.
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  bytes.set(encodeUtf8(crcText(crc32(bytes))), digitsAt(bytes, 8 + header.length));
  return bytes;
}

function encodeHeader(tensors: readonly Tensor[], metadata: ReadonlyMap<string, string>): Uint8Array {
  const entries = new Map<string, unknown>();
  entries.set(METADATA, Object.fromEntries([["checksum", `crc32:${"0".repeat(DIGITS)}`], ...[...metadata].filter(([key]) => key !== "checksum")]));
  let at = 0;
  for (const { name, shape, data } of tensors) {
    if (entries.has(name)) throw new Error(`internal: two tensors are called ${name}`);
    if (elementCount(shape) !== data.length) throw new Error(`internal: ${name} of shape [${shape.join(", ")}] has ${data.length} elements`);
    const dtype: keyof typeof OWN_DTYPES = data instanceof Float32Array ? "F32" : data instanceof Int32Array ? "I32" : "U32";
    entries.set(name, { dtype, shape, data_offsets: [at, at + data.byteLength] });
    at += data.byteLength;
  }
  // Written entry by entry: an object would sort names that look like numbers to the front.
  const text = `{${[...entries].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
  const header = encodeUtf8(text);
  const padded = new Uint8Array(Math.ceil(header.length / 8) * 8).fill(0x20);
  padded.set(header);
  return padded;
}

/**
 * The tensors in the order of their data. Throws TfmError `weights-damaged` with the cause, or `weights-unsupported` for a dtype that
 * is not read here. Files of other programs have no checksum; where it is `required`, its absence counts as damage.
 */
export function decodeSafetensors(bytes: Uint8Array, checksum: "required" | "if present" = "required", dtypes: Dtypes = OWN_DTYPES): Safetensors {
  const dataStart = headerEnd(bytes);
  const header = parseHeader(bytes.subarray(8, dataStart));
  const metadata = metadataOf(header[METADATA]);
  verifyChecksum(bytes, dataStart, metadata.get("checksum"), checksum);

  const dataLength = bytes.length - dataStart;
  const places = Object.entries(header).filter(([name]) => name !== METADATA).map(([name, value]) => placeOf(name, value, dataLength, dtypes));
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCover(places, dataLength);
  const tensors = places.map(({ name, dtype, shape, begin, end }): Tensor => {
    // A copy, and not by `slice`: that of a Node Buffer shares the file's memory.
    const { buffer } = new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end));
    return { name, shape, data: dtype.read(buffer) };
  });
  return { tensors, metadata };
}

function headerEnd(bytes: Uint8Array): number {
  if (bytes.length < 8) throw damaged(`it has ${bytes.length} bytes, and the length of the header alone takes 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length > LARGEST_HEADER) throw damaged(`it claims a header of ${length} bytes, and ${LARGEST_HEADER} is the most that the format allows`);
  if (length > bytes.length - 8) throw damaged(`it ends within its header: ${bytes.length - 8} of ${length} bytes are there`);
  return 8 + length;
}

function parseHeader(bytes: Uint8Array): Fields {
  const invalid = firstInvalidUtf8(bytes);
  if (invalid >= 0) throw damaged(`byte ${invalid} of its header is not UTF-8`);
  const text = decodeUtf8(bytes);
  if (!text.startsWith("{")) throw damaged("its header does not begin with {");
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw damaged(`its header is not JSON (${(error as Error).message})`);
  }
  checkKeys(text);
  return header as Fields;
}

/** JSON.parse keeps the last of two equal keys; here they are an error. The text is known to be JSON. */
function checkKeys(text: string): void {
  const open: Set<string>[] = [];
  for (const [token, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(token.slice(0, -colon.length)) as string;
      const keys = open.at(-1) as Set<string>;
      if (keys.has(key)) throw damaged(`its header has ${JSON.stringify(key)} twice`);
      keys.add(key);
    }
  }
}

function metadataOf(value: unknown): ReadonlyMap<string, string> {
  if (value === undefined) return new Map();
  if (!isFields(value)) throw damaged("its metadata is not an object");
  const metadata = new Map<string, string>();
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry !== "string") throw damaged(`its metadata ${JSON.stringify(key)} is not a text`);
    metadata.set(key, entry);
  }
  return metadata;
}

function verifyChecksum(bytes: Uint8Array, dataStart: number, stored: string | undefined, checksum: "required" | "if present"): void {
  if (stored === undefined) {
    if (checksum === "required") throw damaged("it has no checksum");
    return;
  }
  const at = digitsAt(bytes, dataStart);
  if (!/^crc32:[0-9a-f]{8}$/.test(stored) || at < 0) throw damaged(`its checksum ${JSON.stringify(stored)} cannot be read`);
  const before = crc32(bytes.subarray(0, at));
  const found = crcText(crc32(bytes.subarray(at + DIGITS), crc32(encodeUtf8("0".repeat(DIGITS)), before)));
  if (found !== stored.slice(-DIGITS)) throw damaged(`its checksum is ${found} and should be ${stored.slice(-DIGITS)}`);
}

/** Where the digits of the checksum begin, or -1. In a name or text the quotes of the searched bytes would be escaped. */
function digitsAt(bytes: Uint8Array, dataStart: number): number {
  const wanted = encodeUtf8(CHECKSUM);
  for (let at = 8; at + wanted.length + DIGITS <= dataStart; at++) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at + wanted.length;
  }
  return -1;
}

function placeOf(name: string, value: unknown, dataLength: number, dtypes: Dtypes): Place {
  const where = `the tensor ${JSON.stringify(name)}`;
  if (!isFields(value)) throw damaged(`${where} is not described by an object`);
  const extra = Object.keys(value).find((key) => key !== "dtype" && key !== "shape" && key !== "data_offsets");
  if (extra !== undefined) throw damaged(`${where} has the unknown property ${JSON.stringify(extra)}`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string") throw damaged(`${where} has no dtype`);
  const type = Object.hasOwn(dtypes, dtype) ? dtypes[dtype] : undefined;
  if (type === undefined) throw unsupported(`${where} is of dtype ${JSON.stringify(dtype)}`, dtypes);
  if (!isCounts(shape)) throw damaged(`${where} has no proper shape`);
  if (!isCounts(offsets) || offsets.length !== 2) throw damaged(`${where} has no proper data_offsets`);
  const [begin, end] = offsets as readonly [number, number];
  if (begin > end) throw damaged(`${where} ends (${end}) before it begins (${begin})`);
  if (end > dataLength) throw damaged(`it ends within its data: ${where} ends at byte ${end} and there are ${dataLength}`);
  const needed = type.bytes * elementCount(shape);
  if (end - begin !== needed) throw damaged(`${where} of shape [${shape.join(", ")}] needs ${needed} bytes and has ${end - begin}`);
  return { name, dtype: type, shape, begin, end };
}

/** Every byte belongs to one tensor. */
function checkCover(places: readonly Place[], dataLength: number): void {
  let at = 0;
  for (const { name, begin, end } of places) {
    if (begin !== at) throw damaged(`${begin < at ? "two tensors share" : "no tensor has"} the bytes before the tensor ${JSON.stringify(name)}`);
    at = end;
  }
  if (at !== dataLength) throw damaged(`${dataLength - at} bytes follow the last tensor`);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
}

function damaged(cause: string): TfmError {
  return new TfmError("weights-damaged", 1, `The weights (safetensors) are damaged: ${cause}.`, "Take another checkpoint, or copy the file again from where it was whole.");
}

function unsupported(cause: string, dtypes: Dtypes): TfmError {
  return new TfmError("weights-unsupported", 1, `The weights (safetensors) cannot be used: ${cause}; ${Object.keys(dtypes).join(", ")} can.`, "Convert them to F32 first.");
}
