import { constants } from "node:buffer";
import type { Program } from "../../runtime/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import { bytesText } from "../report/text.ts";

/**
 * Throws where a checkpoint of the program could not be written, which would show after hours otherwise: each of its files is made in
 * memory, and Node 20 holds 4 GiB in one piece. `most`: bytes of a piece.
 */
export function checkCheckpointSize({ states }: Pick<Program, "states">, most: number = constants.MAX_LENGTH): void {
  const bytesOf = (kind: string): number => states.reduce((sum, state) => (state.kind === kind ? sum + 4 * state.length : sum), 0);
  const [parameters, hidden] = [bytesOf("parameter"), bytesOf("average") > 0 ? bytesOf("parameter") : 0];
  const largest = Math.max(parameters + bytesOf("running"), bytesOf("optimizer") + hidden);
  if (largest <= most) return;
  throw new CommandFailure({
    code: "checkpoint-too-large",
    exit: exitCodes.wrong,
    message: `a checkpoint of this model takes a file of ${bytesText(largest)}, and this Node (${process.version}) makes files of up to ${bytesText(most)}`,
    remedy: "use Node 22 or newer, which has no such bound; or an optimizer with fewer states, such as Lion or Sgd",
  });
}
