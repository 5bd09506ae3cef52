import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { describeGpu } from "../support/gpu.ts";
import { tfmc } from "../support/tfmc.ts";

const MODEL = `model Sort(vocab, pad = 0) {
  embed = Embedding(vocab, 4); out = Linear(4, 2)
  forward(ids: index(vocab)[B, T], segment: index(2)[B, T]) -> [B, 2] {
    x = embed(ids); m[b,i] = mean[t where ids[b,t] != pad] x[b,t,i]
    return out(m)
  }
}
train sort {
  tokenizer = wordpiece(40); data = labelled("moods.csv", first: "text", label: "mood", tokenizer: tokenizer)
  model = Sort(vocab: tokenizer.size, pad: tokenizer.pad)
  loss(ids, segment, label) = cross_entropy(model(ids, segment), label)
  optimizer = Sgd(lr: 0.1); batch = 2; steps = 1; seed = 0
}
`;
const folder = mkdtempSync(path.join(tmpdir(), "tfm-classes-"));
afterAll(() => rmSync(folder, { recursive: true }));

describeGpu("a run that starts from one with classes that are words", () => {
  const told = async (data: string, ...args: readonly string[]): Promise<readonly string[]> => {
    const { code, stderr } = await tfmc(["train", "sort.tfm", "--data", data, "--out", `runs/${data}`, ...args], { cwd: folder });
    expect(code, stderr).toBe(0);
    return stderr.split("\n").filter((line) => line.includes("classes"));
  };
  it("tells what they were where they are others now", async () => {
    writeFileSync(path.join(folder, "sort.tfm"), MODEL);
    const rows = (good: string, bad: string): string => `text,mood\nfine film,${good}\ndull film,${bad}\n`;
    for (const [name, good, bad] of [["moods.csv", "pos", "neg"], ["same.csv", "pos", "neg"], ["other.csv", "yes", "no"], ["numbers.csv", "1", "0"]] as const) writeFileSync(path.join(folder, name), rows(good, bad));
    expect(await told("moods.csv")).toEqual(["classes: 0 neg, 1 pos"]);
    expect(await told("same.csv", "--init-from", "runs/moods.csv")).toEqual(["classes: 0 neg, 1 pos"]);
    expect(await told("numbers.csv", "--init-from", "runs/moods.csv")).toEqual([]);
    expect(await told("other.csv", "--init-from", "runs/moods.csv")).toEqual(["classes: 0 no, 1 yes", "its classes were others (0 neg, 1 pos): what was learnt of them means nothing here"]);
  });
});
