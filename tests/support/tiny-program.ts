import type { Program } from "../../runtime/program.ts";
import type { Quotient, Size } from "../../runtime/size.ts";

/** Rows of the embedding table, and its width. */
export const ROWS = 5, WIDTH = 4;

export const constant = (value: number): Size => [{ coefficient: value, factors: [] }];
export const product = (coefficient: number, ...names: string[]): Size => [{ coefficient, factors: names }];
/** ceil(size / by), as workgroup counts are. */
export const over = (size: Size, by: number): Size => [
  { coefficient: 1, factors: [{ round: "ceil", numerator: size, denominator: constant(by) } satisfies Quotient] },
];

const HEAD = `
struct U { B: u32, T: u32, step: u32, micro: u32, seed: u32, rate: f32 }
@group(0) @binding(0) var<uniform> u: U;
`;
const MAIN = `@compute @workgroup_size(64) fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;`;
const bind = (at: number, name: string, type: string): string => `@group(0) @binding(${at}) var<storage, read_write> ${name}: array<${type}>;\n`;

const gather = `${HEAD}${bind(1, "w", "f32")}${bind(2, "ids", "i32")}${bind(3, "place", "f32")}${bind(4, "y", "f32")}${MAIN}
  if (i >= u.B * u.T * ${WIDTH}u) { return; }
  let d = i % ${WIDTH}u; let p = i / ${WIDTH}u;
  y[i] = w[u32(ids[p]) * ${WIDTH}u + d] + place[(p % u.T) * ${WIDTH}u + d];
}`;
const difference = `${HEAD}${bind(1, "y", "f32")}${bind(2, "wanted", "f32")}${bind(3, "dy", "f32")}${MAIN}
  if (i >= u.B * u.T * ${WIDTH}u) { return; }
  dy[i] = y[i] - wanted[i];
}`;
const loss = `${HEAD}${bind(1, "dy", "f32")}${bind(2, "report", "f32")}${MAIN}
  if (i > 0u) { return; }
  var sum = 0.0;
  for (var k = 0u; k < u.B * u.T * ${WIDTH}u; k++) { sum += dy[k] * dy[k]; }
  if (u.micro == 0u) { report[0] = 0.5 * sum; } else { report[0] += 0.5 * sum; }
}`;
const scatter = `${HEAD}${bind(1, "dy", "f32")}${bind(2, "list", "i32")}${bind(3, "dw", "f32")}${MAIN}
  if (i >= ${ROWS * WIDTH}u) { return; }
  let row = i / ${WIDTH}u; let d = i % ${WIDTH}u;
  var sum = 0.0;
  for (var k = list[row]; k < list[row + 1u]; k++) { sum += dy[u32(list[${ROWS + 1}u + u32(k)]) * ${WIDTH}u + d]; }
  if (u.micro == 0u) { dw[i] = sum; } else { dw[i] += sum; }
}`;
const descend = `${HEAD}${bind(1, "w", "f32")}${bind(2, "dw", "f32")}${bind(3, "moment", "f32")}${bind(4, "report", "f32")}${MAIN}
  if (i >= ${ROWS * WIDTH}u) { return; }
  if ((bitcast<u32>(report[0]) & 0x7f800000u) == 0x7f800000u) {
    if (i == 0u && report[2] == 0.0) { report[2] = f32(u.step); }
    return;
  }
  if (i == 0u) { report[1] = dw[0]; }
  moment[i] = 0.5 * moment[i] + dw[i];
  w[i] -= u.rate * moment[i];
}`;

const ids = { name: "ids", type: "i32", shape: [product(1, "B"), product(1, "T")], range: constant(ROWS) } as const;
const wanted = { name: "wanted", type: "f32", shape: [product(1, "B"), product(1, "T"), constant(WIDTH)] } as const;
const activations = [product(1, "B"), product(1, "T"), constant(WIDTH)];
const perElement = over(product(WIDTH, "B", "T"), 64);
const place = {
  name: "place",
  shape: [product(1, "T"), constant(WIDTH)],
  // t + d / 2
  body: {
    kind: "apply",
    op: "add",
    args: [
      { kind: "index", at: 0 },
      { kind: "apply", op: "div", args: [{ kind: "index", at: 1 }, { kind: "const", value: 2 }] },
    ],
  },
} as const;
const all = (state: number) => ({ kind: "state", state, offset: 0, length: ROWS * WIDTH }) as const;
const report = { kind: "state", state: 3, offset: 0, length: 8 } as const;
const layout = (init: Program["states"][number]["tensors"][number]["init"]) =>
  [{ path: "embed.table", shape: [ROWS, WIDTH], offset: 0, init }] as const;
const zero = { kind: "constant", value: 0 } as const;

