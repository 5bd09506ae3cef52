/**
 * The average of the weights of several trainings. Those that began with the same weights and differ in their seeds or rates lie near each
 * other, and their average does better than each, at the cost of one: a model soup (Wortsman et al. 2022, "Model soups").
 */
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
  const { from, tokenizer, otherTokens } = first;
  const tensors = first.tensors.map((tensor, at): Tensor => ({ ...tensor, data: meanOf(all.map((one) => (one.tensors[at] as Tensor).data)) }));
  return { from, others: others.map((other) => other.from), tensors, ...(tokenizer === undefined ? {} : { tokenizer }), ...(otherTokens && { otherTokens }) };
}

/** Files of one model hold its tensors in one order. */
function differenceOf(first: InitialWeights, other: InitialWeights): string | undefined {
  const shape = (tensor: Tensor): string => `[${tensor.shape.join(", ")}]`;
  for (const [at, tensor] of first.tensors.entries()) {
    const found = other.tensors[at];
    if (found?.name !== tensor.name) return `${found === undefined ? "nothing" : found.name} stands there where ${tensor.name} stands here`;
    if (shape(found) !== shape(tensor)) return `${tensor.name} is ${shape(found)} there and ${shape(tensor)} here`;
  }
  const more = other.tensors[first.tensors.length];
  if (more !== undefined) return `${more.name} is there only`;
  return other.tokenizer === first.tokenizer ? undefined : "they read with different tokenizers";
}

/** Summed in f64. */
function meanOf(all: readonly Tensor["data"][]): Float32Array {
  return Float32Array.from(all[0] as ArrayLike<number>, (_, at) => all.reduce((sum, data) => sum + Number(data[at]), 0) / all.length);
}
