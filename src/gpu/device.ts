import { exitCodes } from "../exit-codes.ts";
import type { Failure, Result } from "../failure.ts";
import { packageRoot } from "../package-root.ts";
import { openAdapter, openDevice } from "./adapter.ts";
import type { OpenAdapter } from "./adapter.ts";
import { adapterEnvironment } from "./environment.ts";
import type { AdapterSource } from "./environment.ts";

/** A device of the best adapter, for commands whose `needsAdapter` is set. */
export async function commandDevice(): Promise<Result<{ readonly device: GPUDevice; readonly adapter: OpenAdapter }>> {
  const adapter = await openAdapter();
  if (adapter === undefined) return { ok: false, failure: noAdapter(adapterEnvironment(packageRoot, process.env).source) };
  try {
    return { ok: true, value: { device: await openDevice(adapter), adapter } };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, failure: { code: "device-refused", exit: exitCodes.noAdapter, message: `${adapter.name} gives no device: ${reason}`, remedy: "`tfmc doctor` says which driver is used; update it" } };
  }
}

export function noAdapter(source: AdapterSource): Failure {
  return { code: "no-adapter", exit: exitCodes.noAdapter, message: "there is no WebGPU adapter", remedy: remedies[source] };
}

const remedies: Readonly<Record<AdapterSource, string>> = {
  system: "run `npm run setup` in the clone, which fetches a driver on Debian and Ubuntu; elsewhere install a Vulkan driver and loader (Mesa 23.1 or newer has lavapipe, which needs no GPU)",
  private: "remove the folder .cache/adapter and run `npm run setup` again",
  given: "VK_DRIVER_FILES or VK_ICD_FILENAMES names a Vulkan driver that does not work here: correct or unset it",
};
