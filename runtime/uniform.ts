/** The uniform block: sizes, step, micro-batch, seed and host scalars, four bytes each in the program's order. */
import { compileHostExpr } from "./host-expr.ts";
import type { HostScope } from "./host-expr.ts";
import { UNIFORM_BYTES } from "./program.ts";
import type { Program } from "./program.ts";
import type { Sizes } from "./size.ts";

export interface UniformValues {
  /** Sizes that a run does not have are 0. */
  readonly sizes: Sizes;
  readonly step: number;
  readonly micro: number;
}

export class UniformBlock {
  private readonly data: ArrayBuffer;
  private readonly words: Uint32Array<ArrayBuffer>;
  private readonly floats: Float32Array;
  /** Where `iter` stands in a block; undefined in programs without loops. */
  private readonly iter: number | undefined;
  private readonly writers: readonly ((values: UniformValues) => void)[];
  private readonly scalarBodies: ReadonlyMap<string, (scope: HostScope) => number>;

  /** `blocks`: how many times the longest loop may have, at least 1. */
  constructor(program: Program, seed: number, blocks = 1) {
    this.data = new ArrayBuffer(UNIFORM_BYTES * blocks);
    this.words = new Uint32Array(this.data);
    this.floats = new Float32Array(this.data);
    const iter = program.uniform.findIndex(({ kind }) => kind === "iter");
    this.iter = iter < 0 ? undefined : iter;
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
        case "iter":
          return () => void (this.words[at] = 0);
        case "scalar": {
          const body = compileHostExpr(field.body);
          scalars.set(field.name, body);
          const words = field.integer ? this.words : this.floats;
          return ({ sizes, step }) => void (words[at] = body({ sizes, step, indices: [] }));
        }
        default:
          return field satisfies never;
      }
    });
  }

  /** The blocks for one run, of which loops use `times`: valid until the next call. */
  write(values: UniformValues, times = 1): Uint32Array<ArrayBuffer> {
    for (const writer of this.writers) writer(values);
    const length = UNIFORM_BYTES / 4;
    for (let time = 1; time < times; time++) {
      this.words.copyWithin(time * length, 0, length);
      this.words[time * length + (this.iter ?? 0)] = time;
    }
    return this.words.subarray(0, Math.max(1, times) * length);
  }

  /** A host scalar in f64, such as the learning rate of a step; undefined where the program has none of that name. */
  scalar(name: string, step: number, sizes: Sizes): number | undefined {
    return this.scalarBodies.get(name)?.({ sizes, step, indices: [] });
  }
}
