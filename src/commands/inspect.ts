import { print } from "../../compiler/dim.ts";
import { positionAt } from "../../grammar/source.ts";
import { observables } from "../../compiler/observe.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { commandDevice } from "../gpu/device.ts";
import { figureSvg } from "../inspect/figure.ts";
import { entriesToInspect, inspect } from "../inspect/inspect.ts";
import type { Observation } from "../inspect/inspect.ts";
import { firstExample, meanOf, parseSlices, patchesAsPicture, planesOf, rowsAsGrids, similarities, sliced, stacked, statisticsOf, withoutColours } from "../inspect/plane.ts";
import type { Plane, Statistics } from "../inspect/plane.ts";
import { readSubject } from "../inspect/subject.ts";
import type { Subject } from "../inspect/subject.ts";
import { numbersText, shadesText } from "../inspect/terminal.ts";
import { colorWanted } from "../output.ts";
import type { Output } from "../output.ts";
import { figure } from "../report/text.ts";
import type { Command, OptionValues } from "./command.ts";
import { modelChoices, modelOptions, sayBadRows, skipBadRowsOption } from "./model-options.ts";
import { reporting } from "./refused.ts";
import { writeFigure } from "./target.ts";

export const inspectCommand: Command = {
  name: "inspect",
  summary: "look at any value of a model by its name, or at the loss's gradient there",
  details: `Without --at: all names, with shapes and lines. \`encoder.0\` is what that layer gave, \`x~2\` the second value called x: assigned again, or
of a second call. A name with * stands for all that fit. Texts that the model answers are answered first, so that what is shown is of the
whole pair; where written tokens meet read ones, rows are called by the token that is written there.

  tfmc inspect runs/translation --at decoder.1.cross.weight --input "il y a 3 jours" --svg alignment.svg
  tfmc inspect examples/gpt/model.tfm --at blocks.0.attend.weight --input "ROMEO: " --slice 0,2
  tfmc inspect runs/vit --at place.table --as similarity --grid 4 --svg positions.svg`,
  arguments: [{ name: "file", count: "one", doc: "a run folder, or a model file for its newest run in runs/; without one, with its first weights" }],
  options: [
    ...modelOptions,
    { name: "at", kind: "list", value: "NAME", doc: "the value; may be repeated" },
    { name: "grad", kind: "flag", doc: "the gradient of the recipe's loss with respect to it, as in training, in its place" },
    { name: "input", kind: "text", value: "TEXT", mayBeEmpty: true, doc: "what the model reads, or goes on with" },
    { name: "target", kind: "text", value: "TEXT", mayBeEmpty: true, doc: "the answer, in the place of the model's own; of two texts the second" },
    { name: "example", kind: "integer", value: "N", doc: "the N-th example of the data, validation examples where there are any; the first by default" },
    { name: "rows", kind: "integer", value: "N", doc: "so many examples together; --example 2 is then the second N" },
    { name: "data", kind: "text", value: "PATH", doc: "data in the place of the recipe's" },
    skipBadRowsOption,
    { name: "entry", kind: "text", value: "NAME", doc: "the function of the model or the recipe; by default the first that computes the value and can be fed" },
    { name: "slice", kind: "text", value: "I,J", doc: "only these indices of the first axes, _ for all; by default the first example, and the mean of what is left" },
    { name: "as", kind: "text", value: "KIND", choices: ["heat", "similarity", "image", "patches"], doc: "a heat map; the cosines between its rows; pictures; pictures whose patches are its rows" },
    { name: "grid", kind: "integer", value: "N", doc: "each row as a picture N wide" },
    { name: "svg", kind: "text", value: "FILE", doc: "draw it" },
    { name: "untrained", kind: "flag", doc: "with first weights, also where there is a run" },
  ],
  needsAdapter: true,
  run: ({ arguments: [file = ""], options, output }) => reporting(output, () => inspectModel(file, options, output)),
};

