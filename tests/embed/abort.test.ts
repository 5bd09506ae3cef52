/** `generate` with an AbortSignal, as an app gives up an answer that nobody waits for any more. */
import { describe, expect, it } from "vitest";
import type { GenerationOptions } from "../../runtime/embedded/generation.ts";
import { loadModel } from "../../runtime/embedded/load-model.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { program, tokenizer, weightsFile } from "./tiny.ts";

interface Translator {
  generate(text: string, options: GenerationOptions): Promise<string>;
  generate(texts: readonly string[], options: GenerationOptions): Promise<readonly string[]>;
  dispose(): void;
}

async function translator(): Promise<Translator> {
  const generation = { use: { kind: "forward", entry: "forward", target: "target", source: "source" }, decoding: { method: "greedy" } } as const;
  return (await loadModel({ program: program("any"), generation }, weightsFile(), { device: await gpuDevice(), tokenizer: tokenizer.toJSON() })) as unknown as Translator;
}

const TEXT = "trois chats noirs";

describeGpu("generate with a signal", () => {
  describe.each([{ method: "greedy" }, { method: "sample", seed: 3 }, { method: "beam", width: 2, lengthPenalty: 0 }] as const)("by $method", (decoding) => {
    const options = { maxLength: 8, decoding };

    it("ends before its next token with the signal's reason; those that wait go on", async () => {
      const model = await translator();
      const whole = await model.generate(TEXT, options);
      const reason = new Error("not wanted any more");
      const controller = new AbortController();
      let asked = 0;
      const signal = { throwIfAborted: () => (++asked === 3 && controller.abort(reason), controller.signal.throwIfAborted()) } as AbortSignal;
      const pieces: string[] = [];
      const aborted = model.generate(TEXT, { ...options, signal, onText: (_, piece) => void pieces.push(piece) });
      const waiting = model.generate(TEXT, options);
      await expect(aborted).rejects.toBe(reason);
      expect(asked).toBe(3);
      expect(whole.startsWith(pieces.join(""))).toBe(true);
      expect(pieces.join("").length).toBeLessThan(whole.length);
      expect(await waiting).toBe(whole);
      model.dispose();
    });

    it("runs nothing when it was aborted before, and all when it never is", async () => {
      const model = await translator();
      await expect(model.generate(TEXT, { ...options, signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
      await expect(model.generate([], { ...options, signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
      expect(await model.generate(TEXT, { ...options, signal: new AbortController().signal })).toBe(await model.generate(TEXT, options));
      model.dispose();
    });
  });
});
