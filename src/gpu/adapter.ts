import path from "node:path";
import { roomOf } from "../../runtime/device.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import { pollSparingly } from "./polling.ts";

/** A WebGPU adapter of this machine. */
export interface OpenAdapter {
  readonly adapter: GPUAdapter;
  /** "NVIDIA H200", "llvmpipe (LLVM 15.0.6, 256 bits)": what reports and the quickstart's last line say. */
  readonly name: string;
  /** False for an adapter that computes on the CPU, as lavapipe and SwiftShader do. */
  readonly hardware: boolean;
}

/** What the compiler has variants for. */
export const FEATURES: readonly GPUFeatureName[] = ["shader-f16", "subgroups", "timestamp-query"];

// NVIDIA's f16 is hidden behind a toggle; timestamps are coarse by default, as in browsers.
const OPTIONS = ["enable-dawn-features=vulkan_enable_f16_on_nvidia", "disable-dawn-features=timestamp_quantization"];

/**
 * The objects from `create()`, held for the life of the process: the process crashes if one is collected while a device of it lives.
 */
const instances: GPU[] = [];

type Bindings = typeof import("webgpu");

/** The best adapter: a real GPU if any driver offers one, else one that computes on the CPU, else undefined. Throws CommandFailure without bindings. */
export async function openAdapter(): Promise<OpenAdapter | undefined> {
  const bindings = await loadBindings();
  // WebGPU's constants (GPUBufferUsage and its like) are globals in a browser; code that runs in both expects them here too.
  Object.assign(globalThis, bindings.globals);
  const first = await adapterFrom(bindings, OPTIONS);
  if (first === undefined || first.hardware || oneDriverNamed()) return first;
  for (const name of await adapterNames(bindings)) {
    if (SOFTWARE.test(name)) continue;
    const other = await adapterFrom(bindings, [...OPTIONS, `adapter=${name}`]);
    if (other?.hardware === true) return other;
  }
  return first;
}

/** They are a native library, built for some platforms: what needs no adapter does without them. */
async function loadBindings(): Promise<Bindings> {
  try {
    return await import("webgpu");
  } catch (error) {
    const message = `the WebGPU bindings for Node, the npm package \`webgpu\`, could not be loaded: ${error instanceof Error ? error.message : String(error)}`;
    throw new CommandFailure({ code: "no-bindings", exit: exitCodes.noAdapter, message, remedy: "they are built for Linux with glibc, macOS and Windows; where this is one of them, install the packages again with `npm install`" });
  }
}

/** A device with those of the features that the adapter offers, and with room for models as large as it takes. */
export async function openDevice(open: OpenAdapter, features = FEATURES): Promise<GPUDevice> {
  if (!open.hardware) pollSparingly();
  return open.adapter.requestDevice({
    requiredFeatures: features.filter((feature) => open.adapter.features.has(feature)),
    requiredLimits: roomOf(open.adapter),
  });
}

/** True where the environment names a single Vulkan driver, as it does for a private one: there is nothing behind it to look for. */
function oneDriverNamed(): boolean {
  const named = process.env["VK_DRIVER_FILES"] ?? "";
  return named !== "" && !named.includes(path.delimiter);
}

const SOFTWARE = /llvmpipe|lavapipe|swiftshader|basic render/i;

async function adapterFrom({ create }: Bindings, options: readonly string[]): Promise<OpenAdapter | undefined> {
  try {
    const gpu = create([...options]);
    instances.push(gpu);
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    if (adapter === null) return undefined;
    const { device, description, isFallbackAdapter } = adapter.info;
    const software = isFallbackAdapter || SOFTWARE.test(device) || SOFTWARE.test(description);
    return { adapter, name: adapterName(adapter.info), hardware: !software };
  } catch {
    return undefined;
  }
}

/** Dawn lists the adapters' names in the error for one that does not exist. */
async function adapterNames({ create }: Bindings): Promise<readonly string[]> {
  const gpu = create(["adapter=?"]);
  instances.push(gpu);
  try {
    await gpu.requestAdapter();
    return [];
  } catch (error) {
    return namesIn(error instanceof Error ? error.message : String(error));
  }
}

/** The names in a list of lines such as ` * backend: 'vulkan', name: 'NVIDIA H200'`, without the backend that computes nothing. */
export function namesIn(list: string): readonly string[] {
  return Array.from(list.matchAll(/backend: '(?!null')[^']*', name: '([^']*)'/g), (match) => match[1] ?? "");
}

function adapterName(info: GPUAdapterInfo): string {
  // lavapipe's device is "llvmpipe-llvm-15-0-6-256-bits-".
  const llvm = /^llvmpipe-llvm-(\d+)-(\d+)-(\d+)/i.exec(info.device);
  if (llvm !== null) return `llvmpipe (LLVM ${llvm[1]}.${llvm[2]}.${llvm[3]})`;
  return info.device !== "" ? info.device : info.description !== "" ? info.description : info.vendor;
}
