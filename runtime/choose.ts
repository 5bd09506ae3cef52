/**
 * The choice of a kernel's variant for a device: the kernel itself where the device has what it needs, else its fallback,
 * which needs WebGPU's defaults only. Pure.
 */
import { noVariant } from "./errors.ts";
import type { Kernel } from "./program.ts";

/** What a device offers, as far as kernels ask. */
export interface Offer {
  readonly features: { has(feature: string): boolean };
  /** Lanes of every subgroup, where they all have the same number. */
  readonly subgroupSize?: number;
  readonly maxInvocations: number;
}

export interface Variant {
  readonly wgsl: string;
  readonly workgroupSize: number;
  readonly fallback: boolean;
}

/** In order of preference; at least one, or a TfmError. A driver may still refuse the first when the pipeline is made. */
export function choose(kernel: Kernel, offer: Offer): readonly [Variant, ...Variant[]] {
  const variants: Variant[] = [];
  const lacking = kernel.features.filter((feature) => !offer.features.has(feature));
  if (lacking.length === 0 && kernel.workgroupSize <= offer.maxInvocations && fitsSubgroups(kernel, offer)) {
    variants.push({ wgsl: kernel.wgsl, workgroupSize: kernel.workgroupSize, fallback: false });
  }
  if (kernel.fallback !== undefined) {
    variants.push({ wgsl: kernel.fallback.wgsl, workgroupSize: kernel.fallback.workgroupSize, fallback: true });
  }
  const [first, ...rest] = variants;
  if (first !== undefined) return [first, ...rest];
  const asked = lacking.length > 0 ? lacking : kernel.subgroupSize !== undefined ? [`subgroups of ${kernel.subgroupSize}`] : [`${kernel.workgroupSize} invocations`];
  throw noVariant(kernel.name, asked);
}

function fitsSubgroups(kernel: Kernel, offer: Offer): boolean {
  return kernel.subgroupSize === undefined || kernel.subgroupSize === offer.subgroupSize;
}
