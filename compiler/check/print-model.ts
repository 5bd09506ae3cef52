/** A checked model as text: the tree of layers, the parameters, what can be called, the recipe. */
import * as dims from "../dim.ts";
import type { Entry, Initializer, Instance, Model, Parameter } from "./model.ts";
import { totalElements } from "../../runtime/size.ts";

export function printModel(model: Model): string {
  const count = totalElements(model.parameters);
  return [
    `model ${model.name}: ${model.parameters.length} parameters, ${count} elements`,
    ...instanceLines(model.root, 1),
    "parameters",
    ...aligned(model.parameters.map(parameterCells)),
    ...(model.running.length > 0 ? ["running", ...aligned(model.running.map(parameterCells))] : []),
    "entries",
    ...model.entries.map((entry) => `  ${signature(entry)}`),
    ...recipeLines(model),
    "",
  ].join("\n");
}

function instanceLines(instance: Instance, depth: number): string[] {
  const own = instance.path.split(".").at(-1) || "model";
  const settings = instance.hyperparameters.map(([name, value]) => `${name}: ${value}`).join(", ");
  return [`${"  ".repeat(depth)}${own} = ${instance.layer}(${settings})`, ...instance.children.flatMap((child) => instanceLines(child, depth + 1))];
}

function parameterCells({ path, shape, init }: Parameter): string[] {
  return [path, `[${shape.join(", ")}]`, initText(init)];
}

function initText(init: Initializer): string {
  const number = (value: number): string => String(Number(value.toPrecision(6)));
  switch (init.kind) {
    case "constant":
      return number(init.value);
    case "uniform":
      return `uniform(${number(init.low)}, ${number(init.high)})`;
    case "normal":
      return `normal(${number(init.std)})`;
  }
}

function signature({ name, inputs, outputs, requires }: Entry): string {
  const shape = (sizes: readonly dims.Dim[]): string => `[${sizes.map(dims.print).join(", ")}]`;
  const fed = inputs.map((input) => `${input.name}: ${input.range ? `index(${dims.print(input.range)})` : input.type}${shape(input.shape)}`);
  const made = outputs.map((output) => `${output.type}${shape(output.shape)}`);
  const conditions = requires.length > 0 ? ` where ${requires.map(({ text }) => text).join(", ")}` : "";
  return `${name}(${fed.join(", ")}) -> ${made.join(", ")}${conditions}`;
}

function recipeLines({ recipe, parameters }: Model): string[] {
  if (!recipe) return [];
  const { name, data, optimizer, batch, steps, seed, accumulate, clip, tokenizer, reports } = recipe;
  const count = (kind: (group: string) => boolean): number => optimizer.groups.flatMap((group) => (kind(group.name) ? group.paths : [])).length;
  const told = [[count((group) => group.startsWith("undecayed")), "undecayed"], [count((group) => group.includes(".")), "with a rate of their own"], [parameters.length - count(() => true), "frozen"]] as const;
  return [
    `recipe ${name}`,
    ...(tokenizer ? [`  tokenizer ${tokenizer.kind}${tokenizer.size === undefined ? "" : `(${tokenizer.size})`}`] : []),
    `  data ${data.source}(${Object.entries(data.arguments).map(([key, value]) => `${key}: ${value}`).join(", ")})`,
    `  optimizer ${optimizer.name}${told.map(([found, what]) => (found > 0 ? `, ${found} parameters ${what}` : "")).join("")}`,
    `  batch ${batch}, steps ${steps}, seed ${seed}${accumulate > 1 ? `, accumulate ${accumulate}` : ""}${clip === undefined ? "" : `, clip ${clip}`}`,
    ...(reports.length > 0 ? [`  metrics ${reports.join(", ")}`] : []),
  ];
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ")}`.trimEnd());
}
