/** `tfmc run` of a model that tells classes: what it says of a text is what the weights say, computed here by hand. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeSafetensors } from "../../runtime/training/safetensors.ts";
import { classifierOf, classify } from "../../src/experiment/classifier.ts";
import type { Device } from "../../src/experiment/compiled.ts";
import { readModel } from "../../src/experiment/source.ts";
import { openRun, prepareRun } from "../../src/experiment/train.ts";
import { readTrained } from "../../src/experiment/use.ts";
import { valueOf } from "../../src/failure.ts";
import { checkedModel } from "../support/reference.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";

/** `total` can judge as well, and is not what is trained. */
const model = (data: string, loss: string, fields = ""): string => `${fields}
model Judge(vocab, d = 3, pad = 0) {
  embed = Embedding(vocab, d); out = Linear(d, 2)
  total(ids: index(vocab)[B, T]) -> [B, 2] { m[b,i] = sum[t] embed(ids)[b,t,i]; return out(m) }
  judge(ids: index(vocab)[N, L]) -> [N, 2] { m[n,i] = mean[l where ids[n,l] != pad] embed(ids)[n,l,i]; return out(m) }
  scored(ids: index(vocab)[B, T]) -> [B, T, vocab] = embed.logits(embed(ids))
}
train moods {
  tokenizer = bytes(); data = ${data}; model = Judge(vocab: tokenizer.size, pad: tokenizer.pad)
  loss(${loss}, label) = cross_entropy(model.judge(${loss}), label)
  optimizer = AdamW(lr: 1e-1); batch = 4; steps = 5
}
`;

const ONE = model('labelled("moods.csv", first: "text", tokenizer: tokenizer)', "ids");
const TWO = model('labelled("two.csv", first: "a", second: "b", tokenizer: tokenizer)', "ids");
const OWN = model('mine("own.csv", tokenizer: tokenizer)', "ids", "data mine(path: text, tokenizer: tokenizer) { ids: index(tokenizer.size)[B, T]; label: index(2)[B]; weight: [B] }");

describeGpu("a model that tells classes", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "tfm-classifier-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  let device: Device;

  beforeAll(async () => {
    device = { device: await gpuDevice(), adapter: { name: "test", hardware: false } };
    const file = (name: string, content: string): void => writeFileSync(path.join(folder, name), content);
    file("moods.csv", "text,label\ngood,glad\nbad,sad\nfine,glad\nawful,sad\nlovely,glad\n");
    file("two.csv", "a,b,label\none,uno,1\ntwo,uno,0\ntwo,due,1\n");
    file("own.csv", "ids,label,weight\ngood,1,0.5\nbad,0,2\n");
    for (const [name, text] of Object.entries({ one: ONE, two: TWO, own: OWN })) {
      file(`${name}.tfm`, text);
      const run = await openRun(await prepareRun({ source: valueOf(readModel(path.join(folder, `${name}.tfm`))) }), device, path.join(folder, name));
      await run.train({});
      run.dispose();
    }
  });

  /** The mean of the rows of these ids, times the output's weight, through a softmax. */
  function byHand(run: string, ids: readonly number[]): readonly number[] {
    const { tensors } = decodeSafetensors(readFileSync(path.join(folder, run, "model.safetensors")));
    const [table, weight, bias] = ["embed.table", "out.weight", "out.bias"].map((name) => tensors.find((tensor) => tensor.name === name)!.data);
    const middle = [0, 1, 2].map((i) => ids.reduce((sum, id) => sum + table![id * 3 + i]!, 0) / ids.length);
    const logits = [0, 1].map((c) => middle.reduce((sum, value, i) => sum + value * weight![i * 2 + c]!, bias![c]!));
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
    return logits.map((logit) => Math.exp(logit) / total);
  }

  async function judged(run: string, texts: readonly string[]) {
    const trained = readTrained(path.join(folder, run));
    const classifier = classifierOf(trained.model, trained.checkpoint.record.data.classes)!;
    expect(classifier.entry.name).toBe("judge");
    return { tokenizer: trained.tokenizer!, classes: classifier.classes, found: await classify(classifier, trained, device, texts) };
  }

  function expectByHand(run: string, { found, classes }: Awaited<ReturnType<typeof judged>>, rows: readonly (readonly number[])[]): void {
    expect(found).toHaveLength(rows.length);
    for (const [at, ids] of rows.entries()) {
      const wanted = byHand(run, ids);
      classes.forEach((name, c) => expect(found[at]!.probabilities[name]).toBeCloseTo(wanted[c]!, 5));
      expect(found[at]!.answer).toBe(classes[wanted[0]! > wanted[1]! ? 0 : 1]);
    }
  }

  it("says the class and the probabilities of each text, in order, more of them than a batch has", async () => {
    const texts = Array.from({ length: 70 }, (_, at) => ["good", "so bad", "x"][at % 3]!.repeat(1 + (at % 4)));
    const all = await judged("one", texts);
    expect(all.classes).toEqual(["glad", "sad"]);
    expectByHand("one", all, texts.map((text) => [all.tokenizer.start, ...all.tokenizer.encode(text), all.tokenizer.end]));
  });

  it("reads two texts of a row with a tab between", async () => {
    const all = await judged("two", ["one\tdue", "two\tx"]);
    const { start, end, encode } = all.tokenizer;
    expect(all.classes).toEqual(["0", "1"]);
    expectByHand("two", all, [[start, ...encode("one"), end, ...encode("due"), end], [start, ...encode("two"), end, ...encode("x"), end]]);
    await expect(judged("two", ["a\tb", "alone"])).rejects.toMatchObject({ failure: { code: "text-parts", message: "text 2 has one part; the model was trained on a, b", remedy: "write them one behind the other, with a tab between" } });
  });

  it("reads the texts of a table of its own", async () => {
    const all = await judged("own", ["good", "no\tgood"]);
    const { start, end, encode } = all.tokenizer;
    expectByHand("own", all, ["good", "no\tgood"].map((text) => [start, ...encode(text), end]));
  });
});

it("is none without labelled texts, without a class for each row, or where what it judges by is not in the text", () => {
  const of = (text: string) => classifierOf(checkedModel("m.tfm", text, { tokenizer: { size: 300 } }));
  const words = (text: string): string => text.replace("bytes()", "characters()");
  expect(of(words(ONE))?.entry.name).toBe("judge");
  expect(of(words(OWN.replace("weight: [B]", "other: index(3)[B]")))).toBeUndefined();
  const weighed = OWN.replace(/ {2}total.*\n/, "").replace("judge(ids: index(vocab)[N, L])", "judge(ids: index(vocab)[N, L], weight: [N])").replace("embed(ids)[n,l,i]; return", "embed(ids)[n,l,i] * weight[n]; return");
  expect(of(words(weighed.replace("loss(ids, label)", "loss(ids, weight, label)").replace("judge(ids), label", "judge(ids, weight), label")))).toBeUndefined();
  expect(of(words(OWN.replace("ids: index(tokenizer.size)[B, T]", "ids: index(300)[B, T]")))).toBeUndefined();
  expect(of(words(model('text("a.txt", tokenizer: tokenizer, length: 8)', "ids").replace("(ids, label)", "(ids, next)").replace("model.judge(ids), label", "model.scored(ids), next")))).toBeUndefined();
});
