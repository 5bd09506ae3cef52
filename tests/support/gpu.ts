import { describe } from "vitest";
import { openAdapter, openDevice } from "../../src/gpu/adapter.ts";

/** True where the user asked to leave out what needs an adapter. */
export const withoutGpu = process.env["TFM_NO_GPU"] === "1";

/** `describe` for tests that need an adapter: counted as skipped under TFM_NO_GPU=1, never left out otherwise. */
export const describeGpu: typeof describe | typeof describe.skip = withoutGpu ? describe.skip : describe;

let opened: Promise<GPUDevice> | undefined;

/** The device of this test worker, as commands have it; opened once, and again after a test lost it. */
export function gpuDevice(): Promise<GPUDevice> {
  opened ??= open();
  return opened;
}

async function open(): Promise<GPUDevice> {
  const adapter = await openAdapter();
  if (adapter === undefined) {
    throw new Error("There is no WebGPU adapter. `npm run setup` fetches one; TFM_NO_GPU=1 skips the tests that need it.");
  }
  const device = await openDevice(adapter);
  // An error that no scope caught is a bug in the code under test: it fails the run.
  device.addEventListener("uncapturederror", (event) => {
    throw event.error;
  });
  void device.lost.then(() => {
    opened = undefined;
  });
  return device;
}
