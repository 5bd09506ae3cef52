/**
 * The device of a session: made by the runtime or handed in, and watched, since a lost device keeps accepting commands.
 */
import { deviceError, deviceLost, deviceSilent, noAdapter, noWebGpu, outOfMemory } from "./errors.ts";
import type { TfmError } from "./errors.ts";
import type { Offer } from "./choose.ts";

/** WebGPU's constants are globals in a browser only, so the few that are needed stand here. */
export const USAGE = {
  mapRead: 0x0001,
  copySource: 0x0004,
  copyTarget: 0x0008,
  uniform: 0x0040,
  storage: 0x0080,
  queryResolve: 0x0200,
} as const;
export const COMPUTE_STAGE = 0x4;
export const MAP_READ = 0x1;

export interface DeviceSource {
  /** Used as it is and never destroyed. */
  readonly device?: GPUDevice;
  /** Where to ask for a device; `navigator.gpu` by default. */
  readonly gpu?: GPU;
  /** Asked for where the adapter has them. */
  readonly features: readonly string[];
}

/** A device with WebGPU's default limits, except that larger buffers and bindings are asked for where the adapter has them. */
export async function openDevice(source: DeviceSource): Promise<{ readonly device: GPUDevice; readonly owned: boolean }> {
  if (source.device !== undefined) return { device: source.device, owned: false };
  const gpu = source.gpu ?? (typeof navigator === "undefined" ? undefined : navigator.gpu);
  if (gpu === undefined) throw noWebGpu();
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) throw noAdapter();
  const device = await adapter.requestDevice({
    requiredFeatures: source.features.filter((feature) => adapter.features.has(feature)) as GPUFeatureName[],
    requiredLimits: roomOf(adapter),
  });
  return { device, owned: true };
}

/** The limits that say how large a model may be, as far as the adapter goes. All others stay WebGPU's defaults, so that what runs on one device runs on any. */
export function roomOf({ limits }: GPUAdapter): Record<"maxBufferSize" | "maxStorageBufferBindingSize", number> {
  return { maxBufferSize: limits.maxBufferSize, maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize };
}

export function offerOf(device: GPUDevice): Offer {
  // Absent on implementations older than `adapterInfo`.
  const info = device.adapterInfo as GPUAdapterInfo | undefined;
  const size = info?.subgroupMinSize;
  return {
    features: device.features,
    ...(size !== undefined && size > 0 && size === info?.subgroupMaxSize ? { subgroupSize: size } : {}),
    maxInvocations: device.limits.maxComputeInvocationsPerWorkgroup,
  };
}

/** The watches of a device, and whether it is lost already. */
interface Watched {
  readonly all: Set<DeviceWatch>;
  lost?: TfmError;
}

const watched = new WeakMap<GPUDevice, Watched>();

/** Errors outside any scope are the program's own on a device that it made, and anybody's on one that was handed in. */
function watchedDevice(device: GPUDevice, owned: boolean): Watched {
  const known = watched.get(device);
  if (known !== undefined) return known;
  const made: Watched = { all: new Set() };
  watched.set(device, made);
  if (owned) {
    device.addEventListener("uncapturederror", (event) => {
      // It is thrown by the next call: the implementation need not print it.
      event.preventDefault();
      const fault = explain((event as GPUUncapturedErrorEvent).error);
      for (const watch of made.all) watch.fail(fault);
    });
  }
  void device.lost.then((info) => {
    made.lost = deviceLost(info.reason, info.message);
    for (const watch of made.all) watch.fail(made.lost);
  });
  return made;
}

/** How many times as long the first answer may take: a driver that computes on the CPU compiles its kernels when they first run. */
const FIRST_ANSWER = 5;

/**
 * A wait is counted in so many parts. While a process is stopped (Ctrl-Z) or its machine sleeps the clock may run on, and the GPU works
 * no more than we do: such a pause ends one part, however long it was, and what has answered meanwhile is heard in the next.
 */
const PARTS = 20;

/** Remembers the first thing that went wrong with a session's device. */
export class DeviceWatch {
  private readonly device: GPUDevice;
  private readonly seconds: number;
  private readonly watched: Watched;
  private fault: TfmError | undefined;
  private answered = false;
  /** Rejects waits that are under way when something goes wrong. */
  private readonly waiting = new Set<(error: TfmError) => void>();

  constructor(device: GPUDevice, seconds: number, owned: boolean) {
    this.device = device;
    this.seconds = seconds;
    this.watched = watchedDevice(device, owned);
    this.watched.all.add(this);
    this.fault = this.watched.lost;
  }

  /** Throws what went wrong, if anything did. To be called before every submission: a lost device does not refuse. */
  check(): void {
    if (this.fault !== undefined) throw this.fault;
  }

  fail(fault: TfmError): void {
    this.fault ??= fault;
    for (const reject of this.waiting) reject(this.fault);
  }

  /**
   * What the GPU promised, or a TfmError if the device is lost, if an error was met, or if nothing came in time: an endless
   * loop in a shader never settles a map.
   */
  async wait<T>(promise: Promise<T>): Promise<T> {
    this.check();
    let timer: unknown;
    let give: ((error: TfmError) => void) | undefined;
    const trouble = new Promise<never>((_, reject) => {
      give = reject;
      this.waiting.add(reject);
      const seconds = this.answered ? this.seconds : FIRST_ANSWER * this.seconds;
      let left = PARTS;
      timer = setInterval(() => {
        left--;
        if (left === 0) this.fail(deviceSilent(seconds));
      }, (seconds * 1000) / PARTS);
    });
    try {
      const value = await Promise.race([promise, trouble]);
      this.check();
      this.answered = true;
      return value;
    } catch (error) {
      // A map of a lost device is rejected before `lost` is told: its cause is the better message.
      if (this.fault === undefined) await Promise.race([this.device.lost, new Promise<void>((done) => setTimeout(done, 100))]);
      this.check();
      throw error;
    } finally {
      clearInterval(timer);
      if (give !== undefined) this.waiting.delete(give);
    }
  }

  /** Reports the error that a scope caught, once it is known. */
  scoped(scope: Promise<GPUError | null>): void {
    void scope.then(
      (error) => {
        if (error !== null) this.fail(explain(error));
      },
      () => undefined,
    );
  }

  /** Waits under way end with `fault`. */
  close(fault: TfmError): void {
    this.watched.all.delete(this);
    this.fail(fault);
  }
}

export function explain(error: GPUError): TfmError {
  return /OutOfMemory/.test(error.constructor.name) ? outOfMemory(error.message) : deviceError(error.message);
}
