import { afterAll, describe, expect, it } from "vitest";
import type { Program } from "../../runtime/program.ts";
import { createSession } from "../../runtime/create-session.ts";
import type { Session } from "../../runtime/session.ts";
import { CHECKPOINT, encodeCheckpoint, programHash, readManifest, restoreCheckpoint } from "../../runtime/training/checkpoint.ts";
import { decodeSafetensors } from "../../runtime/training/safetensors.ts";
import { train } from "../../runtime/training/trainer.ts";
import { loadWeights } from "../../runtime/weights.ts";
import { fakeDevice } from "../support/fake-device.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { ROWS, WIDTH, tinyProgram } from "../support/tiny-program.ts";

const content = (step: number) => ({ step, tokenizer: '{"version":"1.0"}', run: { corpus: "abc", hyperparameters: { d: 4 } } });

function batch(step: number) {
  const ids = Int32Array.from({ length: 6 }, (_, i) => (i * 7 + step) % ROWS);
  return { sizes: { B: 2, T: 3 }, fields: { ids, wanted: Float32Array.from({ length: 6 * WIDTH }, (_, i) => Math.sin(i + step)) }, tokens: 6 };
}

/** The tiny program with its parameter renamed and reshaped. */
function renamed(path: string, shape: readonly number[], kinds: readonly string[] = ["parameter", "gradient", "optimizer"]): Program {
  return {
    ...tinyProgram,
    states: tinyProgram.states.map((state) => (kinds.includes(state.kind) ? { ...state, tensors: state.tensors.map((tensor) => ({ ...tensor, path, shape })) } : state)),
  };
}

describeGpu("a checkpoint on the adapter", () => {
  const sessions: Session[] = [];
  const open = async (options: { seed?: number; entries?: string[] } = {}) => {
    const session = await createSession(tinyProgram, { device: await gpuDevice(), bounds: { B: 2, T: 3 }, seed: 3, ...options });
    sessions.push(session);
    return session;
  };
  afterAll(() => sessions.forEach((session) => session.dispose()));

  it("continues a run bit for bit", async () => {
    const whole = await open(), first = await open(), second = await open({ seed: 3 });
    const batches = (step: number) => [batch(step)];
    await train({ session: whole, batches, steps: 30 });
    let files: Awaited<ReturnType<typeof encodeCheckpoint>> = new Map();
    const { end } = await train({ session: first, batches, steps: 30, stopAt: 13, checkpoint: async (step) => void (files = await encodeCheckpoint(first, content(step))) });
    expect(end).toBe("stopped");
    const { manifest, sameProgram } = restoreCheckpoint(second, files);
    expect(manifest).toMatchObject({ step: 13, seed: 3, run: content(13).run });
    expect(sameProgram).toBe(true);
    await train({ session: second, batches, steps: 30, from: manifest.step });
    const kinds = ["parameter", "optimizer"] as const;
    expect(await second.readStates(kinds)).toEqual(await whole.readStates(kinds));
    // The same state, the same bytes.
    expect(await encodeCheckpoint(second, content(30))).toEqual(await encodeCheckpoint(whole, content(30)));
  });

  it("gives its weights to a session for inference that has no other states", async () => {
    const training = await open();
    await train({ session: training, batches: (step) => [batch(step)], steps: 3 });
    const files = await encodeCheckpoint(training, content(3));
    const using = await open({ entries: ["forward"], seed: 99 });
    loadWeights(using, files.get(CHECKPOINT.model) as Uint8Array);
    expect(await using.readState("embed.table")).toEqual(await training.readState("embed.table"));
  });
});

