import type { Recipe, SizeRequirement } from "../../compiler/check/model.ts";
import { DEFAULT_LIMIT } from "../../runtime/data/index.ts";
import { upperLimit } from "../../runtime/size.ts";

/** `modelLimit`, or DEFAULT_LIMIT where the model sets none. */
export function lengthLimit(requires: readonly SizeRequirement[], names: readonly string[]): number {
  return modelLimit(requires, names) ?? DEFAULT_LIMIT;
}

/** The longest sequence that the recipe's loss takes, by what its model requires. */
export function recipeLimit({ loss, data }: Pick<Recipe, "loss" | "data">): number | undefined {
  const sizes = data.fields.flatMap(({ shape }) => shape.slice(1));
  return modelLimit(loss.requires, [...new Set(sizes.flatMap((size) => size.flatMap(({ factors }) => factors.filter((factor) => typeof factor === "string"))))]);
}

/**
 * The largest value that requirements of the form `N <= c` leave to any of these sizes, such as 64 of `require T <= 64`; undefined
 * where they say nothing. Other requirements are checked when a batch is fed.
 */
export function modelLimit(requires: readonly SizeRequirement[], names: readonly string[]): number | undefined {
  const limits = requires.flatMap(({ test }) => {
    const limit = test.kind === "nonnegative" ? upperLimit(test.size) : undefined;
    return limit !== undefined && names.includes(limit.name) ? [limit.most] : [];
  });
  return limits.length === 0 ? undefined : Math.min(...limits);
}
