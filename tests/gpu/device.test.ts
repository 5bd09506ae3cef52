import { expect, it } from "vitest";
import { openAdapter } from "../../src/gpu/adapter.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";

describeGpu("the adapter", () => {
  it("gives a device with room for models as large as it takes, and WebGPU's defaults else", async () => {
    const { adapter } = (await openAdapter())!;
    const { limits } = await gpuDevice();
    expect(adapter.limits.maxBufferSize).toBeGreaterThan(256 * 2 ** 20);
    expect([limits.maxBufferSize, limits.maxStorageBufferBindingSize]).toEqual([adapter.limits.maxBufferSize, adapter.limits.maxStorageBufferBindingSize]);
    expect([limits.maxStorageBuffersPerShaderStage, limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupStorageSize]).toEqual([8, 256, 16384]);
  });

  it("runs a compute shader", async () => {
    const device = await gpuDevice();
    const module = device.createShaderModule({
      code: "@group(0) @binding(0) var<storage, read_write> a: array<u32>; @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { a[id.x] = id.x * id.x; }",
    });
    const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module } });
    const buffer = device.createBuffer({ size: 256, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
    const readback = device.createBuffer({ size: 256, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer } }] });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(1);
    pass.end();
    encoder.copyBufferToBuffer(buffer, 0, readback, 0, 256);
    device.queue.submit([encoder.finish()]);
    await readback.mapAsync(GPUMapMode.READ);
    expect([...new Uint32Array(readback.getMappedRange())]).toEqual(Array.from({ length: 64 }, (_, i) => i * i));
    readback.destroy();
    buffer.destroy();
  });
});
