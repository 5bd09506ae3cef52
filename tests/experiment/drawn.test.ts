import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { drawnValues } from "../../src/experiment/drawn.ts";
import { prepare } from "../../src/experiment/prepare.ts";
import type { Prepared } from "../../src/experiment/prepare.ts";
import { readModel } from "../../src/experiment/source.ts";
import { openRun } from "../../src/experiment/train.ts";
import { valueOf } from "../../src/failure.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";

const root = mkdtempSync(path.join(tmpdir(), "tfm-drawn-"));
afterAll(() => rmSync(root, { recursive: true }));
writeFileSync(path.join(root, "text.txt"), Array.from({ length: 40 }, (_, at) => `line ${at} of a few words\n`).join(""));

const recipe = (loss: string): string => `
layer Halved() {
  forward(x: [B, T]) -> [B, T] {
    half[b,t] = 0.5 * x[b,t]
    return half
  }
}
model Mean(d = 1) {
  halved = Halved()
  param w: [d] ~ ones
  forward(x: [B, T]) -> real = mean[b,t] halved(x)[b,t] * w[0]
}
train one {
  tokenizer = wordpiece(60)
  data      = sentences("text.txt", tokenizer: tokenizer, length: 20)
  model     = Mean()
  ${loss}
  optimizer = Sgd(lr: 0.0)
  batch = 4; steps = 2; seed = 9
}`;
const MASKED = `loss(ids, word) {
    noisy, place, wanted, used = mask_tokens(ids, word, 0.3, tokenizer.mask, tokenizer.specials)
    mixed[b,t] = 2.0 * noisy[b,t]
    return model(mixed) + mean[b,k] model.w[0] * (if used[b,k] then 100.0 * wanted[b,k] + place[b,k] else 0.0)
  }`;
/** A draw that the model meets in a product with the batch alone. */
const SHARES = `loss(ids) {
    draw part: real ~ uniform
    mixed[b,t] = part * ids[b,t]
    return model(mixed)
  }`;
const prepared = async (name: string, loss: string): Promise<Prepared> => {
  writeFileSync(path.join(root, `${name}.tfm`), recipe(loss));
  return prepare({ source: valueOf(readModel(path.join(root, `${name}.tfm`))) });
};
const drawn = (run: Prepared, step: number): Readonly<Record<string, readonly number[]>> =>
  Object.fromEntries(drawnValues(run.model, run.batches(step)[0]!, step).map(({ field, values }) => [field.name, [...values]]));

describe("what a recipe draws", () => {
  it("is shown as the model reads it, the same for the same step, and not what layers make of it", async () => {
    const run = await prepared("masked", MASKED);
    const first = drawn(run, 1);
    expect(Object.keys(first)).toEqual(expect.arrayContaining(["mixed", "place", "wanted", "used"]));
    expect(Object.keys(first).filter((name) => name.includes("half"))).toEqual([]);
    expect(drawn(run, 1)).toEqual(first);
    expect(drawn(run, 2)["mixed"]).not.toEqual(first["mixed"]);
    const { fields, sizes } = run.batches(1)[0]!;
    const ids = [...(fields["ids"] as Int32Array)], T = sizes["T"]!, K = Math.ceil(0.3 * T);
    const places = new Set<number>();
    first["used"]!.forEach((used, at) => {
      if (used !== 1) return;
      const place = Math.floor(at / K) * T + first["place"]![at]!;
      places.add(place);
      expect(first["wanted"]![at]).toBe(ids[place]);
    });
    expect(places.size).toBeGreaterThan(8);
    first["mixed"]!.forEach((twice, at) => void (places.has(at) || expect(twice / 2).toBe(ids[at])));
  });
  it("is left out where a setting turns it off", async () => {
    const shares = (on: boolean): Promise<Prepared> => prepared(`shares-${on}`, `let mixing = ${on}
  loss(ids) {
    draw part: real ~ uniform
    mixed[b,t] = (if mixing then part else 1.0) * ids[b,t]
    return model(mixed)
  }`);
    expect(Object.keys(drawn(await shares(true), 1))).toContain("part");
    expect(Object.keys(drawn(await shares(false), 1))).toEqual([]);
  });
  it("is spelt where it is of tokens", async () => {
    const run = await prepared("masked", MASKED);
    const ranged = drawnValues(run.model, run.batches(1)[0]!, 1).filter(({ field }) => field.range !== undefined).map(({ field }) => field.name);
    expect(ranged).toEqual(expect.arrayContaining(["wanted"]));
    expect(ranged).not.toContain("place");
  });
  it("is shown where it is one number for the whole batch", async () => {
    const run = await prepared("shares", SHARES);
    const shares = [1, 2].map((step) => {
      const { part, mixed, ...others } = drawn(run, step);
      expect(others).toEqual({});
      expect(part).toHaveLength(1);
      const ids = run.batches(step)[0]!.fields["ids"] as Int32Array;
      mixed!.forEach((value, at) => expect(value / (part![0]! * ids[at]! || 1)).toBeCloseTo(ids[at] === 0 ? 0 : 1, 5));
      return part![0]!;
    });
    expect(shares[0]).not.toBe(shares[1]);
  });
  it("is nothing where nothing is drawn", async () => {
    expect(drawn(await prepared("plain", "loss(ids) { y[b,t] = 1.0 * ids[b,t]; return model(y) }"), 1)).toEqual({});
  });
});

describeGpu("what a recipe draws on the adapter", () => {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  /** The loss of the second step, whose weights are the first ones. */
  const lossOf = async (run: Prepared, folder: string): Promise<number> => {
    const trained = await openRun(run, { device: await gpuDevice(), adapter: { name: "test", hardware: false } }, path.join(root, folder));
    const losses: number[] = [];
    try {
      await trained.train({ onStep: ({ loss }) => void losses.push(loss), pauseAfter: () => true, pause: () => Promise.resolve() });
    } finally {
      trained.dispose();
    }
    return losses.at(-1)!;
  };
  it("is what is shown", { timeout: 300_000 }, async () => {
    const run = await prepared("same", MASKED);
    const { mixed, place, wanted, used } = drawn(run, 2) as Record<string, number[]>;
    const expected = mean(mixed!) / 2 + mean(used!.map((one, at) => (one === 1 ? 100 * wanted![at]! + place![at]! : 0)));
    expect((await lossOf(run, "run")) / expected).toBeCloseTo(1, 5);
  });
  it("is the number that is shown", { timeout: 300_000 }, async () => {
    const run = await prepared("share", SHARES);
    const ids = run.batches(2)[0]!.fields["ids"] as Int32Array;
    expect((await lossOf(run, "shared")) / (drawn(run, 2)["part"]![0]! * mean([...ids]) / 2)).toBeCloseTo(1, 5);
  });
});
