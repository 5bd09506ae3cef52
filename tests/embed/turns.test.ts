import { expect, it } from "vitest";
import type { GenerationOptions } from "../../runtime/embedded/generation.ts";
import { loadModel } from "../../runtime/embedded/load-model.ts";
import type { Program } from "../../runtime/program.ts";
import { encodeSafetensors } from "../../runtime/training/safetensors.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { tinyProgram } from "../support/tiny-program.ts";
import { program, tokenizer, translation, weightsFile } from "./tiny.ts";

const small: Program = { ...tinyProgram, entries: tinyProgram.entries.filter(({ name }) => name === "forward") };
const table = encodeSafetensors([{ name: "embed.table", shape: [5, 4], data: Float32Array.from({ length: 20 }, (_, at) => at) }]);
/** Of a row of `table` at position 0, by the program's own text. */
const row = (id: number): readonly number[] => [0, 1, 2, 3].map((at) => 4 * id + at + at / 2);

interface Small {
  forward(inputs: object, sizes?: object): Promise<{ readonly data: Float32Array }>;
  dispose(): void;
}
interface Translator {
  generate(texts: readonly string[], options: GenerationOptions): Promise<readonly string[]>;
  dispose(): void;
}

describeGpu("calls that wait for others", () => {
  it("are of what they were given when they were made", async () => {
    const model = (await loadModel({ program: small }, table, { device: await gpuDevice() })) as unknown as Small;
    const [buffer, sizes, rows] = [Int32Array.of(1), { B: 1 }, [[3]]];
    const first = model.forward({ ids: buffer }, sizes);
    buffer.fill(2);
    const second = model.forward({ ids: buffer }, sizes);
    sizes.B = 9;
    const third = model.forward({ ids: rows });
    rows[0]![0] = 4;
    const results = await Promise.all([first, second, third]);
    expect(results.map(({ data }) => Array.from(data))).toEqual([row(1), row(2), row(3)]);
    model.dispose();
  });

  it("are refused for what was wrong then, by their promise and at once", async () => {
    const model = (await loadModel({ program: small }, table, { device: await gpuDevice() })) as unknown as Small;
    const settled: string[] = [];
    const running = model.forward({ ids: [[1]] }).then(() => settled.push("result"));
    const ids = [[5]];
    const refused = model.forward({ ids }).catch((error: { readonly code: string }) => settled.push(error.code));
    ids[0]![0] = 1;
    await Promise.all([running, refused]);
    expect(settled).toEqual(["index-out-of-range", "result"]);
    model.dispose();
  });

  it("generate of the texts and options that they were made with", async () => {
    const generation = { use: { kind: "forward", entry: "forward", target: "target", source: "source" }, decoding: { method: "greedy" } } as const;
    const model = (await loadModel({ program: program("any"), generation }, weightsFile(), { device: await gpuDevice(), tokenizer: tokenizer.toJSON() })) as unknown as Translator;
    const texts = ["trois chats noirs"];
    const wanted = translation("trois chats noirs", 4);
    const options = { maxLength: 4, stop: ["?"], decoding: { method: "greedy" as string } };
    const answers = model.generate(texts, options as GenerationOptions);
    texts[0] = "deux chiens";
    options.maxLength = 1;
    options.stop[0] = wanted.slice(0, 1);
    options.decoding.method = "none";
    expect(wanted.length).toBeGreaterThan(1);
    expect(await answers).toEqual([wanted]);
    await expect(model.generate(texts, { maxLength: 0 })).rejects.toMatchObject({ code: "option-value" });

    const enough = new Error("enough");
    const ended = model.generate(["trois chats noirs"], { maxLength: 4, decoding: { method: "greedy" }, onText: () => { throw enough; } });
    await expect(ended).rejects.toBe(enough);
    expect(await model.generate(["trois chats noirs"], { maxLength: 4, decoding: { method: "greedy" } })).toEqual([wanted]);
    model.dispose();
  });
});
