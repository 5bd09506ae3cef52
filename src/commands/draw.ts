import { nearest } from "../../grammar/suggest.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { diagramOf } from "../draw/diagram.ts";
import { diagramSvg } from "../draw/svg.ts";
import { checkedModel } from "../experiment/check.ts";
import { readModel } from "../experiment/source.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import type { Output } from "../output.ts";
import type { Command, OptionValues } from "./command.ts";
import { modelChoices, modelOptions } from "./model-options.ts";
import { reporting } from "./refused.ts";
import { writeFigure } from "./target.ts";

export const drawCommand: Command = {
  name: "draw",
  summary: "draw a model: its layers, what flows between them, and its shapes",
  details: "The figure is an SVG, on stdout or in the file that -o names. Equal layers of a stack are drawn once,\nand a scan as a frame around one step.\n\n  tfmc draw model.tfm -o model.svg",
  arguments: [{ name: "file", count: "one", doc: "the model" }],
  options: [
    ...modelOptions,
    { name: "entry", kind: "text", value: "NAME", doc: "the function of the model to draw; `loss` is the recipe's; by default `forward`, or the first there is" },
    { name: "out", short: "o", kind: "text", value: "FILE", doc: "write the figure here" },
  ],
  needsAdapter: false,
  run: ({ arguments: [file = ""], options, output }) => reporting(output, async () => draw(file, options, output)),
};

function draw(file: string, options: OptionValues, output: Output): ExitCode {
  const model = checkedModel(valueOf(readModel(file)), modelChoices(options), (warnings) => output.report(warnings));
  const entries = [...model.entries, ...(model.recipe === undefined ? [] : [{ ...model.recipe.loss, name: "loss" }])];
  const name = options.text("entry") ?? "forward";
  const entry = entries.find((one) => one.name === name) ?? (options.text("entry") === undefined ? entries[0] : undefined);
  if (entry === undefined) {
    const names = entries.map((one) => one.name);
    const near = nearest(name, names);
    throw new CommandFailure({ code: "unknown-entry", exit: exitCodes.usage, message: `${file} has no function \`${name}\` to draw`, remedy: `${near === undefined ? "" : `did you mean \`${near}\`? `}there are ${names.join(", ")}` });
  }
  const svg = diagramSvg(diagramOf(model, entry));
  const out = options.text("out");
  if (out !== undefined) writeFigure(out, svg);
  if (output.json) output.dataJson(out === undefined ? { entry: entry.name, svg } : { entry: entry.name, file: out });
  else if (out === undefined) output.part(svg);
  else output.data(out);
  return exitCodes.ok;
}
