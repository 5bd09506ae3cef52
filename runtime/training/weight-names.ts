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
  const read = new Set<string>();
  const made = block.parameters.flatMap((line): readonly Tensor[] => {
    const found = byName.get(prefix + line.tensor);
    if (found === undefined) return [];
    read.add(found.name);
    return [gathered(line, found)];
  });
  return { tensors: [...made, ...file.filter(({ name }) => !read.has(name))], names: block.name };
}

/** What may stand before all names: the file may lack any of the block's. */
function prefixes({ parameters }: WeightNames, file: readonly Tensor[]): ReadonlySet<string> {
  const names = new Set(parameters.map(({ tensor }) => tensor));
  const found = new Set([""]);
  for (const { name } of file) for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) if (names.has(name.slice(dot + 1))) found.add(name.slice(0, dot + 1));
  return found;
}

function gathered({ parameter, shape, tensor, slots }: WeightName, found: Tensor): Tensor {
  if (slots === undefined || !(found.data instanceof Float32Array)) return { ...found, name: parameter };
  if (slots.length !== found.shape.length) throw differs(parameter, tensor, found, `the block reads it as one of ${slots.length} axes`);
  const strides = found.shape.map((_, axis) => found.shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const largest = slots.map(({ offset, along }) => along.reduce((sum, table) => sum + (table?.reduce((a, b) => Math.max(a, b), -Infinity) ?? 0), offset));
  const short = largest.findIndex((place, axis) => place >= (found.shape[axis] as number));
  if (short >= 0) throw differs(parameter, tensor, found, `the block reads place ${largest[short]} of axis ${short}`);

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