async function inspectModel(file: string, options: OptionValues, output: Output): Promise<ExitCode> {
  checkFed(options);
  const { recipe, set } = modelChoices(options);
  const subject = await readSubject(file, { recipe, set, data: options.text("data"), skipBadRows: options.flag("skip-bad-rows"), untrained: options.flag("untrained") });
  const entry = options.text("entry");
  if (options.list("at").length === 0) return list(subject, entry, output);

  const [example, rows, grid] = ["example", "rows", "grid"].map((name) => atLeastOne(options, name));
  const sliceText = options.text("slice");
  const slices = sliceText === undefined ? undefined : parseSlices(sliceText);
  const names = expanded(options.list("at"), subject, entry, options.flag("grad"));
  const { observations: found, answer, badRows } = await inspect(subject, async () => valueOf(await commandDevice()), {
    ...(options.flag("grad") ? { gradients: names } : { observe: names }),
    entry, input: options.text("input"), target: options.text("target"), example, rows,
  });
  const idle = found.some((one) => one.entry !== undefined) ? [] : FED.filter((name) => (name === "input" || name === "target" ? options.text(name) : options.number(name)) !== undefined);
  if (idle.length > 0) output.say(`without effect on parameters: ${idle.map((name) => `--${name}`).join(", ")}`);
  const observations = found.map((one) => (slices === undefined ? one : sliced(one, slices)));
  sayBadRows(badRows, output);
  output.say(`${subject.weights}${answer === undefined ? "" : `; answer: ${answer}`}`);
  const kind = (options.text("as") ?? "heat") as Kind;
  if (output.json) for (const one of observations) output.dataJson(asJson(one, answer));
  else for (const [at, one] of observations.entries()) for (const line of [...(at > 0 ? [""] : []), ...described(one, kind, grid)]) output.data(line);
  const svg = options.text("svg");
  if (svg === undefined) return exitCodes.ok;
  writeFigure(svg, drawn(observations, kind, grid, subject.weights));
  output.say(svg);
  return exitCodes.ok;
}

/** What is fed, of which parameters know nothing. */
const FED = ["input", "target", "example", "rows"] as const;

/** Throws CommandFailure where one option of what is fed would be passed over beside, or without, another. */
function checkFed(options: OptionValues): void {
  const misuse = (code: string, message: string, remedy: string): CommandFailure => new CommandFailure({ code, exit: exitCodes.usage, message, remedy });
  const input = options.text("input");
  if (input === undefined && options.text("target") !== undefined) throw misuse("option-alone", "--target is the answer to --input, which is not given", "give --input TEXT as well; the examples of the data have their own answers");
  const example = ["example", "rows"].find((name) => options.number(name) !== undefined);
  if (input !== undefined && example !== undefined) throw misuse("options-exclude", `--input is what the model reads, so --${example} has no meaning beside it`, "leave one of them out");
}

type Kind = "heat" | "similarity" | "image" | "patches";

function atLeastOne(options: OptionValues, name: string): number | undefined {
  const value = options.number(name);
  if (value !== undefined && value < 1) throw new CommandFailure({ code: "option-too-small", exit: exitCodes.usage, message: `--${name} must be at least 1; it is ${value}` });
  return value;
}

/** Names with * become those that fit, in the order of the model. */
function expanded(names: readonly string[], { model }: Subject, entry: string | undefined, gradients: boolean): readonly string[] {
  const entries = gradients && model.recipe !== undefined ? [model.recipe.loss] : entriesToInspect(model).filter(({ name }) => entry === undefined || name === entry || name === `metrics.${entry}`);
  const all = [...new Set(entries.flatMap((one) => [...observables(one).keys()]))];
  return [...new Set(names.flatMap((name) => {
    if (!name.includes("*")) return [name];
    const pattern = new RegExp(`^${name.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\~]/g, "\\$&")).join(".*")}$`);
    const found = all.filter((one) => pattern.test(one));
    return found.length === 0 ? [name] : found;
  }))];
}

function list({ model }: Subject, entry: string | undefined, output: Output): ExitCode {
  const seen = new Set<string>();
  const entries = entriesToInspect(model).filter(({ name }) => entry === undefined || name === entry || name === `metrics.${entry}`);
  const rows = entries.flatMap((one) => [...observables(one).values()].flatMap(({ name, kind, shape, origin }) => {
    if (seen.has(name)) return [];
    seen.add(name);
    const declared = [...model.parameters, ...model.running].find(({ path }) => kind === "parameter" && path === name);
    const line = declared === undefined ? origin : { path: declared.span.file.path, line: positionAt(declared.span.file, declared.span.start).line };
    const place = line === undefined ? "" : `${line.path}:${line.line}`;
    return [{ name, kind, shape: `[${shape.map(print).join(", ")}]`, entry: one.name, place }];
  }));
  if (output.json) {
    for (const row of rows) output.dataJson(row);
    return exitCodes.ok;
  }
  const width = (key: "name" | "kind" | "shape" | "entry"): number => Math.max(0, ...rows.map((row) => row[key].length));
  const [a, b, c, d] = [width("name"), width("kind"), width("shape"), width("entry")];
  for (const { name, kind, shape, entry: of, place } of rows) output.data(`${name.padEnd(a)}  ${kind.padEnd(b)}  ${shape.padEnd(c)}  ${of.padEnd(d)}  ${place}`.trimEnd());
  return exitCodes.ok;
}

