/** First contents of states: drawn by Philox keyed by the seed and the tensor's path, so no tensor's depend on another's. */
import type { Init, StateTensor } from "./program.ts";
import { draws } from "./random/philox.ts";
import { elementCount } from "./size.ts";

/** Whether a new buffer has the tensor's first values already. */
export function isZero({ init }: StateTensor): boolean {
  return init.kind === "constant" && init.value === 0;
}

export function firstValues({ path, shape, init }: StateTensor, seed: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(elementCount(shape));
  fillTensor(values, init, seed, path);
  return values;
}

export function fillTensor(values: Float32Array, init: Init, seed: number, path: string): void {
  switch (init.kind) {
    case "constant":
      values.fill(init.value);
      return;
    case "uniform": {
      const random = draws(seed, pathStream(path));
      for (let at = 0; at < values.length; at++) values[at] = init.low + (init.high - init.low) * random.uniform();
      return;
    }
    case "normal": {
      const random = draws(seed, pathStream(path));
      for (let at = 0; at < values.length; at++) values[at] = init.std * random.normal();
      return;
    }
    default:
      init satisfies never;
  }
}

/** A stream of its own for a path: 53 bits from two FNV-1a hashes (Fowler, Noll, Vo) of its UTF-16 units. */
export function pathStream(path: string): number {
  return (fnv1a(path, 0x811c9dc5) & 0x1fffff) * 2 ** 32 + fnv1a(path, 0x050c5d1f);
}

function fnv1a(text: string, basis: number): number {
  let hash = basis;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
