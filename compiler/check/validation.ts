/** `validation = 0.1` or `validation = "val.tsv"`: what a recipe measures on and never trains on. */
import type { Span } from "../../grammar/source.ts";
import * as dims from "../dim.ts";
import * as errors from "./errors.ts";
import type { Recipe } from "./model.ts";
import type { Val } from "./value.ts";
import type { World } from "./world.ts";

export function validationOf(value: Val | undefined, span: () => Span, world: World): Pick<Recipe, "validation"> {
  if (!value || value.kind === "poison") return {};
  if (value.kind === "text") return { validation: value.value };
  const share = value.kind === "size" ? dims.asNumber(value.size.dim) : value.kind === "tensor" && value.body.kind === "const" ? value.body.value : undefined;
  if (share !== undefined && share >= 0 && share < 1) return { validation: share };
  world.report(errors.wrongSetting(span(), "validation", 'a share of the data, such as 0.1, or the path of others, such as "val.tsv"'));
  return {};
}
