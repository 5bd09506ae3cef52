/** Reading a file in which the parameters have other names and axes: what a `weights` block of a model says, with its sizes filled in. */
import { TfmError } from "../errors.ts";
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
}

/**
 * The tensors of a file by the block whose names it has most of; undefined where it has more of the model's own. All names of a file may
 * stand behind one prefix ("transformer."). Throws TfmError `weights-differ` where a tensor is smaller than the block reads.
 */
export function renamed(blocks: readonly WeightNames[], own: readonly string[], file: readonly Tensor[]): NamedFile | undefined {
  const byName = new Map(file.map((tensor) => [tensor.name, tensor]));
  let best: { readonly block: WeightNames; readonly prefix: string } | undefined;
  let most = own.filter((name) => byName.has(name)).length;
  for (const block of blocks) for (const prefix of prefixes(block, file)) {
    const count = block.parameters.filter(({ tensor }) => byName.has(prefix + tensor)).length;
    if (count > most) {
      most = count;
      best = { block, prefix };
    }
  }
  if (best === undefined) return undefined;
  const { block, prefix } = best;
  const read = new Map<string, readonly number[]>();
  const made = block.parameters.flatMap((line): readonly Tensor[] => {
    const found = byName.get(prefix + line.tensor);
    if (found === undefined) return [];
    const before = read.get(found.name);
    const extents = line.slots?.map(({ offset, along }) => 1 + along.reduce((sum, table) => sum + (table === undefined ? 0 : largestOf(table)), offset)) ?? found.shape;
    read.set(found.name, extents.map((extent, axis) => Math.max(extent, before?.[axis] ?? 0)));
    return [gathered(line, found, extents)];
  });
  const partly = file.flatMap(({ name, shape }) => {
    const extents = read.get(name);
    return extents?.some((extent, axis) => extent < (shape[axis] as number)) ? [{ path: name, shape, read: extents }] : [];
  });
  return { tensors: [...made, ...file.filter(({ name }) => !read.has(name))], names: block.name, partly };
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

/** `extents`: how far it is read along each of its axes. */
function gathered({ parameter, shape, tensor, slots }: WeightName, found: Tensor, extents: readonly number[]): Tensor {
  if (slots === undefined || !(found.data instanceof Float32Array)) return { ...found, name: parameter };
  if (slots.length !== found.shape.length) throw differs(parameter, tensor, found, `the block reads it as one of ${slots.length} axes`);
  const strides = found.shape.map((_, axis) => found.shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const short = extents.findIndex((extent, axis) => extent > (found.shape[axis] as number));
  if (short >= 0) throw differs(parameter, tensor, found, `the block reads place ${(extents[short] as number) - 1} of axis ${short}`);

  // One table for each axis of the parameter: what its index adds to the place in the data.
  const start = slots.reduce((sum, { offset }, axis) => sum + offset * (strides[axis] as number), 0);
  const steps = shape.map((size, at) => Float64Array.from({ length: size }, (_, i) => slots.reduce((sum, { along }, axis) => sum + (along[at]?.[i] ?? 0) * (strides[axis] as number), 0)));
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const source = found.data;
  let to = 0;
  const fill = (axis: number, from: number): void => {
    const table = steps[axis];
    if (table === undefined) data[to++] = source[from] as number;
    else for (const step of table) fill(axis + 1, from + step);
  };
  fill(0, start);
  return { name: parameter, shape, data };
}

function differs(parameter: string, tensor: string, { shape }: Tensor, why: string): TfmError {
  return new TfmError("weights-differ", 1, `${tensor} is [${shape.join(", ")}] in the file, and for ${parameter} ${why}`, "Give the model the sizes that the file was made with, by --set.");
}