function described(one: Observation, kind: Kind, grid: number | undefined): readonly string[] {
  const { shape, axes, data, entry } = one;
  const planes = panelsOf(one, kind, grid);
  const [first] = planes;
  const chosen = first === undefined ? undefined : grid === undefined ? meanOf(planes) : first;
  const sizes = axes.map(({ size }) => size).join(", ");
  const color = colorWanted(process.stdout.isTTY);
  const shows = chosen !== undefined && chosen.columns > 1;
  return [
    `${titleOf(one)}  [${sizes}]${sizes === shape.join(", ") ? "" : ` = [${shape.join(", ")}]`}${entry === undefined ? "" : `, ${entry}`}`,
    statisticsText(statisticsOf(data)),
    numbersText(shape, data),
    ...(shows ? ["", ...(chosen.title === "" ? [] : [`${chosen.title}:`]), ...shadesText(chosen, { columns: process.stdout.columns || 100, color })] : []),
  ];
}

function titleOf({ name, gradient }: Observation): string {
  return gradient ? `d loss / d ${name}` : name;
}

function statisticsText({ count, min, mean, max, std, zeros, nans, infinities }: Statistics): string {
  return [`min ${figure(min)}`, `mean ${figure(mean)}`, `max ${figure(max)}`, `std ${figure(std)}`, `zeros ${zeros} of ${count}`, ...(nans > 0 ? [`NaN ${nans}`] : []), ...(infinities > 0 ? [`infinite ${infinities}`] : [])].join("  ");
}

function panelsOf(one: Observation, kind: Kind, grid: number | undefined): readonly Plane[] {
  const made = planesFor(one, kind);
  if (grid === undefined) return made;
  const columns = made[0]?.columns ?? 0;
  if (columns % grid === 0) return made.flatMap((plane) => rowsAsGrids(plane, grid));
  throw new CommandFailure({ code: "option-value", exit: exitCodes.usage, message: `--grid ${grid} does not divide the ${columns} numbers of a row`, remedy: "give the width of the picture that a row is" });
}

function planesFor(one: Observation, kind: Kind): readonly Plane[] {
  switch (kind) {
    case "heat":
      return planesOf(firstExample(one));
    case "similarity":
      return planesOf(firstExample(one)).map(similarities);
    case "image":
      return planesOf(withoutColours(one));
    case "patches":
      return planesOf(one).map(patchesAsPicture);
    default:
      return kind satisfies never;
  }
}

function drawn(observations: readonly Observation[], kind: Kind, grid: number | undefined, weights: string): string {
  const together = kind === "heat" && grid === undefined ? stacked(observations) : undefined;
  const [first] = observations as readonly [Observation];
  const several = observations.length > 1;
  const panels = together !== undefined ? [together] : observations.flatMap((one) => panelsOf(one, kind, grid).map((plane) => (several ? { ...plane, title: `${titleOf(one)} ${plane.title}`.trim() } : plane)));
  const [down, across] = panels[0]?.sizes ?? [];
  const named = (size: string | undefined): boolean => size !== undefined && /^[A-Z]/.test(size);
  return figureSvg(panels, {
    title: several ? observations.map(titleOf).slice(0, 3).join(", ") + (observations.length > 3 ? ", …" : "") : titleOf(first),
    subtitle: `${kind === "similarity" ? "cosine similarity of rows, " : ""}[${first.axes.map(({ size }) => size).join(", ")}] = [${first.shape.join(", ")}], ${weights}`,
    picture: kind === "image" || kind === "patches",
    ...(grid === undefined ? { ...(named(across) && { across: across! }), ...(named(down) && { down: down! }) } : { perRow: grid }),
  });
}

function asJson(one: Observation, answer: string | undefined): unknown {
  const { name, gradient, entry, shape, axes, data } = one;
  return { name, gradient, ...(entry === undefined ? {} : { entry }), ...(answer === undefined ? {} : { answer }), shape, axes, ...statisticsOf(data), values: Array.from(data) };
}
