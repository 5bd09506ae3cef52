/** What went through a GPUDevice. `created` counts pipelines, layouts, bind groups and buffers apart. */
export interface DeviceCounts {
  submits: number;
  passes: number;
  dispatches: number;
  pipelines: number;
  layouts: number;
  bindGroups: number;
  buffers: number;
  bufferBytes: number;
  textures: number;
  writes: number;
  writtenBytes: number;
}

/** A device that does what `device` does and counts it. The counts go on; subtract or `reset`. */
export function countingDevice(device: GPUDevice): { readonly device: GPUDevice; readonly counts: DeviceCounts; reset(): void } {
  const zero: DeviceCounts = {
    submits: 0, passes: 0, dispatches: 0, pipelines: 0, layouts: 0, bindGroups: 0, buffers: 0, bufferBytes: 0, textures: 0, writes: 0, writtenBytes: 0,
  };
  const counts = { ...zero };
  const count = (key: keyof DeviceCounts, by = 1) => void (counts[key] += by);

  const pass = (target: GPUComputePassEncoder): GPUComputePassEncoder =>
    watched(target, { dispatchWorkgroups: () => count("dispatches"), dispatchWorkgroupsIndirect: () => count("dispatches") }, {});
  const encoder = (target: GPUCommandEncoder): GPUCommandEncoder =>
    watched(target, { beginComputePass: () => count("passes") }, { beginComputePass: (made) => pass(made as GPUComputePassEncoder) });
  const queue = watched(
    device.queue,
    {
      submit: () => count("submits"),
      writeBuffer: (_buffer, _offset, data, _from, size) => {
        count("writes");
        const source = data as ArrayBufferView & { BYTES_PER_ELEMENT?: number };
        count("writtenBytes", size === undefined ? source.byteLength : (size as number) * (source.BYTES_PER_ELEMENT ?? 1));
      },
    },
    {},
  );
  const wrapped = watched(
    device,
    {
      createComputePipeline: () => count("pipelines"),
      createComputePipelineAsync: () => count("pipelines"),
      createRenderPipeline: () => count("pipelines"),
      createBindGroupLayout: () => count("layouts"),
      createPipelineLayout: () => count("layouts"),
      createShaderModule: () => count("layouts"),
      createBindGroup: () => count("bindGroups"),
      createTexture: () => count("textures"),
      createBuffer: (descriptor) => {
        count("buffers");
        count("bufferBytes", (descriptor as GPUBufferDescriptor).size);
      },
    },
    { createCommandEncoder: (made) => encoder(made as GPUCommandEncoder) },
    { queue },
  );
  return { device: wrapped, counts, reset: () => void Object.assign(counts, zero) };
}

/** A proxy that calls `before` and maps results by `after`; native methods need the native object as `this`. */
function watched<T extends object>(
  target: T,
  before: Readonly<Record<string, (...args: unknown[]) => void>>,
  after: Readonly<Record<string, (result: unknown) => unknown>>,
  replaced: Readonly<Record<string, unknown>> = {},
): T {
  return new Proxy(target, {
    get(_, key) {
      if (typeof key === "string" && Object.hasOwn(replaced, key)) return replaced[key];
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (typeof key === "string" && Object.hasOwn(before, key)) before[key]?.(...args);
        const result: unknown = Reflect.apply(value, target, args);
        return typeof key === "string" && Object.hasOwn(after, key) ? after[key]?.(result) : result;
      };
    },
    set: (_, key, value) => Reflect.set(target, key, value, target),
  });
}
