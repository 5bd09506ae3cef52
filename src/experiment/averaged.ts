/**
 * The average of the weights of several trainings. Those that began with the same weights and differ in their seeds or rates lie near each
 * other, and their average does better than each, at the cost of one: a model soup (Wortsman et al. 2022, "Model soups").
 */
import { matching } from "../../runtime/index.ts";
import type { Tensor } from "../../runtime/training/safetensors.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import type { InitialWeights } from "./initial.ts";

/** At least one. Throws where one has other tensors or another tokenizer than the first. */
export function averaged(all: readonly InitialWeights[]): InitialWeights {
  const [first, ...others] = all as readonly [InitialWeights, ...InitialWeights[]];
  if (others.length === 0) return first;
  for (const other of others) {
    const difference = differenceOf(first, other);
    if (difference === undefined) continue;
    const message = `${other.from} and ${first.from} have no average: ${difference}`;
    throw new CommandFailure({ code: "weights-not-alike", exit: exitCodes.wrong, message, remedy: "average runs of one model that began with the same weights" });
  }
  const byName = others.map(({ tensors }) => new Map(tensors.map(({ name, data }) => [name, data])));
  const tensors = first.tensors.map((tensor): Tensor => ({ ...tensor, data: meanOf([tensor.data, ...byName.map((data) => data.get(tensor.name) ?? [])]) }));
  const { trained: _, ...kept } = first;
  return { ...kept, others: others.map(({ from }) => from), tensors };
}

function differenceOf(first: InitialWeights, other: InitialWeights): string | undefined {
  const { missing, differing, unused } = matching(first.tensors.map(({ name, shape }) => ({ path: name, shape })), other.tensors);
  if (missing[0] !== undefined) return `only ${first.from} has ${missing[0].path}`;
  if (differing[0] !== undefined) return `${differing[0].path} is [${differing[0].file.join(", ")}] in the one and [${differing[0].model.join(", ")}] in the other`;
  if (unused[0] !== undefined) return `only ${other.from} has ${unused[0].path}`;
  if (other.tokenizer === first.tokenizer) return undefined;
  const without = [first, other].find(({ tokenizer }) => tokenizer === undefined);
  return without === undefined ? "they read with different tokenizers" : `${without.from} has no tokenizer.json beside it`;
}

/** Summed in f64. */
function meanOf(all: readonly ArrayLike<number | bigint>[]): Float32Array {
  return Float32Array.from(all[0] as ArrayLike<number>, (_, at) => all.reduce((sum, data) => sum + Number(data[at]), 0) / all.length);
}
