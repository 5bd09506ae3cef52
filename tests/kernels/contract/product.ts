/** Plain products as specs, and their runs on an adapter. */
import { constant } from "../../../compiler/dim.ts";
import { asNumber } from "../../../compiler/dim.ts";
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

export interface Product {
  readonly form: Form;
  readonly shape: Shape;
  /** Sizes that the kernel reads from its uniform block instead of knowing them. */
  readonly symbolic: boolean;
  /** ReLU and a scale on the left operand, a mask on the right one. */
  readonly prologue: boolean;
  /** Bias, residual and ReLU, and a second store of the sum itself. */
  readonly epilogue: boolean;
}

const NAMES = ["Z", "M", "N", "K"] as const;

export function sizesOf(shape: Shape): Sizes {
  return { Z: shape.batch, M: shape.rows, N: shape.columns, K: shape.depth };
}

/** Bindings: 0 sizes, 1 left, 2 right, 3 out, 4 bias, 5 residual, 6 the sums. */
export function productSpec(product: Product): ContractSpec {
  const { shape, form } = product;
  const dims: Readonly<Record<string, Dim>> = Object.fromEntries(
    Object.entries(sizesOf(shape)).map(([name, value]) => [name, product.symbolic ? [{ coefficient: 1, factors: [name] }] : constant(value)]),
  );
  const text = (dim: Dim): string => {
    const known = asNumber(dim);
    if (known !== undefined) return `${known}u`;
    return dim.map((term) => [`${term.coefficient}u`, ...term.factors.map((name) => `u.${String(name)}`)].join(" * ")).join(" + ");
  };
  const [M, N, K] = [text(dims["M"]!), text(dims["N"]!), text(dims["K"]!)];
  // What is contiguous may be loaded four at a time where its extent is a multiple of four.
  const leftAxis = form.left === "mk" ? (shape.depth % 4 === 0 ? "depth" : "none") : shape.rows % 4 === 0 ? "outer" : "none";
  const rightAxis = form.right === "kn" ? (shape.columns % 4 === 0 ? "outer" : "none") : shape.depth % 4 === 0 ? "depth" : "none";
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
      return product.prologue ? `(0.5 * max(${value}, ${width === 4 ? "vec4f()" : "0.0"}))` : value;
    },
  };
  const right: Operand = {
    vectorAxis: rightAxis,
    load: (z, n, k, width) => {
      const value = load("b2", rightAxis, rightAt(z, n, k), width);
      if (!product.prologue) return value;
      // Every third k is masked out.
      if (width === 1) return `select(0.0, ${value}, ${k} % 3u != 0u)`;
      const ks = rightAxis === "depth" ? `(vec4u(${k}) + vec4u(0u, 1u, 2u, 3u))` : `vec4u(${k})`;
      return `select(vec4f(), ${value}, ${ks} % vec4u(3u) != vec4u())`;
    },
  };
  const wide = shape.columns % 4 === 0 ? 4 : 1;
  const out = wide === 4 ? "vec4f" : "f32";
  const at = (z: string, m: string, n: string): string => (wide === 4 ? `((${z} * ${M} + ${m}) * ${N} + ${n}) >> 2u` : `(${z} * ${M} + ${m}) * ${N} + ${n}`);
  const zero = wide === 4 ? "vec4f()" : "0.0";
  return {
    batch: dims["Z"]!, rows: dims["M"]!, columns: dims["N"]!, depth: dims["K"]!,
    left, right,
    epilogue: {
      width: wide,
      store: (value, z, m, n) =>
        product.epilogue
          ? `let at = ${at(z, m, n)};
             b3[at] = max(${value} + b4[${wide === 4 ? `${n} >> 2u` : n}], ${zero}) + b5[at];
             b6[at] = ${value};`
          : `b3[${at(z, m, n)}] = ${value};`,
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
export function expected(product: Product, data: Data): { readonly out: Float64Array; readonly sums: Float64Array; readonly rounded: Float32Array } {
  const { batch, rows, columns, depth } = product.shape;
  const { form } = product;
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
          if (product.prologue) {
            a = 0.5 * Math.max(a, 0);
            if (k % 3 === 0) b = 0;
          }
          sum += a * b;
          short = Math.fround(short + Math.fround(a * b));
        }
        const at = (z * rows + m) * columns + n;
        sums[at] = sum;
        rounded[at] = short;
        out[at] = product.epilogue ? Math.max(sum + data.bias[n]!, 0) + data.residual[at]! : sum;
      }
  return { out, sums, rounded };
}

/** What a guard band around the results must still hold after a run. */
const GUARD = 12345;

export async function runProduct(device: GPUDevice, kernel: ContractKernel, product: Product, data: Data): Promise<Result> {
  const { shape } = product;
  const length = shape.batch * shape.rows * shape.columns;
  const module = device.createShaderModule({ code: kernel.wgsl });
  const layout = device.createBindGroupLayout({
    entries: Array.from({ length: 7 }, (_, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type: binding === 0 ? ("uniform" as const) : ("storage" as const) } })),
  });
  const pipeline = await device.createComputePipelineAsync({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: "main" },
  });
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
  const group = device.createBindGroup({ layout, entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })) });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  const groups = evaluateSize(kernel.groups, sizesOf(shape));
  // Folded into two dimensions with some workgroups too many, as the executor does for large counts.
  pass.dispatchWorkgroups(Math.ceil(groups / 2), 2);
  pass.end();
  const readbacks = [buffers[3]!, buffers[6]!].map((buffer) => {
    const readback = device.createBuffer({ size: buffer.size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    encoder.copyBufferToBuffer(buffer, 0, readback, 0, buffer.size);
    return readback;
  });
  device.queue.submit([encoder.finish()]);
  const [out, sums] = await Promise.all(
    readbacks.map(async (readback) => {
      await readback.mapAsync(GPUMapMode.READ);
      const copy = new Float32Array(readback.getMappedRange().slice(0));
      readback.destroy();
      return copy;
    }),
  );
  for (const buffer of buffers) buffer.destroy();
  for (const array of [out!, sums!]) {
    if (array.slice(length, length + 64).some((value) => value !== GUARD)) throw new Error("a kernel wrote behind its result");
  }
  return { out: out!.slice(0, length), sums: sums!.slice(0, length) };
}
