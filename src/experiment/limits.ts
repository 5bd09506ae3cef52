import type { Recipe, SizeRequirement } from "../../compiler/check/model.ts";
import { sizeNames } from "../../runtime/size.ts";

/** Tokens a side where the model sets no limit of its own. */
export const DEFAULT_LIMIT = 512;

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
    if (test.kind !== "nonnegative") return [];
    const [name, ...others] = sizeNames(test.size);
    if (name === undefined || others.length > 0 || !names.includes(name)) return [];
    const constant = test.size.find(({ factors }) => factors.length === 0)?.coefficient ?? 0;
    const slope = test.size.find(({ factors }) => factors.length === 1 && factors[0] === name)?.coefficient ?? 0;
    return test.size.length === 2 && slope < 0 ? [Math.floor(constant / -slope)] : [];
  });
  return limits.length === 0 ? undefined : Math.min(...limits);
}
