/**
 * Times the generated products. One line of JSON per product: best and median GFLOP/s of interleaved runs by wall time
 * (each run one submission, as a peer's library would do it; small products are dispatched several times in it), the same by
 * this process's CPU time where the adapter is a CPU (what the cores give when nobody else uses them, roughly), the cold
 * compile time in ms (CPU time, where the adapter is a CPU), and the load average, without which no figure here means anything.
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { chooseContract } from "../compiler/kernels/contract/choose.ts";
import { evaluateSize } from "../runtime/size.ts";
import { openAdapter, openDevice } from "../src/gpu/adapter.ts";
import { FORMS, productData, productSpec, sizesOf } from "../tests/kernels/contract/product.ts";
import type { Shape } from "../tests/kernels/contract/product.ts";

// The products of a translation model's step (width 64, feed-forward 256, vocabulary 800, about 768 tokens), then squares.
const DEFAULT = [
  "NN:768x64x64", "NN:768x64x256", "NN:768x256x64", "NN:768x64x800", "NT:768x64x64", "NT:768x256x64", "NT:768x64x256", "NT:768x800x64",
  "TN:64x768x64", "TN:64x768x256", "TN:256x768x64", "TN:64x768x800", "NN:768x64x16", "NN:768x64x4",
  "NN:256x256x256", "NN:512x512x512", "NT:512x512x512", "TN:512x512x512", "NN:500x500x500", "NN:1024x1024x1024",
];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "9" }, kind: { type: "string" }, variant: { type: "string", default: "0" }, fused: { type: "boolean", default: false } },
});

interface Measured {
  readonly name: string;
  readonly schedule: string;
  readonly flops: number;
  readonly compileMs: number;
  readonly run: () => Promise<{ readonly wall: number; readonly cpu: number }>;
  readonly walls: number[];
  readonly cpus: number[];
}

const adapter = await openAdapter();
if (adapter === undefined) throw new Error("There is no WebGPU adapter. `npm run setup` fetches one.");
const kind = options.kind === "gpu" || (options.kind === undefined && adapter.hardware) ? "gpu" : "cpu";
const device = await openDevice(adapter);
const layout = device.createBindGroupLayout({
  entries: Array.from({ length: 7 }, (_, binding) => ({
    binding,
    visibility: GPUShaderStage.COMPUTE,
    buffer: { type: binding === 0 ? ("uniform" as const) : ("storage" as const) },
  })),
});

const measured: Measured[] = [];
for (const name of positionals.length > 0 ? positionals : DEFAULT) measured.push(await prepare(name));
for (let round = 0; round < Number(options.runs); round++) {
  for (const product of measured) {
    const { wall, cpu } = await product.run();
    product.walls.push(wall);
    product.cpus.push(cpu);
  }
}
for (const { name, schedule, flops, compileMs, walls, cpus } of measured) {
  const rate = (ms: number): number => Number((flops / ms / 1e6).toFixed(1));
  const line = {
    product: name, schedule, adapter: adapter.name,
    bestGflops: rate(quantile(walls, 0)), medianGflops: rate(quantile(walls, 0.5)),
    ...(adapter.hardware ? {} : { bestGflopsByCpuTime: rate(quantile(cpus, 0)) }),
    compileMs: Math.round(compileMs), load: Number(loadavg()[0]!.toFixed(2)),
  };
  console.log(JSON.stringify(line));
}
process.exit(0);

async function prepare(name: string): Promise<Measured> {
  const match = /^(NN|NT|TN|TT):(\d+)x(\d+)x(\d+)(?:x(\d+))?$/.exec(name);
  if (match === null) throw new Error(`${name} is not FORM:ROWSxDEPTHxCOLUMNS[xBATCH]`);
  const [rows, depth, columns, batch] = [match[2], match[3], match[4], match[5] ?? "1"].map(Number) as [number, number, number, number];
  const shape: Shape = { batch, rows, columns, depth };
  // As in a training step: what is counted in tokens is not known when the kernel is made.
  const tokens = match[1] === "TN" ? { rows, columns } : { columns, depth };
  const known = rows === depth && depth === columns ? { rows, columns, depth } : tokens;
  const aligned = rows % 4 === 0 && columns % 4 === 0 && depth % 4 === 0;
  const spec = productSpec({ form: FORMS[match[1]!]!, known: { batch, ...known }, aligned, fused: options.fused });
  const kernels = chooseContract(spec, { kind });
  const kernel = kernels[Number(options.variant)] ?? kernels[0];

  const data = productData(shape);
  const results = new Float32Array(batch * rows * columns);
  const buffers = [Uint32Array.of(batch, rows, columns, depth), data.left, data.right, results, data.bias, data.residual, results].map((content, at) => {
    const usage = (at === 0 ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE) | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: Math.max(16, content.byteLength), usage });
    device.queue.writeBuffer(buffer, 0, content);
    return buffer;
  });
  const group = device.createBindGroup({ layout, entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })) });
  const before = performance.now();
  const beforeCpu = process.cpuUsage();
  const pipeline = await device.createComputePipelineAsync({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ code: kernel.wgsl }), entryPoint: "main" },
  });
  const groups = evaluateSize(kernel.groups, sizesOf(shape));
  const submit = async (times: number): Promise<{ wall: number; cpu: number }> => {
    const cpu = process.cpuUsage();
    const start = performance.now();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let time = 0; time < times; time++) pass.dispatchWorkgroups(groups);
    pass.end();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    const used = process.cpuUsage(cpu);
    // Spread over two cores, as the tiles are.
    return { wall: (performance.now() - start) / times, cpu: (used.user + used.system) / 2000 / times };
  };
  await submit(1);
  const { user, system } = process.cpuUsage(beforeCpu);
  const compileMs = adapter!.hardware ? performance.now() - before : (user + system) / 1000;
  const { wall } = await submit(1);
  const times = Math.max(1, Math.min(100, Math.round(5 / wall)));
  return { name, schedule: kernel.schedule, flops: 2 * batch * rows * columns * depth, compileMs: compileMs - wall, run: () => submit(times), walls: [], cpus: [] };
}

function quantile(values: readonly number[], at: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * at)] ?? NaN;
}
