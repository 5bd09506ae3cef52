import path from "node:path";
import pc from "picocolors";
import type { TextPair } from "../../runtime/data/index.ts";
import type { TrainResult } from "../../runtime/index.ts";
import { totalElements } from "../../runtime/size.ts";
import { readPairs } from "../data-sources/tsv.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { evaluate, metricsText } from "../experiment/evaluate.ts";
import type { Evaluation } from "../experiment/evaluate.ts";
import { duration, progressLines } from "../experiment/progress-line.ts";
import { newRunFolder } from "../experiment/run-folder.ts";
import { readModel } from "../experiment/source.ts";
import { openRun, prepareRun } from "../experiment/train.ts";
import type { Run } from "../experiment/train.ts";
import type { Translator } from "../experiment/translator.ts";
import { valueOf } from "../failure.ts";
import { commandDevice } from "../gpu/device.ts";
import { interruption } from "../interrupt.ts";
import type { Output } from "../output.ts";
import { packageRoot } from "../package-root.ts";
import type { QuickstartOptions } from "./options.ts";
import { builtInPairs, ownPairs } from "./pairs.ts";
import { answerLine, column, sample, spread } from "./show.ts";

/** Trains the translation example, shows how it learns, and measures it on phrases that it has never seen. */
export async function quickstart(options: QuickstartOptions, output: Output): Promise<ExitCode> {
  const title = (text: string): void => output.say(`\n${pc.createColors(output.color).bold(text)}`);
  const example = path.relative(process.cwd(), path.join(packageRoot, "examples", "translation")) || ".";
  const file = path.join(example, "model.tfm");
  const folder = newRunFolder(file);

  title("Data");
  const data = options.data === undefined ? builtInPairs(example) : ownPairs(options.data, folder);
  output.say(`  ${data.description}`);
  const heldout = valueOf(readPairs(data.heldout));

  const prepared = await prepareRun({ source: valueOf(readModel(file)), set: options.set, data: data.train, warn: (warnings) => output.report(warnings) });
  output.say(`  ${data.train}, SHA-256 ${prepared.data.record.sha256}`);

  title("Model");
  const device = valueOf(await commandDevice());
  // Until here there is nothing to save, and no moment to notice a signal at: one ends the process at once.
  const signal = interruption();
  const started = performance.now();
  const run = await openRun(prepared, device, folder);
  try {
    describe(run, file, device.adapter.name, output);
    const translator = run.translator();
    const shown = threeOf(heldout);

    title("Training");
    const training = await trained(run, translator, shown, signal, output);
    if (training.end !== "done") {
      output.say(`\nEnded after step ${training.step}. Go on with: npx --no-install tfmc train --resume ${folder}`);
      return exitCodes.interrupted;
    }

    title("Phrases that it was never trained on");
    const held = await measured(translator, heldout, run, output);
    for (const answer of sample(held.answers, 6)) output.say(answerLine(answer, output.color));
    output.say(`  ${metricsText(held.metrics)} on all ${held.answers.length}; ${output.color ? "struck out as written, underlined as wanted" : "[-as written-] {+as wanted+}"}`);
    run.logEvaluation(training.step, held.metrics, held.answers);
    if (options.data === undefined) {
      title("Phrases as people type them");
      const typed = await measured(translator, valueOf(readPairs(path.join(example, "typed.tsv"))), run, output);
      for (const answer of sample(typed.answers, 4)) output.say(answerLine(answer, output.color));
      output.say(`  ${metricsText(typed.metrics)} on all ${typed.answers.length}`);
    }
    translator.dispose();

    title("What now");
    for (const line of advice(options, file, folder)) output.say(line === "" ? "" : `  ${line}`);
    output.say(`  (${duration((performance.now() - started) / 1000)} in all)\n`);
    const adapter = device.adapter.name.split(" (")[0];
    output.data(`held-out: ${metricsText(held.metrics)}, ${held.answers.length} phrases, trained ${training.step} steps in ${Math.round(training.seconds)} s on ${adapter}`);
    return exitCodes.ok;
  } finally {
    run.dispose();
  }
}

