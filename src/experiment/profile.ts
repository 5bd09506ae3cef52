import { compile } from "../../compiler/compile.ts";
import type { Entry, EntryInput, Model } from "../../compiler/check/model.ts";
import { totalBytes } from "../../runtime/buffers.ts";
import { ENTRIES, createSession, timeDispatches } from "../../runtime/index.ts";
import type { DispatchTime, Elements, Feed, Session, Sizes } from "../../runtime/index.ts";
import { draws } from "../../runtime/random/philox.ts";
import { elementCount, evaluateShape, evaluateSize, sizeNames, totalElements } from "../../runtime/size.ts";
import { recipeOf } from "./check.ts";
import { profileOf, sessionDevice } from "./compiled.ts";
import type { Device } from "./compiled.ts";
import { countedDevice } from "./counted-device.ts";
import type { DeviceCounts } from "./counted-device.ts";
import { lengthLimit } from "./limits.ts";

/** What one steady training step takes: counts of calls of the device, time on the wall, memory. */
export interface StepProfile extends DeviceCounts {
  readonly ms: number;
  /** Bytes of all GPU buffers; they are made for the largest sizes and stay, so this is the peak. */
  readonly peakBytes: number;
  /** Names of the kernels that run in their plainer form. */
  readonly fallbacks: readonly string[];
  readonly parameters: number;
  readonly sizes: Sizes;
  readonly steps: number;
  /** The slowest first; absent where the device has no timestamps. Each dispatch is measured in a pass of its own. */
  readonly kernels?: readonly KernelTime[];
}

export interface KernelTime {
  readonly entry: string;
  readonly kernel: string;
  readonly dispatches: number;
  readonly ms: number;
  readonly share: number;
}

export interface ProfileRequest {
  readonly batch?: number | undefined;
  readonly length?: number | undefined;
  /** Steps that are measured, behind a few that are not. */
  readonly steps?: number | undefined;
}

const WARM_UP = 3;

/** Profiles the training step on made-up batches of these sizes; there is no data and no tokenizer in it. */
export async function profileStep(model: Model, { device, adapter }: Device, request: ProfileRequest = {}): Promise<StepProfile> {
  const recipe = recipeOf(model);
  const sizes = sizesOf(recipe.loss.inputs, request.batch ?? recipe.batch, request.length ?? defaultLength(recipe.loss));
  const { program } = compile(model, { profile: profileOf(adapter), training: true, entries: [] });
  const { device: watched, counts } = countedDevice(device);
  const session = await createSession(program, { bounds: sizes, ...sessionDevice({ device: watched, adapter }), seed: recipe.seed });
  try {
    const entries = [ENTRIES.count, ENTRIES.grad, ENTRIES.update].filter((name) => session.has(name));
    const feed = (step: number): Feed => ({ sizes, step, fields: fieldsOf(recipe.loss.inputs, sizes, step) });
    const steps = request.steps ?? 10;
    const feeds = Array.from({ length: WARM_UP + steps }, (_, at) => feed(at + 1));
    for (const one of feeds.slice(0, WARM_UP)) await step(session, entries, one);
    const before = { ...counts };
    const started = performance.now();
    for (const one of feeds.slice(WARM_UP)) await step(session, entries, one);
    const ms = (performance.now() - started) / steps;
    const perStep = Object.fromEntries(Object.entries(counts).map(([key, value]) => [key, (value - before[key as keyof DeviceCounts]) / steps])) as unknown as DeviceCounts;
    const times = kernelTimes(await session.profile(entries, feed(1), timeDispatches));
    return {
      ...perStep,
      peakBytes: totalBytes(session.usage.bytes),
      fallbacks: session.usage.fallbacks,
      ms,
      parameters: totalElements(model.parameters),
      sizes,
      steps,
      ...(times.length === 0 ? {} : { kernels: times }),
    };
  } finally {
    session.dispose();
  }
}

/** 16, or what the model takes where that is less. */
function defaultLength({ sizes, requires }: Entry): number {
  return Math.max(1, Math.min(16, lengthLimit(requires, sizes)));
}

async function step(session: Session, entries: readonly string[], feed: Feed): Promise<void> {
  session.run(entries, feed);
  await session.settled();
}

/** The size of the first axes is the batch, every other one the length. */
export function sizesOf(inputs: readonly EntryInput[], batch: number, length: number): Sizes {
  const names = (dims: EntryInput["shape"]): readonly string[] => dims.flatMap(sizeNames);
  const rows = names(inputs.flatMap(({ shape }) => shape.slice(0, 1)));
  const others = names(inputs.flatMap(({ shape }) => shape));
  return Object.fromEntries([...new Set(others)].map((name) => [name, rows.includes(name) ? batch : length]));
}

/** Every id as likely as any other but the first, which is padding where there is padding; reals from 0 to 1. */
function fieldsOf(inputs: readonly EntryInput[], sizes: Sizes, step: number): Record<string, Elements> {
  return Object.fromEntries(inputs.map((input, at): [string, Elements] => {
    const length = elementCount(evaluateShape(input.shape, sizes));
    const random = draws(step, at);
    if (input.type === "f32") return [input.name, Float32Array.from({ length }, () => random.uniform())];
    const range = input.range === undefined ? 2 : evaluateSize(input.range, sizes);
    return [input.name, Int32Array.from({ length }, () => (range < 2 ? 0 : 1 + random.below(range - 1)))];
  }));
}

function kernelTimes(times: readonly DispatchTime[]): readonly KernelTime[] {
  const total = times.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0);
  const found = new Map<string, { entry: string; kernel: string; dispatches: number; ms: number }>();
  for (const { entry, kernel, nanoseconds } of times) {
    const key = `${entry} ${kernel}`;
    const row = found.get(key) ?? { entry, kernel, dispatches: 0, ms: 0 };
    found.set(key, { ...row, dispatches: row.dispatches + 1, ms: row.ms + nanoseconds / 1e6 });
  }
  return [...found.values()].sort((a, b) => b.ms - a.ms).map((row) => ({ ...row, share: total === 0 ? 0 : (row.ms * 1e6) / total }));
}
