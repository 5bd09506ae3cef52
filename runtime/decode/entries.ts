/**
 * How the entries of a program generate: `forward(target, source)`, in either order, computes all anew for each prefix; where the model also has
 * `encode(source)` and `decode(target, …encode's results…, keep)`, the source is encoded once. By convention entries of these names and
 * shapes make up `forward`, and a last argument of the source's shape that is neither real nor an index tells which of its places are not padding.
 */
import { sizeNames } from "../size.ts";
import type { Size } from "../size.ts";
import type { EncodeDecodeEntries, ForwardEntry } from "./session-logits.ts";

export interface EntryNames {
  readonly encode: string;
  readonly decode: string;
}

/** In a program, what such an entry gives for the last place of a row alone, [B, vocab]. No function has a dot in its name. */
export function lastEntry(name: string): string {
  return `last.${name}`;
}

/** The same by entries that compute nothing else. */
export function byLastPlace(use: ForwardEntry | EncodeDecodeEntries): ForwardEntry | EncodeDecodeEntries {
  return use.kind === "forward" ? { ...use, entry: lastEntry(use.entry) } : { ...use, decode: lastEntry(use.decode) };
}

/** Undefined where `entry` is missing or takes other arguments than ids that grow and at most ids to read. */
export function generatingEntries({ entries }: { readonly entries: readonly TypedEntry[] }, entry: string, { encode, decode }: EntryNames = { encode: "encode", decode: "decode" }): ForwardEntry | EncodeDecodeEntries | undefined {
  const named = (name: string): TypedEntry | undefined => entries.find((one) => one.name === name);
  const forward = named(entry);
  const ids = forward && grownAndRead(forward);
  if (forward === undefined || ids === undefined) return undefined;
  const { target, source } = ids;
  if (source === undefined) return { kind: "forward", entry, target: target.name };
  return encodedOnce(forward, target, source, named(encode), named(decode)) ?? { kind: "forward", entry, target: target.name, source: source.name };
}

/** Of the one or two inputs the ids that grow, whose places are those of the logits [B, T, vocab], and those that are read beside. */
export function grownAndRead<I extends Typed>({ inputs, outputs }: { readonly inputs: readonly I[]; readonly outputs: readonly Typed[] }): { readonly target: I; readonly source?: I } | undefined {
  const [logits, ...others] = outputs;
  if (logits?.shape.length !== 3 || others.length > 0 || inputs.length > 2 || !inputs.every(isIds)) return undefined;
  const target = inputs.find(({ shape }) => isSameSize(shape, logits.shape.slice(0, 2)));
  const source = inputs.find((input) => input !== target);
  // What has a fixed length cannot grow, and what is as long as what grows would have to grow with it.
  const growing = target === undefined ? [] : sizeNames(target.shape[1] as Size);
  if (target === undefined || growing.length === 0 || (source && sizeNames(source.shape[1] as Size).some((name) => growing.includes(name)))) return undefined;
  return { target, ...(source && { source }) };
}

/** The entries that run: a session need have no others. */
export function entriesOf(use: ForwardEntry | EncodeDecodeEntries): readonly string[] {
  return use.kind === "forward" ? [use.entry] : [use.encode, use.decode];
}

function encodedOnce(forward: TypedEntry, target: TypedInput, source: TypedInput, encode: TypedEntry | undefined, decode: TypedEntry | undefined): EncodeDecodeEntries | undefined {
  const [read, ...others] = encode?.inputs ?? [];
  const [grows, ...rest] = decode?.inputs ?? [];
  if (encode === undefined || decode === undefined || read === undefined || grows === undefined) return undefined;
  const memories = encode.outputs;
  const [keep, ...more] = rest.slice(memories.length);
  const fits =
    others.length === 0 && more.length === 0 && memories.length > 0 && rest.length >= memories.length &&
    isSame(read, source) && isSame(grows, target) &&
    // Rows of what was encoded are rows of the batch.
    memories.every((output, at) => isSame(output, rest[at] as TypedInput) && isSameSize(output.shape[0], source.shape[0])) &&
    (keep === undefined || (keep.type !== "f32" && keep.range === undefined && isSameSize(keep.shape, source.shape))) &&
    decode.outputs.length === 1 && isSame(decode.outputs[0] as Typed, forward.outputs[0] as Typed);
  if (!fits) return undefined;
  return {
    kind: "encode-decode",
    encode: encode.name,
    source: read.name,
    decode: decode.name,
    target: grows.name,
    memory: memories.map(({ name }, at) => ({ input: (rest[at] as TypedInput).name, output: name })),
    ...(keep === undefined ? {} : { keep: keep.name }),
  };
}

function isIds({ type, shape }: Typed): boolean {
  return type === "i32" && shape.length === 2;
}

interface Typed {
  readonly type: string;
  readonly shape: readonly unknown[];
}

interface TypedInput extends Typed {
  readonly name: string;
  readonly range?: unknown;
}

/** Of a model or of a program. */
interface TypedEntry {
  readonly name: string;
  readonly inputs: readonly TypedInput[];
  readonly outputs: readonly (Typed & { readonly name: string })[];
}

function isSame(a: Typed, b: Typed): boolean {
  return a.type === b.type && isSameSize(a.shape, b.shape);
}

function isSameSize(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
