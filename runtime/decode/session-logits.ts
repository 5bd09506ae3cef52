/**
 * A session's entries as a source of next-token logits: either one entry that computes everything anew for each prefix, or one
 * that encodes the sources once and one that decodes. Which entries and inputs they are is the caller's to say.
 */
import type { Elements, Feed } from "../feed.ts";
import { entryOf, inputOf } from "../lookup.ts";
import type { Entry, Input } from "../program.ts";
import type { Session } from "../session.ts";
import type { Size, Sizes } from "../size.ts";
import type { Continuation, NextLogits } from "./next-logits.ts";

/** `forward(target, source) -> logits`, [B, T, V] or of the last place [B, V]; without `source`, a model that only continues. */
export interface ForwardEntry {
  readonly kind: "forward";
  readonly entry: string;
  readonly target: string;
  readonly source?: string;
}

/** `encode(source) -> memory, …`, run once for a batch, and `decode(target, memory, …) -> logits`, as above. */
export interface EncodeDecodeEntries {
  readonly kind: "encode-decode";
  readonly encode: string;
  readonly source: string;
  readonly decode: string;
  readonly target: string;
  /** Inputs of `decode` with the outputs of `encode` that they are. */
  readonly memory: readonly { readonly input: string; readonly output: string }[];
  /** An input of `decode` of the source's shape that is 1 where the source is not padding. */
  readonly keep?: string;
}

/** `pad`: the id that fills the sources, for `keep`. `window`: the most ids of a prefix, where the session has room for more. */
export function sessionLogits(session: Session, use: ForwardEntry | EncodeDecodeEntries, pad = 0, window?: number): NextLogits {
  return use.kind === "forward" ? forwardLogits(session, use, window) : encodeDecodeLogits(session, use, pad);
}

function forwardLogits(session: Session, use: ForwardEntry, window?: number): NextLogits {
  const entry = entryIn(session, use.entry);
  const target = inputOf(entry, use.target);
  const source = use.source === undefined ? undefined : inputOf(entry, use.source);
  return {
    limits: limitsOf(session, target, window),
    begin: (sources): Continuation => ({
      async next(rows, prefixes, length) {
        const fields: Record<string, Elements> = { [target.name]: prefixes };
        let sizes = boundSizes(target, [rows.length, length]);
        if (source !== undefined) {
          const width = sources[0]?.length ?? 0;
          fields[source.name] = gathered(sources, rows, width);
          sizes = { ...sizes, ...boundSizes(source, [rows.length, width]) };
        }
        session.run(entry.name, { sizes, fields });
        return lastLogits(session, entry.name, rows.length, length);
      },
    }),
  };
}

function encodeDecodeLogits(session: Session, use: EncodeDecodeEntries, pad: number): NextLogits {
  const encode = entryIn(session, use.encode);
  const decode = entryIn(session, use.decode);
  const source = inputOf(encode, use.source);
  const target = inputOf(decode, use.target);
  const memory = use.memory.map(({ input, output }) => ({ input, from: session.output(encode.name, output) }));
  const keep = use.keep === undefined ? undefined : inputOf(decode, use.keep);
  return {
    limits: limitsOf(session, target),
    begin: (sources): Continuation => {
      const width = sources[0]?.length ?? 0;
      const all = sources.map((_, row) => row);
      session.run(encode.name, { sizes: boundSizes(source, [sources.length, width]), fields: { [source.name]: gathered(sources, all, width) } });
      return {
        async next(rows, prefixes, length) {
          const sizes = { ...boundSizes(source, [rows.length, width]), ...boundSizes(target, [rows.length, length]) };
          const fields: Feed["fields"] = {
            [target.name]: prefixes,
            // Rows that have ended leave the batch; the memory is copied from where `encode` left it.
            ...Object.fromEntries(memory.map(({ input, from }) => [input, { from, rows }])),
            ...(keep === undefined ? {} : { [keep.name]: kept(keep, gathered(sources, rows, width), pad) }),
          };
          session.run(decode.name, { sizes, fields });
          return lastLogits(session, decode.name, rows.length, length);
        },
      };
    },
  };
}

/** Logits of the last place, which of [B, vocab] are all: a [B, T, vocab] tensor is mostly not needed. */
async function lastLogits(session: Session, entry: string, rows: number, length: number): Promise<Float32Array> {
  const output = session.output(entry);
  const shape = session.shapeOf(output);
  const vocabulary = shape.at(-1) ?? 0;
  const places = shape.length === 2 ? 1 : length;
  const slices = Array.from({ length: rows }, (_, row) => ({ offset: ((row + 1) * places - 1) * vocabulary, length: vocabulary }));
  return (await session.readSlices(output, slices)) as Float32Array;
}

function gathered(sources: readonly Int32Array[], rows: readonly number[], width: number): Int32Array {
  const all = new Int32Array(rows.length * width);
  rows.forEach((row, at) => all.set(sources[row] ?? [], at * width));
  return all;
}

function kept(input: Input, ids: Int32Array, pad: number): Elements {
  const flags = Array.from(ids, (id) => (id === pad ? 0 : 1));
  switch (input.type) {
    case "f32":
      return Float32Array.from(flags);
    case "i32":
      return Int32Array.from(flags);
    case "u32":
      return Uint32Array.from(flags);
    default:
      return input.type satisfies never;
  }
}

function limitsOf(session: Session, target: Input, window = Infinity): NextLogits["limits"] {
  const [rows, length] = target.shape.map((size) => session.bounds[nameOf(size) ?? ""] ?? constantOf(size));
  return { rows: rows ?? 1, length: Math.min(length ?? 1, window) };
}

/** The sizes that an input binds when its axes have these extents: those that an axis consists of alone. */
export function boundSizes({ shape }: Pick<Input, "shape">, extents: readonly number[]): Sizes {
  const named = shape.map((size, axis): [string | undefined, number] => [nameOf(size), extents[axis] ?? 0]);
  return Object.fromEntries(named.filter(([name]) => name !== undefined)) as Sizes;
}

/** "T" for the size T itself. */
function nameOf(size: Size): string | undefined {
  const [term, ...rest] = size;
  const [factor, ...more] = term?.factors ?? [];
  return rest.length === 0 && more.length === 0 && term?.coefficient === 1 && typeof factor === "string" ? factor : undefined;
}

function constantOf(size: Size): number {
  return size.reduce((sum, term) => sum + (term.factors.length === 0 ? term.coefficient : 0), 0);
}

/** Among those that the session was made for. */
function entryIn(session: Session, name: string): Entry {
  return entryOf({ entries: session.program.entries.filter((one) => session.has(one.name)) }, name);
}
