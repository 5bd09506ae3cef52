/**
 * A GPUDevice of plain objects that computes nothing and records everything: for what no real device can be made to do on
 * demand, such as getting lost. It refuses what WebGPU refuses and drivers do not always tell.
 */
export interface FakeDevice {
  readonly device: GPUDevice;
  /** In order: "submit", "pass", "dispatch 3 1", "copy", "write input ids 24", "pipeline gather". */
  readonly log: string[];
  /** Dynamic offsets of bind groups, in order. */
  readonly offsets: number[];
  readonly buffers: readonly FakeBuffer[];
  lose(reason: "destroyed" | "unknown", message: string): void;
  /** An error outside every scope. */
  raise(name: "GPUValidationError" | "GPUOutOfMemoryError" | "GPUInternalError", message: string): void;
  /** While true, maps and completions never settle, as with an endless loop in a shader. */
  hang: boolean;
}

export interface FakeBuffer {
  readonly label: string;
  readonly size: number;
  readonly data: ArrayBuffer;
  destroyed: boolean;
}

export interface FakeOptions {
  readonly features?: readonly string[];
  readonly limits?: Readonly<Record<string, number>>;
  readonly subgroupSize?: number;
  /** Kernels whose pipeline the driver refuses, by their text. */
  readonly refuse?: (wgsl: string) => boolean;
}

export const DEFAULT_LIMITS = {
  maxStorageBufferBindingSize: 128 * 2 ** 20,
  maxBufferSize: 256 * 2 ** 20,
  maxComputeWorkgroupsPerDimension: 65_535,
  maxComputeInvocationsPerWorkgroup: 256,
  maxStorageBuffersPerShaderStage: 8,
};

export function fakeDevice(options: FakeOptions = {}): FakeDevice {
  const log: string[] = [];
  const buffers: FakeBuffer[] = [];
  const offsets: number[] = [];
  const listeners: ((event: unknown) => void)[] = [];
  const never = new Promise<never>(() => undefined);
  let lose: FakeDevice["lose"] = () => undefined;
  const lost = new Promise<unknown>((resolve) => {
    lose = (reason, message) => resolve({ reason, message });
  });

  const buffer = ({ label, size }: { label: string; size: number }) => {
    if (size % 4 !== 0) throw new Error(`a buffer of ${size} bytes`);
    const data = new ArrayBuffer(size);
    const made = {
      label,
      size,
      data,
      destroyed: false,
      destroy: () => void (made.destroyed = true),
      mapAsync: () => (fake.hang ? never : Promise.resolve()),
      getMappedRange: (from: number, bytes: number) => data.slice(from, from + bytes),
      unmap: () => undefined,
    };
    buffers.push(made);
    return made;
  };
  const alive = (one: FakeBuffer) => {
    if (one.destroyed) throw new Error(`${one.label} is destroyed`);
  };

  const encoder = () => ({
    beginComputePass: () => {
      log.push("pass");
      return {
        setPipeline: () => undefined,
        setBindGroup: (_: number, __: unknown, dynamic: readonly number[] = []) => void offsets.push(...dynamic),
        dispatchWorkgroups: (x: number, y = 1) => {
          if (Math.max(x, y) > DEFAULT_LIMITS.maxComputeWorkgroupsPerDimension) throw new Error(`${x} × ${y} workgroups`);
          log.push(`dispatch ${x} ${y}`);
        },
        end: () => undefined,
      };
    },
    copyBufferToBuffer: (from: FakeBuffer, at: number, to: FakeBuffer, into: number, bytes: number) => {
      alive(from);
      alive(to);
      if (bytes % 4 !== 0 || at % 4 !== 0 || at + bytes > from.size || into + bytes > to.size) throw new Error(`copy of ${bytes} bytes`);
      new Uint8Array(to.data, into, bytes).set(new Uint8Array(from.data, at, bytes));
      log.push(`copy ${from.label} ${to.label}`);
    },
    finish: () => ({}),
  });

  const device = {
    features: new Set(options.features ?? []),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    adapterInfo: { subgroupMinSize: options.subgroupSize ?? 0, subgroupMaxSize: options.subgroupSize ?? 0 },
    lost,
    addEventListener: (_: string, listener: (event: unknown) => void) => void listeners.push(listener),
    removeEventListener: () => undefined,
    pushErrorScope: () => undefined,
    popErrorScope: () => Promise.resolve(null),
    createBuffer: buffer,
    createBindGroupLayout: ({ entries }: { entries: unknown[] }) => ({ count: entries.length }),
    createPipelineLayout: () => ({}),
    createShaderModule: ({ code }: { code: string }) => ({ code }),
    createComputePipelineAsync: async ({ label, compute }: { label: string; compute: { module: { code: string } } }) => {
      if (options.refuse?.(compute.module.code) === true) throw new Error("too much workgroup memory");
      log.push(`pipeline ${label}: ${compute.module.code.slice(0, 20).trim()}`);
      return {};
    },
    createBindGroup: ({ layout, entries }: { layout: { count: number }; entries: { resource: { buffer: FakeBuffer; offset?: number; size?: number } }[] }) => {
      if (entries.length !== layout.count) throw new Error(`${entries.length} bindings for a layout of ${layout.count}`);
      for (const { resource } of entries) {
        const { buffer: bound, offset = 0, size = bound.size } = resource;
        alive(bound);
        if (offset % 256 !== 0 || offset + size > bound.size || size > 128 * 2 ** 20) throw new Error(`binding ${offset} + ${size} of ${bound.label}`);
      }
      log.push("bind group");
      return {};
    },
    createCommandEncoder: encoder,
    queue: {
      submit: (commands: unknown[]) => void (commands.length > 0 && log.push("submit")),
      writeBuffer: (target: FakeBuffer, offset: number, data: ArrayBuffer | ArrayBufferView) => {
        alive(target);
        const bytes = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
        new Uint8Array(target.data, offset, bytes.length).set(bytes);
        log.push(`write ${target.label} ${bytes.length}`);
      },
      onSubmittedWorkDone: () => (fake.hang ? never : Promise.resolve()),
    },
    destroy: () => {
      log.push("destroy device");
      lose("destroyed", "Device was destroyed.");
    },
  };
  const fake: FakeDevice = {
    device: device as unknown as GPUDevice,
    log,
    offsets,
    buffers,
    lose: (reason, message) => lose(reason, message),
    raise: (name, message) => {
      const error = new (class extends Error {})(message);
      Object.defineProperty(error.constructor, "name", { value: name });
      for (const listener of listeners) listener({ error, preventDefault: () => undefined });
    },
    hang: false,
  };
  return fake;
}
