import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { checkedModel } from "../experiment/check.ts";
import { profileStep } from "../experiment/profile.ts";
import type { StepProfile } from "../experiment/profile.ts";
import { readModel } from "../experiment/source.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { commandDevice } from "../gpu/device.ts";
import type { Output } from "../output.ts";
import type { Command, OptionValues } from "./command.ts";
import { modelChoices, modelOptions } from "./model-options.ts";
import { reporting } from "./refused.ts";

export const profileCommand: Command = {
  name: "profile",
  summary: "measure a steady training step: calls of the device, memory, time per kernel",
  details: "The batches are made up, so no data is needed. --json gives, per step: dispatches, submits, passes, pipelinesCreated,\nbindGroupsCreated, buffersCreated, peakBytes, ms, and the time per kernel where the adapter has timestamps.",
  arguments: [{ name: "file", count: "one", doc: "the model" }],
  options: [
    ...modelOptions,
    { name: "batch", kind: "integer", value: "N", doc: "rows of a batch; the recipe's by default" },
    { name: "length", kind: "integer", value: "N", doc: "every other size of a batch; by default 16, or what the model takes" },
    { name: "steps", kind: "integer", value: "N", doc: "steps to measure; 10 by default" },
  ],
  needsAdapter: true,
  run: ({ arguments: [file = ""], options, output }) => reporting(output, () => profileModel(file, options, output)),
};

async function profileModel(file: string, options: OptionValues, output: Output): Promise<ExitCode> {
  const request = { batch: count(options, "batch"), length: count(options, "length"), steps: count(options, "steps") };
  const model = checkedModel(valueOf(readModel(file)), modelChoices(options), (warnings) => output.report(warnings));
  const device = valueOf(await commandDevice());
  const profile = await profileStep(model, device, request);
  const adapter = device.adapter.name;
  if (output.json) output.dataJson({ model: model.name, adapter, ...profile });
  else for (const line of profileLines(profile, `${model.name} on ${adapter}`)) output.data(line);
  return exitCodes.ok;
}

function count(options: OptionValues, name: string): number | undefined {
  const value = options.number(name);
  if (value === undefined || value >= 1) return value;
  throw new CommandFailure({ code: "option-too-small", exit: exitCodes.usage, message: `--${name} must be at least 1; it is ${value}` });
}

function profileLines(profile: StepProfile, title: string): readonly string[] {
  const { kernels = [], sizes } = profile;
  const row = (name: string, text: string | number): string => `${name.padEnd(20)}${text}`;
  return [
    `a training step of ${title}, ${profile.parameters.toLocaleString("en-US")} parameters, ${Object.entries(sizes).map(([name, value]) => `${name} = ${value}`).join(", ")}`,
    row("ms", profile.ms.toFixed(1)),
    ...(["dispatches", "submits", "passes", "pipelinesCreated", "bindGroupsCreated", "buffersCreated"] as const).map((name) => row(name, profile[name])),
    row("peakBytes", `${profile.peakBytes} (${(profile.peakBytes / 2 ** 20).toFixed(1)} MiB)`),
    row("fallbacks", profile.fallbacks.length === 0 ? 0 : `${profile.fallbacks.length}, for which this adapter lacks or refuses the faster form: ${profile.fallbacks.join(", ")}`),
    ...(kernels.length === 0 ? ["no time per kernel: this adapter has no timestamps"] : ["", `${"ms".padStart(9)} ${"share".padStart(6)} ${"runs".padStart(5)}  kernel`]),
    ...kernels.map(({ kernel, entry, ms, share, dispatches }) => `${ms.toFixed(3).padStart(9)} ${`${(100 * share).toFixed(1)}%`.padStart(6)} ${String(dispatches).padStart(5)}  ${entry} ${kernel}`),
  ];
}
