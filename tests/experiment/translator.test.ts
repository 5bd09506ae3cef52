import { describe, expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { characters } from "../../runtime/text/index.ts";
import { checkedModel } from "../../src/experiment/check.ts";
import { restoredModel } from "../../src/experiment/source.ts";
import { createTranslator } from "../../src/experiment/translator.ts";
import type { TranslatorParts } from "../../src/experiment/translator.ts";
import { fakeDevice } from "../support/fake-device.ts";

const MODEL = `model Echo(vocab = 8) {
  embed = Embedding(vocab, 4)

  forward(target: index(vocab)[B, T], source: index(vocab)[B, S]) -> [B, T, vocab] {
    word       = embed(target)
    read       = embed(source)
    about[b,i] = mean[s] read[b,s,i]
    x[b,t,i]   = word[b,t,i] + about[b,i]
    return embed.logits(x)
  }
}
`;
/** Its buffers have room for 64 rows of at most 64 tokens. */
const LIMIT = 64 * 64 * 4 * 4;

function open(onSession: TranslatorParts["onSession"] = () => undefined) {
  const fake = fakeDevice({ limits: { maxBufferSize: LIMIT, maxStorageBufferBindingSize: LIMIT } });
  const model = checkedModel(restoredModel([{ path: "echo.tfm", text: MODEL }]));
  const { program } = compile(model, { profile: { kind: "cpu" }, training: false });
  const translator = createTranslator({
    program, device: { device: fake.device, adapter: { name: "fake", hardware: false } }, tokenizer: characters(["abcd"]),
    writing: { use: { kind: "forward", entry: "forward", target: "target", source: "source" }, decoding: { method: "greedy" }, stop: [] }, limit: 1000, window: 1000, maxLength: 2, onSession,
  });
  return { fake, translator };
}

/** Nothing is computed: every token is as likely as the padding, which says nothing. */
const SILENT = [""];

describe("a translator", () => {
  it("goes on with shorter texts behind one that there is no room for", async () => {
    const { translator } = open();
    expect(await translator.translate(["a"])).toEqual(SILENT);
    await expect(translator.translate(["abcd".repeat(100)])).rejects.toMatchObject({ code: "value-too-large" });
    expect(await translator.translate(["a"])).toEqual(SILENT);
  });

  it("uses no session whose weights could not be loaded, and keeps none of its buffers", async () => {
    let sessions = 0;
    const { fake, translator } = open(() => {
      if (++sessions === 1) throw new Error("damaged");
    });
    await expect(translator.translate(["a"])).rejects.toThrow("damaged");
    expect(fake.buffers.filter(({ destroyed }) => !destroyed).map(({ label }) => label)).toEqual([]);
    expect(await translator.translate(["a"])).toEqual(SILENT);
    expect(sessions).toBe(2);
  });
});
