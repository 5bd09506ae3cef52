/** Reading a file in which the parameters have other names and axes: what a `weights` block of a model says, with its sizes filled in. */
import { TfmError } from "../errors.ts";
import { elementCount, stridesOf } from "../size.ts";
import type { Tensor } from "./safetensors.ts";

export interface WeightNames {
  /** Of the block: `huggingface`. */
  readonly name: string;
  readonly parameters: readonly WeightName[];
}

export interface WeightName {
  /** Dotted: `blocks.0.attend.wq`. */
  readonly parameter: string;
  readonly shape: readonly number[];
  /** As the file calls the tensor: `h.0.attn.c_attn.weight`. */
  readonly tensor: string;
  /** Absent: the tensor has the parameter's axes. */
  readonly slots?: readonly WeightSlot[];
  /** Of a parameter with several tensors, such as one for each expert: the one place along each axis that this tensor has, undefined for all. */
  readonly part?: readonly (number | undefined)[];
  /** What the tensor is multiplied with before it is added to the others of the parameter; 1 if absent. */
  readonly factor?: number;
  /** What is added to all of the parameter; the same in all its lines. */
  readonly constant?: number;
}

/** The place along one axis of the tensor: `offset` and, for each of the parameter's axes, what its index adds, if it does. */
export interface WeightSlot {
  readonly offset: number;
  readonly along: readonly (Int32Array | undefined)[];
}

export interface NamedFile {
  /** With the model's names and axes; what no line names stands as it is. */
  readonly tensors: readonly Tensor[];
  /** Of the block that was followed. */
  readonly names: string;
  /** Tensors of which the block reads the beginning alone, as far as `read` along each axis: the model may be smaller than the file's. */
  readonly partly: readonly { readonly path: string; readonly shape: readonly number[]; readonly read: readonly number[] }[];
  /** Names that the block gives to parameters of the model and that the file does not have. */
  readonly sought: readonly { readonly path: string; readonly tensor: string }[];
}

/**
 * The tensors of a file by the block whose names it has most of, of several the one whose axes fit; undefined where it has more of the
 * model's own, or as many and is one that was written here (`isOurs`). All names of a file may stand behind one prefix ("transformer.").
 * Throws TfmError `weights-differ` where a tensor is smaller than the block reads.
 */
export function renamed(blocks: readonly WeightNames[], own: readonly string[], file: readonly Tensor[], isOurs = false): NamedFile | undefined {
  const byName = new Map(file.map((tensor) => [tensor.name, tensor]));
  const ofOwn = own.filter((name) => byName.has(name)).length;
  let best: { readonly block: WeightNames; readonly prefix: string; readonly count: number; readonly fitting: number } | undefined;
  for (const block of blocks) for (const prefix of prefixes(block, file)) {
    const there = block.parameters.filter(({ tensor }) => byName.has(prefix + tensor));
    const [count, fitting] = [there.length, there.filter((line) => fits(line, byName.get(prefix + line.tensor) as Tensor)).length];
    if (count === 0 || count < ofOwn || (count === ofOwn && isOurs)) continue;
    if (best === undefined || count > best.count || (count === best.count && fitting > best.fitting)) best = { block, prefix, count, fitting };
  }
  if (best === undefined) return undefined;
  const { block, prefix } = best;
  const read = new Map<string, readonly number[]>();
  const made = [...byParameter(block)].flatMap((lines): readonly Tensor[] => {
    const found = lines.map(({ tensor }) => byName.get(prefix + tensor));
    const pieces = found.flatMap((tensor, at): readonly Piece[] => (tensor === undefined ? [] : [{ line: lines[at] as WeightName, found: tensor, extents: extentsOf(lines[at] as WeightName, tensor) }]));
    if (pieces.length === 0) return [];
    for (const { found: { name }, extents } of pieces) {
      const before = read.get(name);
      read.set(name, extents.map((extent, axis) => Math.max(extent, before?.[axis] ?? 0)));
    }
    const lacking = found.indexOf(undefined);
    if (lacking >= 0) throw incomplete(lines, pieces.length, prefix + (lines[lacking] as WeightName).tensor);
    return [gathered(pieces)];
  });
  const partly = file.flatMap(({ name, shape }) => {
    const extents = read.get(name);
    return extents?.some((extent, axis) => extent < (shape[axis] as number)) ? [{ path: name, shape, read: extents }] : [];
  });
  const wanted = new Set(own);
  const sought = block.parameters.flatMap(({ parameter, tensor }) => (wanted.has(parameter) && !byName.has(prefix + tensor) ? [{ path: parameter, tensor: prefix + tensor }] : []));
  return { tensors: [...made, ...file.filter(({ name }) => !read.has(name))], names: block.name, partly, sought };
}

