/** The uniform block: sizes, step, micro-batch, seed and host scalars, four bytes each in the program's order. */
import { UNIFORM_BYTES } from "./buffers.ts";
import { compileHostExpr } from "./host-expr.ts";
import type { HostScope } from "./host-expr.ts";
import type { Program } from "./program.ts";
import type { Sizes } from "./size.ts";

export interface UniformValues {
  /** Sizes that a run does not have are 0. */
  readonly sizes: Sizes;
  readonly step: number;
  readonly micro: number;
}

export class UniformBlock {
  private readonly data = new ArrayBuffer(UNIFORM_BYTES);
  private readonly words = new Uint32Array(this.data);
  private readonly floats = new Float32Array(this.data);
  private readonly writers: readonly ((values: UniformValues) => void)[];
  private readonly scalarBodies: ReadonlyMap<string, (scope: HostScope) => number>;

  constructor(program: Program, seed: number) {
    const scalars = new Map<string, (scope: HostScope) => number>();
    this.scalarBodies = scalars;
    if (program.uniform.length * 4 > UNIFORM_BYTES) throw new Error(`internal: ${program.uniform.length} uniform fields do not fit`);
    this.writers = program.uniform.map((field, at) => {
      switch (field.kind) {
        case "size":
          return ({ sizes }) => void (this.words[at] = sizes[field.name] ?? 0);
        case "step":
          return ({ step }) => void (this.words[at] = step);
        case "micro":
          return ({ micro }) => void (this.words[at] = micro);
        case "seed":
          return () => void (this.words[at] = seed);
        case "scalar": {
          const body = compileHostExpr(field.body);
          scalars.set(field.name, body);
          return ({ sizes, step }) => void (this.floats[at] = body({ sizes, step, indices: [] }));
        }
        default:
          return field satisfies never;
      }
    });
  }

  /** The block for one run: valid until the next call. */
  write(values: UniformValues): ArrayBuffer {
    for (const writer of this.writers) writer(values);
    return this.data;
  }

  /** A host scalar in f64, such as the learning rate of a step; undefined where the program has none of that name. */
  scalar(name: string, step: number, sizes: Sizes): number | undefined {
    return this.scalarBodies.get(name)?.({ sizes, step, indices: [] });
  }
}
