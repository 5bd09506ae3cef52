import pc from "picocolors";
import { exitCodes } from "../exit-codes.ts";
import { FEATURES, openAdapter, openDevice } from "../gpu/adapter.ts";
import type { OpenAdapter } from "../gpu/adapter.ts";
import { noAdapter } from "../gpu/device.ts";
import { adapterEnvironment } from "../gpu/environment.ts";
import type { AdapterEnvironment } from "../gpu/environment.ts";
import { colorWanted } from "../output.ts";
import { packageRoot } from "../package-root.ts";
import { versions } from "../versions.ts";
import type { Command } from "./command.ts";

export const doctorCommand: Command = {
  name: "doctor",
  summary: "say which WebGPU adapter is used and why, and try it",
  arguments: [],
  options: [],
  needsAdapter: true,
  run: async ({ output }) => {
    const environment = adapterEnvironment(packageRoot, process.env);
    const open = await openAdapter();
    const failure = noAdapter(environment.source);
    const found = open === undefined ? undefined : { ...(await adapterReport(open)), ...(await trial(open)) };
    const report = { adapter: found ?? null, source: environment.source, why: reason(environment, open), versions: versions(environment) };
    const working = found?.computes === true;
    if (output.json) output.dataJson(working ? report : { ...report, fix: failure.remedy });
    else printReport(report, (line) => output.data(line), colorWanted(process.stdout.isTTY) && output.color);
    if (working) return exitCodes.ok;
    output.fail(found === undefined ? failure : { ...failure, code: "adapter-broken", message: `${found.name} does not compute: ${found.trouble}` });
    return exitCodes.noAdapter;
  },
};

interface AdapterReport {
  readonly name: string;
  readonly hardware: boolean;
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** Smallest and largest subgroup. */
  readonly subgroupSize: readonly [number, number];
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

interface Trial {
  readonly computes: boolean;
  /** What went wrong; empty where nothing did. */
  readonly trouble: string;
}

/** The limits that decide what fits. */
const USED_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
];

async function adapterReport({ adapter, name, hardware }: OpenAdapter): Promise<AdapterReport> {
  const { vendor, architecture, description, subgroupMinSize, subgroupMaxSize } = adapter.info;
  const limits = adapter.limits as unknown as Readonly<Record<string, number>>;
  return {
    name,
    hardware,
    vendor,
    architecture,
    description,
    subgroupSize: [subgroupMinSize ?? 0, subgroupMaxSize ?? 0],
    features: [...adapter.features].sort(),
    limits: Object.fromEntries(USED_LIMITS.map((key) => [key, limits[key] ?? 0])),
  };
}

/** One small dispatch, read back: drivers are seen that list an adapter and then fail. */
async function trial(open: OpenAdapter): Promise<Trial> {
  try {
    const device = await openDevice(open);
    const values = await squares(device);
    device.destroy();
    const right = values.every((value, i) => value === i * i);
    return { computes: right, trouble: right ? "" : "a small program gave wrong numbers" };
  } catch (error) {
    return { computes: false, trouble: error instanceof Error ? error.message : String(error) };
  }
}

async function squares(device: GPUDevice): Promise<readonly number[]> {
  const module = device.createShaderModule({
    code: "@group(0) @binding(0) var<storage, read_write> y: array<u32>; @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { y[id.x] = id.x * id.x; }",
  });
  const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module } });
  const buffer = device.createBuffer({ size: 256, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const readback = device.createBuffer({ size: 256, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer } }] }));
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(buffer, 0, readback, 0, 256);
  device.queue.submit([encoder.finish()]);
  await readback.mapAsync(GPUMapMode.READ);
  return [...new Uint32Array(readback.getMappedRange())];
}

function reason({ source }: AdapterEnvironment, open: OpenAdapter | undefined): string {
  switch (source) {
    case "given":
      return "VK_DRIVER_FILES or VK_ICD_FILENAMES names the driver";
    case "private":
      return "set-up found no adapter of the system's own that works and fetched a driver into .cache/adapter";
    case "system":
      return open === undefined ? "the system offers none, and set-up has fetched none" : "the system offers it";
    default:
      return source satisfies never;
  }
}

interface Report {
  readonly adapter: (AdapterReport & Trial) | null;
  readonly why: string;
  readonly versions: Readonly<Record<string, string>>;
}

function printReport({ adapter, why, versions: found }: Report, print: (line: string) => void, color: boolean): void {
  const paint = pc.createColors(color);
  const row = (title: string, text: string): void => print(`${paint.bold(title.padEnd(10))}${text}`);
  row("adapter", adapter === null ? "none" : `${adapter.name}, ${adapter.hardware ? "a GPU" : "computes on the CPU"}`);
  row("why", why);
  if (adapter !== null) {
    row("driver", adapter.description);
    row("works", adapter.computes ? "yes, a small program gave the right numbers" : `no: ${adapter.trouble}`);
    const [least, most] = adapter.subgroupSize;
    const lanes = least === most ? `${least} lanes` : `${least} to ${most} lanes`;
    row("features", FEATURES.map((name) => `${name} ${adapter.features.includes(name) ? (name === "subgroups" ? `yes (${lanes})` : "yes") : "no"}`).join(", "));
    for (const [i, [name, value]] of Object.entries(adapter.limits).entries()) row(i === 0 ? "limits" : "", `${name} ${bytesOrCount(name, value)}`);
  }
  row("versions", Object.entries(found).map(([name, version]) => `${name} ${version}`).join(", "));
}

function bytesOrCount(name: string, value: number): string {
  if (!name.endsWith("Size")) return String(value);
  return value >= 2 ** 20 ? `${Math.floor(value / 2 ** 20)} MiB` : `${value / 2 ** 10} KiB`;
}
