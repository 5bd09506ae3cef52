/** Plain products as specs, and their runs on an adapter. */
import { asNumber, constant, named } from "../../../compiler/dim.ts";
import type { Dim } from "../../../compiler/dim.ts";
import type { ContractKernel, ContractSpec, Operand } from "../../../compiler/kernels/contract/spec.ts";
import { evaluateSize } from "../../../runtime/size.ts";
import type { Sizes } from "../../../runtime/size.ts";

/** How the operands lie in memory: left [m, k] or [k, m], right [k, n] or [n, k]. */
export interface Form {
  readonly left: "mk" | "km";
  readonly right: "kn" | "nk";
}

export const FORMS: Readonly<Record<string, Form>> = {
  NN: { left: "mk", right: "kn" },
  NT: { left: "mk", right: "nk" },
  TN: { left: "km", right: "kn" },
  TT: { left: "km", right: "nk" },
};

export interface Shape {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

/** A family of products that one kernel computes. */
export interface Product {
  readonly form: Form;
  /** Known sizes; the others are read from the uniform block. */
  readonly known: Partial<Shape>;
  /** Whether rows, columns and depth are promised to be multiples of four. */
  readonly aligned: boolean;
  /**
   * Prologues: ReLU and a scale on the left operand, every third k of the right one masked out. Epilogue: bias, ReLU and
   * residual, and a second store of the sum itself.
   */
  readonly fused: boolean;
}

const NAMES = ["Z", "M", "N", "K"] as const;

export function sizesOf(shape: Shape): Sizes {
  return { Z: shape.batch, M: shape.rows, N: shape.columns, K: shape.depth };
}

/** Bindings: 0 sizes, 1 left, 2 right, 3 out, 4 bias, 5 residual, 6 the sums. */
export function productSpec(product: Product): ContractSpec {
  const { form, known, aligned } = product;
  const dims = {
    Z: known.batch === undefined ? named("Z") : constant(known.batch),
    M: known.rows === undefined ? named("M") : constant(known.rows),
    N: known.columns === undefined ? named("N") : constant(known.columns),
    K: known.depth === undefined ? named("K") : constant(known.depth),
  };
  const text = (dim: Dim): string => {
    const number = asNumber(dim);
    if (number !== undefined) return `${number}u`;
    return dim.map((term) => [`${term.coefficient}u`, ...term.factors.map((name) => `u.${String(name)}`)].join(" * ")).join(" + ");
  };
  const [M, N, K] = [text(dims.M), text(dims.N), text(dims.K)];
  const leftAxis = !aligned ? "none" : form.left === "mk" ? "depth" : "outer";
  const rightAxis = !aligned ? "none" : form.right === "kn" ? "outer" : "depth";
  const leftAt = (z: string, m: string, k: string): string =>
    form.left === "mk" ? `(${z} * ${M} + ${m}) * ${K} + ${k}` : `(${z} * ${K} + ${k}) * ${M} + ${m}`;
  const rightAt = (z: string, n: string, k: string): string =>
    form.right === "kn" ? `(${z} * ${K} + ${k}) * ${N} + ${n}` : `(${z} * ${N} + ${n}) * ${K} + ${k}`;
  const type = (axis: string): string => (axis === "none" ? "f32" : "vec4f");
  const load = (binding: string, axis: string, at: string, width: 1 | 4): string =>
    axis === "none" ? `${binding}[${at}]` : width === 4 ? `${binding}[(${at}) >> 2u]` : `${binding}[(${at}) >> 2u][(${at}) & 3u]`;
  const left: Operand = {
    vectorAxis: leftAxis,
    load: (z, m, k, width) => {
      const value = load("b1", leftAxis, leftAt(z, m, k), width);
      return product.fused ? `(0.5 * max(${value}, ${width === 4 ? "vec4f()" : "0.0"}))` : value;
    },
  };
  const right: Operand = {
    vectorAxis: rightAxis,
    load: (z, n, k, width) => {
      const value = load("b2", rightAxis, rightAt(z, n, k), width);
      if (!product.fused) return value;
      // Every third k is masked out.
      if (width === 1) return `select(0.0, ${value}, ${k} % 3u != 0u)`;
      const ks = rightAxis === "depth" ? `(vec4u(${k}) + vec4u(0u, 1u, 2u, 3u))` : `vec4u(${k})`;
      return `select(vec4f(), ${value}, ${ks} % vec4u(3u) != vec4u())`;
    },
  };
  const wide = aligned ? 4 : 1;
  const out = wide === 4 ? "vec4f" : "f32";
  const at = (z: string, m: string, n: string): string => (wide === 4 ? `((${z} * ${M} + ${m}) * ${N} + ${n}) >> 2u` : `(${z} * ${M} + ${m}) * ${N} + ${n}`);
  const zero = wide === 4 ? "vec4f()" : "0.0";
  return {
    batch: dims.Z, rows: dims.M, columns: dims.N, depth: dims.K,
    left, right,
    epilogue: {
      width: wide,
      store: (value, z, m, n) =>
        product.fused
          ? {
              columns: `let bias = b4[${wide === 4 ? `${n} >> 2u` : n}];`,
              row: `let at = ${at(z, m, n)}; let residual = b5[at];`,
              store: `b3[at] = max(${value} + bias, ${zero}) + residual; b6[at] = ${value};`,
            }
          : { columns: "", row: "", store: `b3[${at(z, m, n)}] = ${value};` },
    },
    declarations: `struct Sizes { ${NAMES.map((name) => `${name}: u32`).join(", ")} }
@group(0) @binding(0) var<uniform> u: Sizes;
@group(0) @binding(1) var<storage, read_write> b1: array<${type(leftAxis)}>;
@group(0) @binding(2) var<storage, read_write> b2: array<${type(rightAxis)}>;
@group(0) @binding(3) var<storage, read_write> b3: array<${out}>;
@group(0) @binding(4) var<storage, read_write> b4: array<${out}>;
@group(0) @binding(5) var<storage, read_write> b5: array<${out}>;
@group(0) @binding(6) var<storage, read_write> b6: array<${out}>;`,
    dimText: text,
  };
}

export interface Data {
  readonly left: Float32Array;
  readonly right: Float32Array;
  readonly bias: Float32Array;
  readonly residual: Float32Array;
}

export function productData(shape: Shape): Data {
  const { batch, rows, columns, depth } = shape;
  return {
    left: numbers(batch * rows * depth, 1),
    right: numbers(batch * depth * columns, 2),
    bias: numbers(columns, 3),
    residual: numbers(batch * rows * columns, 4),
  };
}

/** Fixed pseudo-random numbers in [-0.5, 0.5). */
function numbers(length: number, seed: number): Float32Array {
  let state = Math.imul(seed, 2654435761) >>> 0;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296 - 0.5;
  });
}

