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

/** FLOPs a second of a product of two 512 × 512 matrices on this device: the best of some runs, within about a second. */
export async function productRate(device: Device): Promise<number> {
  const model = checkedModel(restoredModel([{ path: "product.tfm", text: PRODUCT }]));
  const { program } = compile(model, { profile: profileOf(device.adapter), training: false });
  const session = await createSession(program, { bounds: { B: SIDE }, ...sessionDevice(device) });
  try {
    const feed = { sizes: { B: SIDE }, fields: { x: new Float32Array(SIDE * SIDE).fill(0.5) } };
    let best = Number.POSITIVE_INFINITY;
    const begun = performance.now();
    for (let run = 0; run < 12 && (run < 3 || performance.now() - begun < 1000); run++) {
      const started = performance.now();
      session.run("forward", feed);
      await session.settled();
      // The first run compiles.
      if (run > 0) best = Math.min(best, performance.now() - started);
    }
    return (2 * SIDE ** 3) / (best / 1000);
  } finally {
    session.dispose();
  }
}
