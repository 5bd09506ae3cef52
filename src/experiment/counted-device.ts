/** What went through a GPUDevice since it was wrapped. */
export interface DeviceCounts {
  dispatches: number;
  submits: number;
  passes: number;
  pipelinesCreated: number;
  bindGroupsCreated: number;
  buffersCreated: number;
}

/** A device that does what `device` does and counts it. */
export function countedDevice(device: GPUDevice): { readonly device: GPUDevice; readonly counts: Readonly<DeviceCounts> } {
  const counts: DeviceCounts = { dispatches: 0, submits: 0, passes: 0, pipelinesCreated: 0, bindGroupsCreated: 0, buffersCreated: 0 };
  const count = (key: keyof DeviceCounts) => (): void => void counts[key]++;
  const pass = (made: GPUComputePassEncoder) => watched(made, { dispatchWorkgroups: count("dispatches"), dispatchWorkgroupsIndirect: count("dispatches") });
  const encoder = (made: GPUCommandEncoder) => watched(made, { beginComputePass: count("passes") }, { beginComputePass: (inner) => pass(inner as GPUComputePassEncoder) });
  const wrapped = watched(
    device,
    {
      createComputePipeline: count("pipelinesCreated"),
      createComputePipelineAsync: count("pipelinesCreated"),
      createBindGroup: count("bindGroupsCreated"),
      createBuffer: count("buffersCreated"),
    },
    { createCommandEncoder: (made) => encoder(made as GPUCommandEncoder) },
    { queue: watched(device.queue, { submit: count("submits") }) },
  );
  return { device: wrapped, counts };
}

/** A proxy that calls `before` and maps results by `after`. Native methods need the native object as `this`. */
function watched<T extends object>(
  target: T,
  before: Readonly<Record<string, () => void>>,
  after: Readonly<Record<string, (result: unknown) => unknown>> = {},
  replaced: Readonly<Record<string, unknown>> = {},
): T {
  return new Proxy(target, {
    get(_, key) {
      const name = String(key);
      if (Object.hasOwn(replaced, name)) return replaced[name];
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (Object.hasOwn(before, name)) before[name]?.();
        const result: unknown = Reflect.apply(value, target, args);
        return Object.hasOwn(after, name) ? after[name]?.(result) : result;
      };
    },
    set: (_, key, value) => Reflect.set(target, key, value, target),
  });
}