export interface Result {
  readonly out: Float32Array;
  readonly sums: Float32Array;
}

/** In f64, and the sums also in f32, one rounding per product and sum, in the order of k. */
export function expected({ form, fused }: Product, shape: Shape, data: Data): { readonly out: Float64Array; readonly sums: Float64Array; readonly rounded: Float32Array } {
  const { batch, rows, columns, depth } = shape;
  const length = batch * rows * columns;
  const [out, sums, rounded] = [new Float64Array(length), new Float64Array(length), new Float32Array(length)];
  for (let z = 0; z < batch; z++)
    for (let m = 0; m < rows; m++)
      for (let n = 0; n < columns; n++) {
        let sum = 0;
        let short = 0;
        for (let k = 0; k < depth; k++) {
          let a = data.left[form.left === "mk" ? (z * rows + m) * depth + k : (z * depth + k) * rows + m]!;
          let b = data.right[form.right === "kn" ? (z * depth + k) * columns + n : (z * columns + n) * depth + k]!;
          if (fused) {
            a = 0.5 * Math.max(a, 0);
            if (k % 3 === 0) b = 0;
          }
          sum += a * b;
          short = Math.fround(short + Math.fround(a * b));
        }
        const at = (z * rows + m) * columns + n;
        sums[at] = sum;
        rounded[at] = short;
        out[at] = fused ? Math.max(sum + data.bias[n]!, 0) + data.residual[at]! : sum;
      }
  return { out, sums, rounded };
}

/** What a guard band around the results must still hold after a run. */
const GUARD = 12345;

/** A compiled kernel of a product. */
export interface Runner {
  readonly run: (shape: Shape, data: Data) => Promise<Result>;
}

export async function productRunner(device: GPUDevice, kernel: ContractKernel): Promise<Runner> {
  const layout = device.createBindGroupLayout({
    entries: Array.from({ length: 7 }, (_, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: binding === 0 ? ("uniform" as const) : ("storage" as const) },
    })),
  });
  const pipeline = await device.createComputePipelineAsync({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ code: kernel.wgsl }), entryPoint: "main" },
  });
  return { run: (shape, data) => runOnce(device, pipeline, layout, kernel, shape, data) };
}

async function runOnce(device: GPUDevice, pipeline: GPUComputePipeline, layout: GPUBindGroupLayout, kernel: ContractKernel, shape: Shape, data: Data): Promise<Result> {
  const length = shape.batch * shape.rows * shape.columns;
  const guarded = new Float32Array(length + 64).fill(GUARD);
  const sizes = Uint32Array.of(shape.batch, shape.rows, shape.columns, shape.depth);
  const buffers = [sizes, data.left, data.right, guarded, data.bias, data.residual, guarded].map((content, at) => {
    const buffer = device.createBuffer({
      size: Math.max(16, Math.ceil(content.byteLength / 16) * 16),
      usage: (at === 0 ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE) | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    });
    device.queue.writeBuffer(buffer, 0, content);
    return buffer;
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout, entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })) }));
  const groups = evaluateSize(kernel.groups, sizesOf(shape));
  // Folded into two dimensions with some workgroups too many, as the executor does for large counts.
  pass.dispatchWorkgroups(Math.ceil(groups / 2), 2);
  pass.end();
  const results = [buffers[3]!, buffers[6]!];
  const readbacks = results.map(({ size }) => device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST }));
  for (const [at, buffer] of results.entries()) encoder.copyBufferToBuffer(buffer, 0, readbacks[at]!, 0, buffer.size);
  device.queue.submit([encoder.finish()]);
  const [out, sums] = await Promise.all(readbacks.map(content));
  for (const buffer of buffers) buffer.destroy();
  for (const array of [out!, sums!]) {
    if (array.slice(length, length + 64).some((value) => value !== GUARD)) throw new Error("a kernel wrote behind its result");
  }
  return { out: out!.slice(0, length), sums: sums!.slice(0, length) };
}

async function content(readback: GPUBuffer): Promise<Float32Array> {
  await readback.mapAsync(GPUMapMode.READ);
  const copy = new Float32Array(readback.getMappedRange().slice(0));
  readback.destroy();
  return copy;
}
