/** Why a run that is gone on with computes something other than the one that was interrupted. */
import { shellWord } from "../shell.ts";
import { recipeOf } from "./check.ts";
import type { Prepared } from "./prepare.ts";
import type { Checkpoint } from "./run-folder.ts";
import { trainedModel } from "./use.ts";

/** For a program that is known to be another: what was set otherwise than then, and what to do where that was the number of steps. */
export function otherProgramText(before: Checkpoint, { source, settings, recipe }: Prepared): string {
  const { record } = before;
  const then = recipeOf(trainedModel(before).model);
  const others = new Set([...Object.keys(record.set), ...Object.keys(settings)].filter((name) => name !== "recipe.steps"));
  const changed = [
    ...(then.steps === recipe.steps ? [] : [`\`steps\` was ${then.steps} and is ${recipe.steps}, which it reads, as \`cosine(step, steps)\` does in a rate`]),
    ...(then.name === recipe.name ? [] : [`its recipe was \`${then.name}\` and is \`${recipe.name}\``]),
    ...[...others].filter((name) => record.set[name] !== settings[name]).map((name) => `\`${name}\` was ${record.set[name] ?? "not set"} and is ${settings[name] ?? "not set"}`),
    ...(JSON.stringify(source.saved()) === JSON.stringify(record.sources) ? [] : ["the text of the model is another"]),
  ];
  const why = changed.length === 0 ? "tfm or the adapter is another than then" : changed.join("; ");
  const advice = then.steps === recipe.steps ? "" : `. What is left is trained as the end of ${recipe.steps} steps; for all of them by one schedule: tfmc train ${shellWord(source.file.path)} --steps ${recipe.steps}`;
  return `the program is not the one that was interrupted, so the run does not go on bit for bit: ${why}${advice}`;
}