/** A tensor of the file, and `extents`: how far the line reads along each of its axes. */
interface Piece {
  readonly line: WeightName;
  readonly found: Tensor;
  readonly extents: readonly number[];
}

/** The lines of each parameter: several where it is a sum of tensors, or has one for each place along an axis. */
function byParameter({ parameters }: WeightNames): Iterable<readonly WeightName[]> {
  const all = new Map<string, WeightName[]>();
  for (const line of parameters) {
    const lines = all.get(line.parameter);
    if (lines) lines.push(line);
    else all.set(line.parameter, [line]);
  }
  return all.values();
}

function extentsOf({ slots, part = [] }: WeightName, { shape }: Tensor): readonly number[] {
  return slots?.map(({ offset, along }) => 1 + along.reduce((sum, table, at) => sum + (table === undefined ? 0 : (table[part[at] ?? -1] ?? largestOf(table))), offset)) ?? shape;
}

function fits(line: WeightName, found: Tensor): boolean {
  if (line.slots === undefined) return String(line.shape) === String(found.shape);
  return line.slots.length === found.shape.length && extentsOf(line, found).every((extent, axis) => extent <= (found.shape[axis] as number));
}

function largestOf(table: Int32Array): number {
  return table.reduce((a, b) => Math.max(a, b), -Infinity);
}

/** What may stand before all names: the file may lack any of the block's. */
function prefixes({ parameters }: WeightNames, file: readonly Tensor[]): ReadonlySet<string> {
  const names = new Set(parameters.map(({ tensor }) => tensor));
  const found = new Set([""]);
  for (const { name } of file) for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) if (names.has(name.slice(dot + 1))) found.add(name.slice(0, dot + 1));
  return found;
}

/** One parameter, of all its pieces. */
function gathered(pieces: readonly Piece[]): Tensor {
  const [{ line: { parameter, shape, slots, constant }, found }] = pieces as readonly [Piece, ...Piece[]];
  const other = pieces.find((piece) => !(piece.found.data instanceof Float32Array));
  if (slots === undefined || other) return { ...(other?.found ?? found), name: parameter };
  // Adding to -0 leaves every number as it is, -0 too.
  const data = new Float32Array(elementCount(shape)).fill(constant ?? -0);
  for (const piece of pieces) fillIn(data, piece);
  return { name: parameter, shape, data };
}

function fillIn(data: Float32Array, { line: { parameter, shape, slots = [], part = [], factor = 1 }, found, extents }: Piece): void {
  if (slots.length !== found.shape.length) throw differs(parameter, found, `the block reads it as one of ${slots.length} axes`);
  const short = extents.findIndex((extent, axis) => extent > (found.shape[axis] as number));
  if (short >= 0) throw differs(parameter, found, `the block reads place ${(extents[short] as number) - 1} of axis ${short}`);

  // One table for each axis of the parameter: what its index adds to the place in the data.
  const strides = stridesOf(found.shape), into = stridesOf(shape);
  const start = slots.reduce((sum, { offset }, axis) => sum + offset * (strides[axis] as number), 0);
  const steps = shape.map((size, at) => Float64Array.from({ length: size }, (_, i) => slots.reduce((sum, { along }, axis) => sum + (along[at]?.[i] ?? 0) * (strides[axis] as number), 0)));
  const source = found.data;
  const fill = (axis: number, to: number, from: number): void => {
    const table = steps[axis];
    if (table === undefined) {
      data[to] = (data[to] as number) + factor * (source[from] as number);
      return;
    }
    const only = part[axis];
    for (let i = only ?? 0; i < (only === undefined ? table.length : only + 1); i++) fill(axis + 1, to + i * (into[axis] as number), from + (table[i] as number));
  };
  fill(0, 0, start);
}

const SIZES = "Give the model the sizes that the file was made with, by --set.";

function incomplete([line, ...others]: readonly WeightName[], there: number, lacking: string): TfmError {
  return new TfmError("weights-differ", 1, `${line?.parameter} is read from ${others.length + 1} tensors, of which the file has ${there}; ${lacking} is missing`, SIZES);
}

function differs(parameter: string, { name, shape }: Tensor, why: string): TfmError {
  return new TfmError("weights-differ", 1, `${name} is [${shape.join(", ")}] in the file, and for ${parameter} ${why}`, `${SIZES.slice(0, -1)}, or the block's line the axes of the file.`);
}
