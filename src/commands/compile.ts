import { statSync } from "node:fs";
import path from "node:path";
import type { Model } from "../../compiler/check/model.ts";
import { compile } from "../../compiler/compile.ts";
import { emitModule } from "../embed/module.ts";
import { moduleWeights } from "../embed/module-weights.ts";
import { commonJsPackage } from "../embed/package-type.ts";
import { standaloneRuntime } from "../embed/standalone.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { checkedModel } from "../experiment/check.ts";
import { savedTokenizer } from "../experiment/run-folder.ts";
import { readModel } from "../experiment/source.ts";
import { writingEntries } from "../experiment/decoding.ts";
import { STAGES, afterPass, astText, stageText } from "../experiment/stages.ts";
import type { Stage } from "../experiment/stages.ts";
import { generationLimits } from "../experiment/translator.ts";
import { readTrained } from "../experiment/use.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import type { Output } from "../output.ts";
import type { Command, OptionValues } from "./command.ts";
import { modelChoices, modelOptions } from "./model-options.ts";
import { reporting } from "./refused.ts";
import { writeModuleFiles } from "./target.ts";

export const compileCommand: Command = {
  name: "compile",
  summary: "print any stage of the compiler, or write a model as a module for Node and browsers",
  details: `  tfmc compile model.tfm --emit graph --entry forward
  tfmc compile runs/translation -o app/model     (at its trained sizes, with its tokenizer inside)
  tfmc compile model.tfm -o app/model --init-from gpt2/model.safetensors     (with weights that are there already)`,
  arguments: [{ name: "file", count: "one", doc: "the model; for a module, a run folder as well" }],
  options: [
    ...modelOptions,
    { name: "emit", kind: "text", value: "STAGE", choices: STAGES, doc: "the stage to print" },
    { name: "print-after", kind: "text", value: "PASS", doc: "print the graphs as this pass leaves them" },
    { name: "entry", kind: "text", value: "NAME", doc: "of this entry alone: grad, update, or a function of the model" },
    { name: "for", kind: "text", choices: ["cpu", "gpu"], value: "KIND", doc: "kernels for an adapter that computes on the CPU, or for a GPU (the default; a module has both)" },
    { name: "out", short: "o", kind: "text", value: "DIR", doc: "write the model as an ES module with declarations into this folder" },
    { name: "init-from", kind: "text", value: "FILE", doc: "write these weights of another program beside the module, as model.safetensors with the model's own names; the model needs no recipe" },
  ],
  needsAdapter: false,
  run: ({ arguments: [file = ""], options, output }) => reporting(output, async () => (options.text("out") === undefined ? printStage(file, options, output) : writeModule(file, options, output))),
};

function printStage(file: string, options: OptionValues, output: Output): ExitCode {
  const stage = options.text("emit") as Stage | undefined;
  const pass = options.text("print-after");
  const source = valueOf(readModel(file));
  if (pass === undefined && stage === undefined) {
    throw new CommandFailure({ code: "nothing-to-emit", exit: exitCodes.usage, message: "say what is to come of it", remedy: `--emit ${STAGES.join("|")}, --print-after PASS, or -o DIR` });
  }
  const print = (text: string): ExitCode => {
    if (output.json) output.dataJson({ ...(pass === undefined ? { stage } : { after: pass }), text });
    else output.part(text);
    return exitCodes.ok;
  };
  if (pass === undefined && stage === "ast") return print(astText(source));
  const model = checkedModel(source, modelChoices(options), (warnings) => output.report(warnings));
  const request = { kind: kindOf(options), entry: options.text("entry") };
  return print(pass === undefined ? stageText(model, stage as Exclude<Stage, "ast">, request) : afterPass(model, pass, request));
}

function kindOf(options: OptionValues): "cpu" | "gpu" {
  return options.text("for") === "cpu" ? "cpu" : "gpu";
}

function writeModule(place: string, options: OptionValues, output: Output): ExitCode {
  const folder = options.text("out") as string;
  const { model, tokenizer, maxLength, window } = modelToEmbed(place, options, output);
  // Where the module will run is not known, unless the user says so.
  const kind = options.text("for") === undefined ? "any" : kindOf(options);
  const { program } = compile(model, { profile: { kind }, training: false, entries: [...model.entries.map(({ name }) => name), ...writingEntries(model)] });
  const runtime = { text: valueOf(standaloneRuntime()) };
  const given = options.text("init-from");
  const weights = given === undefined ? undefined : moduleWeights(model, program, given);
  const files = emitModule(model, program, { runtime, ...(tokenizer === undefined ? {} : { tokenizer }), ...(maxLength === undefined ? {} : { maxLength }), ...(window === undefined ? {} : { window }) });
  const written = writeModuleFiles(folder, files, weights?.bytes);
  for (const line of weights?.told ?? []) output.say(line);
  if (output.json) output.dataJson({ files: written });
  else for (const file of written) output.data(file);
  const manifest = commonJsPackage(folder);
  if (manifest !== undefined) output.say(`in Node it needs \`"type": "module"\` in ${path.relative("", manifest)}, which says "commonjs"; bundlers and browsers do not ask`);
  return exitCodes.ok;
}

interface Embedded {
  readonly model: Model;
  readonly tokenizer?: string;
  readonly maxLength?: number;
  readonly window?: number;
}

/** A run folder gives its model at the sizes it was trained with; a file gives the model at the sizes that it declares. */
function modelToEmbed(place: string, options: OptionValues, output: Output): Embedded {
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return { model: checkedModel(valueOf(readModel(place)), modelChoices(options), (warnings) => output.report(warnings)) };
  }
  if (options.text("init-from") !== undefined) throw new CommandFailure({ code: "options-exclude", exit: exitCodes.usage, message: `${place} is compiled with its own weights, so --init-from has no meaning beside it`, remedy: "leave it out, or name the model file" });
  const { checkpoint, model } = readTrained(place);
  const { maxLength, window } = generationLimits(checkpoint.record);
  const tokenizer = savedTokenizer(checkpoint);
  return { model, maxLength, window, ...(tokenizer === undefined ? {} : { tokenizer }) };
}
