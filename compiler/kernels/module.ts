/** From a kernel's body to a complete WGSL module. */
import { type Dim, quotient, constant } from "../dim.ts";
import { helperTexts } from "./emit/ops.ts";
import { hasWide, type Memory, type Widths } from "./emit/memory.ts";
import type { KernelVariant } from "./kernel.ts";

export interface KernelText {
  /** Statements of `main`, which may use `group` and `local` (u32). */
  readonly body: string;
  readonly memory: Memory;
  readonly workgroupSize: number;
  readonly features?: KernelVariant["features"];
  /** Invocations in all. */
  readonly items: Dim;
  readonly schedule: string;
}

/** Emits twice: the first time to learn which bindings are accessed four at a time. Where none is, that was it. */
export function settled(emit: (widths?: Widths) => KernelText): KernelText {
  const first = emit();
  const widths = first.memory.demands();
  return hasWide(widths) ? emit(widths) : first;
}

export function variantOf(kernel: KernelText, uniform: string): KernelVariant {
  const { body, memory, workgroupSize, items, schedule, features = [] } = kernel;
  return {
    features,
    workgroupSize,
    groups: quotient("ceil", items, constant(workgroupSize)),
    schedule,
    wgsl: [
      ...features.map((feature) => `enable ${feature};`),
      uniform,
      memory.declarations(),
      ...helperTexts(body),
      `@compute @workgroup_size(${workgroupSize})
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = wid.y * nwg.x + wid.x;
${/ \* one\b/.test(body) ? "  let one = i32(nwg.z);\n" : ""}${body}
}
`,
    ].join("\n\n"),
  };
}
