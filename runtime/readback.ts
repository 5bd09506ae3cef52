/** Copies from the GPU to the host. Staging buffers are kept for the next read of about the same size. */
import { MAP_READ, USAGE } from "./device.ts";
import type { DeviceWatch } from "./device.ts";
import type { BufferRange } from "./buffers.ts";

export class Readback {
  private readonly device: GPUDevice;
  private readonly watch: DeviceWatch;
  private readonly free = new Map<number, GPUBuffer[]>();
  private readonly all = new Set<GPUBuffer>();

  constructor(device: GPUDevice, watch: DeviceWatch) {
    this.device = device;
    this.watch = watch;
  }

  /** The bytes of the ranges, one behind the other, as they are after everything submitted so far. */
  async read(ranges: readonly BufferRange[]): Promise<ArrayBuffer> {
    const bytes = ranges.reduce((sum, { size }) => sum + size, 0);
    if (bytes === 0) return new ArrayBuffer(0);
    const capacity = Math.max(256, 2 ** Math.ceil(Math.log2(bytes)));
    // A power of two may be above the device's largest buffer where the bytes themselves are not.
    const size = capacity <= this.device.limits.maxBufferSize ? capacity : bytes;
    const staging = this.free.get(size)?.pop() ?? this.create(size);
    const encoder = this.device.createCommandEncoder({ label: "read" });
    let offset = 0;
    for (const range of ranges) {
      encoder.copyBufferToBuffer(range.buffer, range.offset, staging, offset, range.size);
      offset += range.size;
    }
    this.device.queue.submit([encoder.finish()]);
    const copy = await this.map(staging, bytes);
    const kept = this.free.get(size);
    if (kept === undefined) this.free.set(size, [staging]);
    else kept.push(staging);
    return copy;
  }

  /** A copy of the first bytes of a mappable buffer, once what was submitted before is done. */
  async map(buffer: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
    await this.watch.wait(buffer.mapAsync(MAP_READ, 0, bytes));
    const copy = buffer.getMappedRange(0, bytes).slice(0);
    buffer.unmap();
    return copy;
  }

  destroy(): void {
    for (const buffer of this.all) buffer.destroy();
  }

  private create(size: number): GPUBuffer {
    const buffer = this.device.createBuffer({ label: "staging", size, usage: USAGE.mapRead | USAGE.copyTarget });
    this.all.add(buffer);
    return buffer;
  }
}