describe("a checkpoint", () => {
  const session = async (program: Program = tinyProgram, seed = 3) => createSession(program, { device: fakeDevice().device, bounds: { B: 2, T: 3 }, seed });
  const files = async () => encodeCheckpoint(await session(), content(7));
  const code = async (run: () => unknown): Promise<string> => {
    try {
      await run();
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
    return "accepted";
  };

  it("has the model apart from what training needs, and names its files in the order to write them", async () => {
    const made = await files();
    expect([...made.keys()]).toEqual(["model.safetensors", "tokenizer.json", "state.safetensors", "state.json"]);
    const names = (file: string) => decodeSafetensors(made.get(file) as Uint8Array).tensors.map(({ name, shape }) => [name, shape]);
    expect(names("model.safetensors")).toEqual([["embed.table", [ROWS, WIDTH]]]);
    expect(names("state.safetensors")).toEqual([["momentum/embed.table", [ROWS, WIDTH]]]);
    expect(readManifest(made.get("state.json") as Uint8Array)).toMatchObject({ step: 7, seed: 3, program: programHash(tinyProgram) });
  });

  it("that was cut off at any place is refused", async () => {
    const made = await files();
    const target = await session();
    for (const [name, bytes] of made) {
      for (const length of [0, 1, Math.floor(bytes.length / 2), bytes.length - 2]) {
        const cut = new Map(made).set(name, bytes.slice(0, length));
        expect(await code(() => restoreCheckpoint(target, cut))).toBe("checkpoint-damaged");
      }
      const without = new Map(made);
      without.delete(name);
      expect(await code(() => restoreCheckpoint(target, without))).toBe("checkpoint-damaged");
    }
  });

  it("with a flipped bit is refused, whichever it is", async () => {
    const made = await files();
    const target = await session();
    for (const [name, bytes] of made) {
      if (name === CHECKPOINT.manifest) continue;
      for (let bit = 0; bit < bytes.length * 8; bit += 37) {
        const flipped = bytes.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(await code(() => restoreCheckpoint(target, new Map(made).set(name, flipped)))).toBe("checkpoint-damaged");
      }
    }
    const manifest = made.get(CHECKPOINT.manifest) as Uint8Array;
    const plain = JSON.stringify(JSON.parse(new TextDecoder().decode(manifest)));
    for (let bit = 0; bit < manifest.length * 8; bit++) {
      const flipped = manifest.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      const outcome = await code(() => restoreCheckpoint(target, new Map(made).set(CHECKPOINT.manifest, flipped)));
      // Only a change of the white space between the values means nothing.
      const harmless = outcome === "accepted" && JSON.stringify(JSON.parse(new TextDecoder().decode(flipped))) === plain;
      expect(harmless || outcome === "checkpoint-damaged").toBe(true);
    }
  });

  it("of files of two checkpoints is refused", async () => {
    const made = await files();
    const target = await session();
    const other = await encodeCheckpoint(await session(tinyProgram, 4), content(8));
    expect(await code(() => restoreCheckpoint(target, new Map(made).set(CHECKPOINT.model, other.get(CHECKPOINT.model) as Uint8Array)))).toBe("checkpoint-damaged");
  });

  it("of another model says which parameters differ, and writes nothing", async () => {
    const made = await files();
    const fake = fakeDevice();
    const target = await createSession(renamed("embed.rows", [4, 5]), { device: fake.device, bounds: { B: 2, T: 3 }, seed: 3 });
    fake.log.length = 0;
    expect(() => restoreCheckpoint(target, made)).toThrow(
      "The weights are of another model; 2 of its tensors differ:\n  embed.rows [4, 5] is missing\n  embed.table [5, 4] is not in this model",
    );
    const reshaped = await session(renamed("embed.table", [4, 5]));
    expect(() => loadWeights(reshaped, made.get(CHECKPOINT.model) as Uint8Array)).toThrow(/embed\.table is \[5, 4\], this model's is \[4, 5\]/);
    const otherOptimizer = await session(renamed("embed.other", [5, 4], ["optimizer"]));
    expect(await code(() => restoreCheckpoint(otherOptimizer, made))).toBe("resume-with-other-states");
    expect(fake.log).toEqual([]);
  });

  it("is not continued with another seed, and tells a program that was compiled differently", async () => {
    const made = await files();
    expect(await code(async () => restoreCheckpoint(await session(tinyProgram, 4), made))).toBe("resume-with-other-seed");
    expect(restoreCheckpoint(await session({ ...tinyProgram, name: "other" }), made).sameProgram).toBe(false);
  });
});