/** y[b, t, d] = w[ids[b, t], d] + t + d / 2, trained by 0.5 · Σ (y − wanted)² and momentum, with the rate 0.1 / step. */
export const tinyProgram: Program = {
  format: 1,
  name: "tiny",
  sizes: ["B", "T"],
  uniform: [
    { kind: "size", name: "B" },
    { kind: "size", name: "T" },
    { kind: "step" },
    { kind: "micro" },
    { kind: "seed" },
    {
      kind: "scalar",
      name: "learning_rate",
      body: { kind: "apply", op: "div", args: [{ kind: "const", value: 0.1 }, { kind: "step" }] },
    },
  ],
  states: [
    { name: "parameters", kind: "parameter", length: 64, tensors: layout({ kind: "normal", std: 0.5 }) },
    { name: "gradients", kind: "gradient", length: 64, tensors: layout(zero) },
    { name: "momentum", kind: "optimizer", length: 64, tensors: layout(zero) },
    { name: "report", kind: "report", length: 8, tensors: [] },
  ],
  kernels: [
    { name: "gather", wgsl: gather, workgroupSize: 64, features: [], bindings: 4 },
    { name: "difference", wgsl: difference, workgroupSize: 64, features: [], bindings: 3 },
    { name: "loss", wgsl: loss, workgroupSize: 64, features: [], bindings: 2 },
    { name: "scatter", wgsl: scatter, workgroupSize: 64, features: [], bindings: 3 },
    { name: "descend", wgsl: descend, workgroupSize: 64, features: [], bindings: 4 },
  ],
  entries: [
    {
      name: "forward",
      inputs: [ids],
      outputs: [{ name: "y", type: "f32", shape: activations, at: { kind: "temporary", at: 0 } }],
      requires: [{ text: "B >= 1", test: { kind: "nonnegative", size: [...constant(-1), ...product(1, "B")] } }],
      temporaries: [{ name: "y", type: "f32", shape: activations, first: 0, last: 0 }],
      tables: [place],
      indexLists: [],
      steps: [
        {
          kernel: 0,
          groups: perElement,
          bindings: [all(0), { kind: "input", at: 0 }, { kind: "table", at: 0 }, { kind: "temporary", at: 0 }],
          label: "y",
        },
      ],
    },
    {
      name: "grad",
      inputs: [ids, wanted],
      outputs: [],
      requires: [],
      temporaries: [
        { name: "y", type: "f32", shape: activations, first: 0, last: 1 },
        { name: "dy", type: "f32", shape: activations, first: 1, last: 3 },
      ],
      tables: [place],
      indexLists: [{ of: "ids", rows: constant(ROWS) }],
      steps: [
        {
          kernel: 0,
          groups: perElement,
          bindings: [all(0), { kind: "input", at: 0 }, { kind: "table", at: 0 }, { kind: "temporary", at: 0 }],
          label: "y",
        },
        {
          kernel: 1,
          groups: perElement,
          bindings: [{ kind: "temporary", at: 0 }, { kind: "input", at: 1 }, { kind: "temporary", at: 1 }],
          label: "dy",
        },
        { kernel: 2, groups: constant(1), bindings: [{ kind: "temporary", at: 1 }, report], label: "loss" },
        {
          kernel: 3,
          groups: constant(1),
          bindings: [{ kind: "temporary", at: 1 }, { kind: "index-list", at: 0 }, all(1)],
          label: "d(embed.table)",
        },
      ],
    },
    {
      name: "update",
      inputs: [],
      outputs: [],
      requires: [],
      temporaries: [],
      tables: [],
      indexLists: [],
      steps: [{ kernel: 4, groups: constant(1), bindings: [all(0), all(1), all(2), report], label: "embed.table" }],
    },
  ],
};

/** The same in f64 on the CPU. */
export class TinyReference {
  readonly w: number[];
  readonly moment = new Array<number>(ROWS * WIDTH).fill(0);
  dw = new Array<number>(ROWS * WIDTH).fill(0);
  loss = 0;

  constructor(w: ArrayLike<number>) {
    this.w = Array.from(w);
  }

  forward(indices: ArrayLike<number>, T: number): number[] {
    return Array.from({ length: indices.length * WIDTH }, (_, i) => {
      const d = i % WIDTH, p = Math.floor(i / WIDTH);
      return (this.w[(indices[p] as number) * WIDTH + d] as number) + (p % T) + d / 2;
    });
  }

  grad(indices: ArrayLike<number>, target: ArrayLike<number>, T: number, micro = 0): void {
    if (micro === 0) {
      this.loss = 0;
      this.dw.fill(0);
    }
    this.forward(indices, T).forEach((y, i) => {
      const dy = y - (target[i] as number);
      this.loss += 0.5 * dy * dy;
      const at = (indices[Math.floor(i / WIDTH)] as number) * WIDTH + (i % WIDTH);
      this.dw[at] = (this.dw[at] as number) + dy;
    });
  }

  update(step: number): void {
    this.dw.forEach((dw, i) => {
      this.moment[i] = 0.5 * (this.moment[i] as number) + dw;
      this.w[i] = (this.w[i] as number) - (0.1 / step) * (this.moment[i] as number);
    });
  }
}
