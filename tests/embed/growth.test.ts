import { expect, it } from "vitest";
import { Sessions } from "../../runtime/embedded/sessions.ts";
import { TfmError } from "../../runtime/errors.ts";
import type { Entry, Program } from "../../runtime/program.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { tinyProgram } from "../support/tiny-program.ts";

const program: Program = { ...tinyProgram, entries: tinyProgram.entries.filter(({ name }) => name === "forward") };
const entry = program.entries[0] as Entry;

describeGpu("the session behind a loaded model", () => {
  it("stays while calls fit, doubles what they exceed where they do not, and keeps the weights", async () => {
    const sessions = await Sessions.open(program, { device: await gpuDevice(), bounds: { B: 2, T: 4 } });
    try {
      sessions.base.writeState("embed.table", Float32Array.from({ length: 20 }, (_, at) => at / 8));
      expect(await sessions.fitting(entry, { B: 1, T: 4 })).toBe(sessions.base);
      const larger = await sessions.fitting(entry, { B: 3, T: 2 });
      expect(larger.bounds).toEqual({ B: 4, T: 4 });
      expect(await sessions.fitting(entry, { B: 2, T: 4 })).toBe(larger);
      expect((await sessions.fitting(entry, { B: 1, T: 100 })).bounds).toEqual({ B: 4, T: 100 });
      const last = await sessions.fitting(entry, { B: 4, T: 100 });
      last.run("forward", { sizes: { B: 1, T: 2 }, fields: { ids: Int32Array.of(4, 0) } });
      // w[id, d] + t + d / 2 of the program by hand.
      expect(Array.from((await last.read(last.output("forward"))).data)).toEqual([2, 2.625, 3.25, 3.875, 1, 1.625, 2.25, 2.875]);
    } finally {
      sessions.dispose();
    }
  });

  it("takes what is asked for where there is no room for more, and refuses what breaks a requirement before it grows", async () => {
    const most = { ...entry, requires: [{ text: "T <= 30", test: { kind: "nonnegative", size: [{ coefficient: -1, factors: ["T"] }, { coefficient: 30, factors: [] }] } }] } as const;
    const limited = await Sessions.open({ ...program, entries: [most] }, { device: await gpuDevice(), bounds: { B: 1, T: 25 } });
    expect((await limited.fitting(most, { B: 1, T: 26 })).bounds).toEqual({ B: 1, T: 30 });
    expect(limited.limit("T")).toBe(30);
    await expect(limited.fitting(most, { B: 1, T: 31 })).rejects.toThrow(TfmError);
    limited.dispose();

    // 600 rows of 100 positions of 4 numbers take 0.92 MiB, twice as many are too much.
    const tight = await Sessions.open(program, { device: await gpuDevice(), bounds: { B: 500, T: 100 }, memoryBudget: 2 ** 20 + 2 ** 19 });
    expect((await tight.fitting(entry, { B: 600, T: 100 })).bounds).toEqual({ B: 600, T: 100 });
    tight.dispose();
  });
});
