/** Making a session: the device, the pipelines and all buffers, or an error that tells why not and nothing left behind. */
import { checkBudget, createBuffers, planBuffers } from "./buffers.ts";
import type { Buffers } from "./buffers.ts";
import { explain, openDevice } from "./device.ts";
import { checkBounds, sizesOfAll } from "./feed.ts";
import { entryOf } from "./lookup.ts";
import { createPipelines } from "./pipelines.ts";
import { FORMAT } from "./program.ts";
import type { Entry, Program } from "./program.ts";
import { Session } from "./session.ts";
import type { Sizes } from "./size.ts";
import type { Trace } from "./trace.ts";

export interface SessionOptions {
  /** The largest value of every size that the entries depend on. */
  readonly bounds: Sizes;
  /** The entries that will run; all by default. Only what they need is made. */
  readonly entries?: readonly string[];
  /** A device to use and leave alive; else one is made from `gpu`, by default `navigator.gpu`, and destroyed with the session. */
  readonly device?: GPUDevice;
  readonly gpu?: GPU;
  /** Keys the parameters' first values and all dropout. Default 0. */
  readonly seed?: number;
  /** Another session of the same program whose states this one uses; it must be disposed after this one. Implies its device. */
  readonly states?: Session;
  /** How many different batches one submission may carry: the micro-batches of a step. Default 1. */
  readonly batches?: number;
  /** In bytes, for all that the session makes. Default 4 GiB: WebGPU neither tells how much there is nor reports when it ends. */
  readonly memoryBudget?: number;
  /** Bytes of the budget that others hold. Default 0. */
  readonly held?: number;
  /** Seconds to wait for the GPU before it counts as hung, five times as many for its first answer. Default 120. */
  readonly patience?: number;
  /** Checks every submission by an error scope. */
  readonly debug?: boolean;
  /** Asks for timestamps when the device is made here, for `profile`. */
  readonly timestamps?: boolean;
  readonly trace?: Trace;
}

export async function createSession(program: Program, options: SessionOptions): Promise<Session> {
  if (program.format !== FORMAT) {
    throw new Error(`internal: a program of format ${String(program.format)}; this runtime reads ${FORMAT}`);
  }
  const entries = (options.entries ?? program.entries.map(({ name }) => name)).map((name) => entryOf(program, name));
  checkBounds(sizesOfAll(entries), options.bounds);

  const features = [...program.kernels.flatMap((kernel) => kernel.features), ...(options.timestamps === true ? ["timestamp-query"] : [])];
  const given = options.states?.device ?? options.device;
  const { device, owned } = await openDevice({
    features: [...new Set(features)],
    ...(given === undefined ? {} : { device: given }),
    ...(options.gpu === undefined ? {} : { gpu: options.gpu }),
  });
  try {
    return await makeSession(program, entries, device, owned, options);
  } catch (error) {
    if (owned) device.destroy();
    throw error;
  }
}

async function makeSession(program: Program, entries: readonly Entry[], device: GPUDevice, owned: boolean, options: SessionOptions): Promise<Session> {
  const plan = planBuffers(program, entries, {
    bounds: options.bounds,
    limit: Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize),
    slots: options.batches ?? 1,
    maxBuffer: device.limits.maxBufferSize,
    sharedStates: new Set(options.states?.stateBuffers.keys()),
  });
  checkBudget(plan, options.memoryBudget ?? 4 * 2 ** 30, options.held);
  options.trace?.({ kind: "buffers", bytes: plan.bytes });

  const started = performance.now();
  const used = [...new Set(entries.flatMap(({ steps }) => steps.map(({ kernel }) => kernel)))];
  const pipelines = await createPipelines(device, program, used, plan.times !== undefined);
  const fallbacks = [...pipelines].filter(([, { fallback }]) => fallback).map(([at]) => program.kernels[at]?.name ?? "");
  options.trace?.({ kind: "pipelines", count: pipelines.size, fallbacks, milliseconds: performance.now() - started });

  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  let buffers: Buffers | undefined;
  let failure: unknown;
  let session: Session | undefined;
  try {
    buffers = createBuffers(device, program, plan, options.states?.stateBuffers);
    session = new Session({ program, device, owned, plan, buffers, pipelines, options, fallbacks });
  } catch (error) {
    failure = error;
  }
  const [invalid, memory] = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
  const error = failure ?? (memory !== null ? explain(memory) : invalid !== null ? explain(invalid) : undefined);
  if (error === undefined && session !== undefined) return session;
  session?.dispose();
  for (const buffer of buffers?.owned ?? []) buffer.destroy();
  throw error;
}
