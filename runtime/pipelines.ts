/**
 * Compute pipelines, made in parallel, with explicit layouts: all kernels with the same number of bindings share one, so
 * that a bind group fits every variant of a kernel.
 */
import { choose } from "./choose.ts";
import { COMPUTE_STAGE, explain, offerOf } from "./device.ts";
import type { Kernel, Program } from "./program.ts";

export interface MadePipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** Whether the kernel's fallback was taken, which may have other workgroup counts. */
  readonly fallback: boolean;
}

/** By index of the kernel. `loops`: uniform blocks are chosen per dispatch. Throws a TfmError where the device cannot run one of them. */
export async function createPipelines(device: GPUDevice, program: Program, used: readonly number[], loops = false): Promise<ReadonlyMap<number, MadePipeline>> {
  const offer = offerOf(device);
  const layouts = new Map<number, { readonly group: GPUBindGroupLayout; readonly pipeline: GPUPipelineLayout }>();
  const layoutOf = (bindings: number): { readonly group: GPUBindGroupLayout; readonly pipeline: GPUPipelineLayout } => {
    const known = layouts.get(bindings);
    if (known !== undefined) return known;
    const group = device.createBindGroupLayout({ label: `${bindings} ranges`, entries: layoutEntries(bindings, loops) });
    const made = { group, pipeline: device.createPipelineLayout({ bindGroupLayouts: [group] }) };
    layouts.set(bindings, made);
    return made;
  };

  const make = async (at: number): Promise<readonly [number, MadePipeline]> => {
    const kernel = program.kernels[at];
    if (kernel === undefined) throw new Error(`internal: no kernel ${at}`);
    const most = device.limits.maxStorageBuffersPerShaderStage;
    if (kernel.bindings > most) throw new Error(`internal: the kernel ${kernel.name} binds ${kernel.bindings} ranges; the device allows ${most}`);
    const layout = layoutOf(kernel.bindings);
    let refusal: unknown;
    // A driver may refuse what the features allow: too much workgroup memory is told only here.
    for (const variant of choose(kernel, offer)) {
      try {
        const pipeline = await createPipeline(device, kernel, variant.wgsl, layout.pipeline);
        return [at, { pipeline, layout: layout.group, fallback: variant.fallback }];
      } catch (error) {
        refusal ??= error;
      }
    }
    throw refusal;
  };
  return new Map(await Promise.all(used.map(make)));
}

/** `loops`: which uniform block a dispatch sees is told with it. */
function layoutEntries(bindings: number, loops: boolean): GPUBindGroupLayoutEntry[] {
  const storage = Array.from({ length: bindings }, (_, at): GPUBindGroupLayoutEntry => ({
    binding: at + 1,
    visibility: COMPUTE_STAGE,
    buffer: { type: "storage" },
  }));
  return [{ binding: 0, visibility: COMPUTE_STAGE, buffer: { type: "uniform", ...(loops ? { hasDynamicOffset: true } : {}) } }, ...storage];
}

async function createPipeline(device: GPUDevice, kernel: Kernel, code: string, layout: GPUPipelineLayout): Promise<GPUComputePipeline> {
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ label: kernel.name, code });
  const made = device.createComputePipelineAsync({ label: kernel.name, layout, compute: { module, entryPoint: "main" } });
  const scope = device.popErrorScope();
  const [pipeline, error] = await Promise.all([made.catch((cause: unknown) => cause), scope]);
  if (error === null && !(pipeline instanceof Error)) return pipeline as GPUComputePipeline;
  const told = error === null ? String(pipeline) : explain(error).message;
  throw new Error(`internal: the kernel ${kernel.name} is refused: ${told}`);
}