function describe({ prepared: { model, recipe, tokenizer, bounds }, folder }: Run, file: string, adapter: string, output: Output): void {
  const parameters = totalElements(model.parameters);
  const lengths = Object.entries(bounds).filter(([name]) => name !== "B").map(([, value]) => value);
  output.say(`  ${file}: ${parameters.toLocaleString("en-US")} parameters, ${tokenizer?.size ?? 0} tokens, texts of up to ${Math.max(...lengths)} tokens`);
  output.say(`  ${recipe.steps.toLocaleString("en-US")} steps of ${recipe.batch} pairs on ${adapter}; the run is kept in ${folder}`);
}

/** A short, a longer and a long one. */
function threeOf(pairs: readonly TextPair[]): readonly TextPair[] {
  return spread(pairs.toSorted((a, b) => a.source.length - b.source.length), 3);
}

interface Training {
  readonly end: TrainResult["end"];
  readonly step: number;
  /** Without the pauses for translating. */
  readonly seconds: number;
}

async function trained(run: Run, translator: Translator, shown: readonly TextPair[], signal: AbortSignal, output: Output): Promise<Training> {
  const { steps } = run.prepared.recipe;
  const progress = output.progress();
  const line = progressLines(steps, run.prepared.data.training.unit);
  let paused = 0;
  const show = async (step: number): Promise<void> => {
    const from = performance.now();
    const given = await translator.translate(shown.map(({ source }) => source));
    const sources = column(shown.map(({ source }) => source));
    progress.note(`  ${String(Math.round((100 * step) / steps)).padStart(3)} %`);
    given.forEach((text, at) => progress.note(`    ${shown[at] !== undefined && text === translator.reference(shown[at].target) ? "✓" : " "} ${sources[at]}  →  ${clipped(text)}`));
    paused += performance.now() - from;
  };
  // Drivers compile kernels when they first run.
  progress.update("  compiling kernels for this adapter …");
  await show(0);
  paused = 0;
  const started = performance.now();
  const quarters = [Math.floor(steps / 4), Math.floor(steps / 2)];
  const result = await run
    .train({ signal, checkpointEvery: 500, onStep: (row) => progress.update(line(row)), pauseAfter: (step) => quarters.includes(step), pause: show })
    .finally(() => progress.finish());
  const seconds = (performance.now() - started - paused) / 1000;
  if (result.end === "done") await show(steps);
  return { end: result.end, step: result.step, seconds };
}

/** An untrained model may write on and on. */
function clipped(text: string): string {
  const characters = [...text.trim()];
  return characters.length > 60 ? `${characters.slice(0, 60).join("")}…` : characters.length === 0 ? "(nothing)" : text;
}

async function measured(translator: Translator, pairs: readonly TextPair[], { prepared }: Run, output: Output): Promise<Evaluation> {
  const progress = output.progress();
  try {
    return await evaluate(translator, pairs, prepared.recipe.reports, (done) => progress.update(`  ${done} of ${pairs.length} translated`));
  } finally {
    progress.finish();
  }
}

function advice({ data }: QuickstartOptions, file: string, folder: string): readonly string[] {
  const tfmc = "npx --no-install tfmc";
  const seen =
    data === undefined
      ? ["It has seen dates and times, relative times (dans 3 jours), numbers with units, amounts of money, lists of two to", "four countries, languages or currencies, and compact numbers (2,5 millions). It can translate these, and nothing else.", ""]
      : [`It has seen ${data} and nothing else: texts like those are what it can translate.`, ""];
  return [
    ...seen,
    `translate          ${tfmc} run ${folder} "${data === undefined ? "mardi 12 mai 2026" : "…"}"`,
    `read the model     ${file}: 50 lines; then change it, break it, and`,
    `be corrected       ${tfmc} check ${file} --set heads=7`,
    `train your own     npm run quickstart -- --data FILE.tsv   (a source, a tab and a target per line)`,
    `look inside        ${tfmc} compile ${file} --emit graph   (or ast, model, grad, fused, kernels, wgsl, plan)`,
  ];
}
