/** `validation = 0.1`, `evaluate = 250`, `watch = loss`, `patience = 5`: what a recipe measures on, when, and what follows from it. */
import type { Expr as Node } from "../../../grammar/ast.ts";
import type { Span } from "../../../grammar/source.ts";
import * as dims from "../../dim.ts";
import * as errors from "../errors.ts";
import type { Recipe } from "../model.ts";
import { nearest } from "../../../grammar/suggest.ts";
import type { Val } from "../value.ts";
import type { World } from "../world.ts";

export interface ValidationSettings {
  readonly validation: Val | undefined;
  readonly evaluate: number | undefined;
  readonly patience: number | undefined;
  /** As the recipe has it, and as `--set` does. */
  readonly watch: Node | undefined;
  readonly watchSet: string | undefined;
  readonly span: (name: "validation" | "patience" | "watch") => Span;
  /** Figures that there are. */
  readonly figures: readonly string[];
}

export function validationOf(settings: ValidationSettings, world: World): Pick<Recipe, "validation" | "evaluate" | "patience" | "watch"> {
  const { evaluate, patience, span } = settings;
  const validation = validationData(settings, world);
  const watch = watched(settings, world);
  if (patience !== undefined && evaluate === undefined) world.report(errors.wrongSetting(span("patience"), "patience", "a number of evaluations: it needs `evaluate = 250`, the steps between two of them"));
  return {
    ...(validation === undefined ? {} : { validation }),
    ...(evaluate === undefined ? {} : { evaluate }),
    ...(patience === undefined ? {} : { patience }),
    ...(watch === undefined ? {} : { watch }),
  };
}

function validationData({ validation: value, span }: ValidationSettings, world: World): number | string | undefined {
  if (!value || value.kind === "poison" || value.kind === "none") return undefined;
  if (value.kind === "text") return value.value;
  const share = value.kind === "size" ? dims.asNumber(value.size.dim) : value.kind === "tensor" && value.body.kind === "const" ? value.body.value : undefined;
  if (share !== undefined && share >= 0 && share < 1) return share;
  world.report(errors.wrongSetting(span("validation"), "validation", 'a share of the data, such as 0.1, or the path of others, such as "val.tsv"'));
  return undefined;
}

function watched({ watch, watchSet, span, figures }: ValidationSettings, world: World): string | undefined {
  const name = watchSet ?? (watch?.kind === "name" ? watch.text : undefined);
  if (name === "none") return undefined;
  if ((!watch && watchSet === undefined) || (name !== undefined && figures.includes(name))) return name;
  world.report(errors.unknownFigure(span("watch"), name && nearest(name, figures), figures));
  return undefined;
}
