import { compile } from "../../compiler/compile.ts";
import { createSession } from "../../runtime/index.ts";
import { checkedModel } from "./check.ts";
import { profileOf, sessionDevice } from "./compiled.ts";
import type { Device } from "./compiled.ts";
import { restoredModel } from "./source.ts";

const SIDE = 512;
const PRODUCT = `model Product(n = ${SIDE}) {
  param weight: [n, n] ~ normal(1)
  forward(x: [B, n]) -> [B, n] {
    y[b,j] = sum[i] x[b,i] * weight[i,j]
    return y
  }
}
`;

/** FLOPs a second of a product of two 512 × 512 matrices on this device: the best of all runs within a second, as one alone may be disturbed. */
export async function productRate(device: Device): Promise<number> {
  const model = checkedModel(restoredModel([{ path: "product.tfm", text: PRODUCT }]));
  const { program } = compile(model, { profile: profileOf(device.adapter), training: false });
  const session = await createSession(program, { bounds: { B: SIDE }, ...sessionDevice(device) });
  try {
    const feed = { sizes: { B: SIDE }, fields: { x: new Float32Array(SIDE * SIDE).fill(0.5) } };
    const timed = async (): Promise<number> => {
      const started = performance.now();
      session.run("forward", feed);
      await session.settled();
      return performance.now() - started;
    };
    // The first run compiles.
    await timed();
    let best = await timed();
    for (const end = performance.now() + 1000; performance.now() < end; ) best = Math.min(best, await timed());
    return (2 * SIDE ** 3) / (best / 1000);
  } finally {
    session.dispose();
  }
}

/**
 * The part of a square product's speed that the products of a training step reach: they are smaller, and what is no product takes time
 * as well. Ten of the examples' recipes reach 0.37 to 0.61 on two CPU cores, the geometric mean being 0.46.
 */
export const TRAINING_SHARE = 0.46;

/** How long so many steps take where a product of two 512 × 512 matrices runs at `rate` FLOPs a second. */
export function trainingSeconds({ steps, flops }: { readonly steps: number; readonly flops: number }, rate: number): number {
  return (steps * flops) / (rate * TRAINING_SHARE);
}
