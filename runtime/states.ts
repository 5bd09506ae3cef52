/** The session's access to states by tensor: reading, writing and drawing first contents. */
import { unknownName } from "./errors.ts";
import { firstValues, isZero } from "./init.ts";
import type { Program, StateBuffer, StateTensor } from "./program.ts";
import type { Readback } from "./readback.ts";
import { elementCount } from "./size.ts";

export interface NamedTensor {
  readonly kind: StateBuffer["kind"];
  /** The state's name and the tensor's path in it. */
  readonly state: string;
  readonly path: string;
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

export class States {
  private readonly program: Program;
  private readonly buffers: ReadonlyMap<number, GPUBuffer>;
  private readonly queue: GPUQueue;
  private readonly readback: Readback;
  /** Drawing takes a tenth of a second for a million numbers, so those of a model whose weights are loaded are never drawn. */
  private readonly undrawn = new Map<GPUBuffer, Set<StateTensor>>();
  private seed = 0;

  /** `buffers` by index of the state; those that no entry of the session uses are absent. */
  constructor(program: Program, buffers: ReadonlyMap<number, GPUBuffer>, queue: GPUQueue, readback: Readback) {
    this.program = program;
    this.buffers = buffers;
    this.queue = queue;
    this.readback = readback;
  }

  /** Lets all begin with what the model says, but for those that another session holds. */
  initialise(seed: number, others?: ReadonlyMap<number, GPUBuffer>): void {
    this.seed = seed;
    for (const [at, buffer] of this.buffers) {
      const drawn = others?.has(at) === true ? [] : (this.program.states[at]?.tensors ?? []).filter((tensor) => !isZero(tensor) && elementCount(tensor.shape) > 0);
      if (drawn.length > 0) this.undrawn.set(buffer, new Set(drawn));
    }
  }

  /** Writes the first contents of what nothing was written to; to be called before something reads them. */
  draw(): void {
    for (const [buffer, tensors] of this.undrawn) for (const tensor of tensors) this.queue.writeBuffer(buffer, tensor.offset * 4, firstValues(tensor, this.seed));
    this.undrawn.clear();
  }

  tensors(kinds: readonly StateBuffer["kind"][]): readonly Omit<NamedTensor, "data">[] {
    return this.ofKinds(kinds).flatMap(({ state }) =>
      state.tensors.map(({ path, shape }) => ({ kind: state.kind, state: state.name, path, shape })),
    );
  }

  /** One copy for each state. */
  async readAll(kinds: readonly StateBuffer["kind"][]): Promise<readonly NamedTensor[]> {
    this.draw();
    const tensors: NamedTensor[] = [];
    for (const { state, buffer } of this.ofKinds(kinds)) {
      const data = new Float32Array(await this.readback.read([{ buffer, offset: 0, size: state.length * 4 }]));
      for (const { path, shape, offset } of state.tensors) {
        tensors.push({ kind: state.kind, state: state.name, path, shape, data: data.slice(offset, offset + elementCount(shape)) });
      }
    }
    return tensors;
  }

  async read(kind: StateBuffer["kind"], path: string, state?: string): Promise<Float32Array<ArrayBuffer>> {
    const { buffer, tensor } = this.find(kind, path, state);
    this.draw();
    return new Float32Array(await this.readback.read([{ buffer, offset: tensor.offset * 4, size: elementCount(tensor.shape) * 4 }]));
  }

  write(kind: StateBuffer["kind"], path: string, data: Float32Array, state?: string): void {
    const { buffer, tensor } = this.find(kind, path, state);
    if (data.length !== elementCount(tensor.shape)) throw new Error(`internal: ${data.length} elements for ${path} [${tensor.shape.join(", ")}]`);
    this.undrawn.get(buffer)?.delete(tensor);
    if (data.length > 0) this.queue.writeBuffer(buffer, tensor.offset * 4, data);
  }

  /** The buffer of kind "report", if an entry uses it. */
  report(): { readonly buffer: GPUBuffer; readonly bytes: number } | undefined {
    const [found] = this.ofKinds(["report"]);
    return found && { buffer: found.buffer, bytes: Math.min(256, found.state.length * 4) };
  }

  private ofKinds(kinds: readonly StateBuffer["kind"][]): readonly { readonly state: StateBuffer; readonly buffer: GPUBuffer }[] {
    return this.program.states.flatMap((state, at) => {
      const buffer = this.buffers.get(at);
      return buffer !== undefined && kinds.includes(state.kind) ? [{ state, buffer }] : [];
    });
  }

  private find(kind: StateBuffer["kind"], path: string, stateName?: string): { readonly buffer: GPUBuffer; readonly tensor: StateTensor } {
    for (const { state, buffer } of this.ofKinds([kind])) {
      const tensor = stateName === undefined || stateName === state.name ? state.tensors.find((one) => one.path === path) : undefined;
      if (tensor !== undefined) return { buffer, tensor };
    }
    throw unknownName("tensor", path, this.tensors([kind]).map((one) => one.path));
  }
}
