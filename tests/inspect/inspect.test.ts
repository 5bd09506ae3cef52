import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, it } from "vitest";
import { assertWellFormed } from "../report/well-formed.ts";
import { inspect, openTrainingDevice, readSubject } from "../../src/index.ts";
import type { Observation } from "../../src/index.ts";
import { tinyProject } from "../experiment/fixture.ts";
import { describeGpu } from "../support/gpu.ts";
import { tfmc } from "../support/tfmc.ts";
import type { CommandResult } from "../support/tfmc.ts";

/** The sums of the rows that lie behind one another in the last axis. */
function rowSums({ shape, values }: { readonly shape: readonly number[]; readonly values: readonly number[] }): number[] {
  const width = shape.at(-1)!;
  return Array.from({ length: values.length / width }, (_, row) => values.slice(row * width, (row + 1) * width).reduce((sum, x) => sum + x, 0));
}

describeGpu("looking inside", () => {
  let project = "";
  const run = (...args: readonly string[]): Promise<CommandResult> => tfmc(args, { cwd: project });
  const parsed = ({ stdout, code, stderr }: CommandResult) => {
    expect(code, stderr).toBe(0);
    return stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as Omit<Observation, "data"> & { readonly values: readonly number[]; readonly answer?: string });
  };
  const small = ["--set", "d=16", "--set", "ff=16", "--set", "heads=2", "--set", "layers=1", "--set", "vocab=64", "--data", "pairs.tsv"];

  beforeAll(async () => {
    project = tinyProject();
    cpSync(path.join(import.meta.dirname, "..", "..", "examples", "translation", "model.tfm"), path.join(project, "attends.tfm"));
    expect(await run("train", "tiny.tfm", "--out", "trained", "--quiet")).toMatchObject({ code: 0 });
  });

  it("lists every name with its shape and line; of a file without a run as well", async () => {
    const { stdout, code } = await run("inspect", "tiny.tfm", "--entry", "forward");
    expect(code).toBe(0);
    // Where in the library something stands may change.
    expect(stdout.replace(/(std\/\w+\.tfm):\d+/g, "$1")).toBe(`target          input      [B, T]      forward
source          input      [B, S]      forward
embed.table     parameter  [61, 16]    forward  std/linear.tfm
embed           result     [B, T, 16]  forward  std/linear.tfm
embed.y         value      [B, T, 16]  forward  std/linear.tfm
embed~2         result     [B, S, 16]  forward  std/linear.tfm
embed.y~2       value      [B, S, 16]  forward  std/linear.tfm
about.sum       value      [B, 16]     forward  tiny.tfm:11
about           value      [B, 16]     forward  tiny.tfm:11
x               value      [B, T, 16]  forward  tiny.tfm:12
mix.weight      parameter  [16, 16]    forward  std/linear.tfm
mix.y           value      [B, T, 16]  forward  std/linear.tfm
mix.bias        parameter  [16]        forward  std/linear.tfm
mix             result     [B, T, 16]  forward  std/linear.tfm
mix.y~2         value      [B, T, 16]  forward  std/linear.tfm
forward         result     [B, T, 61]  forward  std/linear.tfm
embed.logits    result     [B, T, 61]  forward  std/linear.tfm
embed.logits.y  value      [B, T, 61]  forward  std/linear.tfm
`);
  });

  it("the whole pair is fed: the model's own answer, which its greatest logits spell", async () => {
    const wanted = (await run("run", "trained", "deux un")).stdout.trimEnd();
    const [logits, source] = parsed(await run("inspect", "trained", "--at", "forward", "--at", "source", "--input", "deux un", "--json"));
    expect(logits!.answer).toBe(wanted);
    const subject = await readSubject(path.join(project, "trained"));
    const ids = subject.tokenizer!.encode(wanted);
    expect(source!.values).toEqual(subject.tokenizer!.encode("deux un"));
    const [, length, vocab] = logits!.shape as [number, number, number];
    const greatest = Array.from({ length }, (_, t) => logits!.values.slice(t * vocab, (t + 1) * vocab)).map((row) => row.indexOf(Math.max(...row)));
    expect(greatest).toEqual([...ids, subject.tokenizer!.end]);
    expect(logits!.axes[1]!.labels![0]![0]).toBe(subject.tokenizer!.token(subject.tokenizer!.start));
  });

  it("prints numbers, statistics and shades with tokens along the sides, and draws them", async () => {
    const { stdout, stderr, code } = await run("inspect", "attends.tfm", ...small, "--at", "decoder.0.cross.weight", "--input", "un deux", "--target", "one two", "--slice", "0,1", "--svg", "map.svg");
    expect(code, stderr).toBe(0);
    expect(stderr).toBe("first weights\nmap.svg\n");
    const lines = stdout.split("\n");
    expect(lines[0]).toMatch(/^decoder\.0\.cross\.weight\[0, 1, _, _\] {2}\[T, S\] = \[\d+, \d+\], forward$/);
    expect(lines[1]).toMatch(/^min 0\.\d+ {2}mean 0\.\d+ {2}max [01](\.\d+)? {2}std [\d.e−]+ {2}zeros 0 of \d+$/);
    expect(lines[2]).toMatch(/^\[\[0\.\d+/);
    expect(stdout).toMatch(/^<end> │[ ░▒▓█]+│$/m);
    const svg = readFileSync(path.join(project, "map.svg"), "utf8");
    assertWellFormed(svg);
    expect(svg).toContain(">&lt;end&gt;</text>");
  });

  it("attention's rows add up to 1 in every head; gradients of it are those of a step's loss", async () => {
    const pair = ["--input", "un deux", "--target", "one two"];
    const [weight] = parsed(await run("inspect", "attends.tfm", ...small, "--at", "decoder.0.*.weight", ...pair, "--json"));
    for (const sum of rowSums(weight!)) expect(sum).toBeCloseTo(1, 5);
    const [gradient, bias] = parsed(await run("inspect", "attends.tfm", ...small, "--grad", "--at", "decoder.0.feed", "--at", "decoder.0.feed.down.bias", ...pair, "--json"));
    expect(gradient).toMatchObject({ gradient: true, entry: "loss", name: "decoder.0.feed" });
    // A bias is added at every place: its gradient is the sum over them.
    const d = bias!.values.length;
    const summed = bias!.values.map((_, i) => gradient!.values.reduce((sum, x, at) => (at % d === i ? sum + x : sum), 0));
    summed.forEach((sum, i) => expect(sum).toBeCloseTo(bias!.values[i]!, 5));
    expect(Math.max(...summed.map(Math.abs))).toBeGreaterThan(1e-4);
  });

  it("observes in TypeScript: parameters without a batch, examples of the data by their number", async () => {
    const subject = await readSubject(path.join(project, "trained"));
    const device = await openTrainingDevice();
    const { observations: [table] } = await inspect(subject, device, { observe: ["embed.table"] });
    expect(table).toMatchObject({ name: "embed.table", gradient: false, shape: [subject.tokenizer!.size, 16] });
    expect(table!.axes[0]!.labels![0]).toHaveLength(subject.tokenizer!.size);
    const { observations: [target, about] } = await inspect(subject, device, { observe: ["target", "about"], example: 3, rows: 2 });
    const lines = readFileSync(path.join(project, "pairs.tsv"), "utf8").split("\n").slice(4, 6).map((line) => line.split("\t")[1]!);
    const width = target!.shape[1]!;
    expect([0, 1].map((row) => subject.tokenizer!.decode(target!.data.slice(row * width, (row + 1) * width)))).toEqual(lines);
    expect(about!.shape).toEqual([2, 16]);
    await expect(inspect(subject, device, { observe: ["abuot"] })).rejects.toMatchObject({ diagnostics: [{ code: "value-unknown", fix: { text: "did you mean `about`?" } }] });
  });

  it("counts the bad rows that it leaves out: as in the training on the run's own data, where it is asked to on others", async () => {
    // One row without a tab, and one with more tokens than the 12 that the model takes.
    writeFileSync(path.join(project, "bad.tsv"), `un deux\tone two\nbad\n${"zyx wvu ".repeat(20)}\ttwo\ntrois\tthree\n`);
    const about = (place: string, ...more: readonly string[]): Promise<CommandResult> => run("inspect", place, "--at", "about", ...more);
    const weights = (place: string): string => `${place}, step 2\n`;
    expect(await run("train", "tiny.tfm", "--data", "bad.tsv", "--skip-bad-rows", "--steps", "2", "--out", "skipping", "--quiet")).toMatchObject({ code: 0 });
    expect(await about("skipping")).toMatchObject({ code: 0, stderr: `2 bad rows of the data are left out\n${weights("skipping")}` });
    expect(await about("skipping", "--data", "bad.tsv")).toMatchObject({ code: 1, stderr: expect.stringContaining("bad.tsv:2: ") as string });
    expect(await about("skipping", "--data", "bad.tsv", "--skip-bad-rows")).toMatchObject({ code: 0, stderr: `2 bad rows of the data are left out\n${weights("skipping")}` });
    expect(await about("tiny.tfm", "--untrained", "--data", "bad.tsv", "--skip-bad-rows")).toMatchObject({ code: 0, stderr: "2 bad rows of the data are left out\nfirst weights\n" });
    expect(await about("skipping", "--data", "pairs.tsv")).toMatchObject({ code: 0, stderr: weights("skipping") });
  });

  it("says what is wrong", async () => {
    expect(await run("inspect", "trained", "--at", "mix.wieght", "--input", "un")).toMatchObject({ code: 1, stderr: expect.stringContaining("did you mean `mix.weight`?") as string });
    expect(await run("inspect", "trained", "--at", "about", "--example", "16", "--rows", "2")).toMatchObject({ code: 2, stderr: expect.stringContaining("--example takes a number from 1 to 15") as string });
    expect(await run("inspect", "trained", "--at", "about", "--entry", "decode")).toMatchObject({ code: 2, stderr: expect.stringContaining("there is no function `decode` to look into") as string });
    const fed = (...more: readonly string[]): Promise<CommandResult> => run("inspect", "trained", "--at", "about", ...more);
    expect(await fed("--target", "one")).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("error[option-alone]: --target is the answer to --input, which is not given") as string });
    expect(await fed("--input", "un", "--rows", "2")).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("error[options-exclude]: --input is what the model reads, so --rows has no meaning beside it") as string });
    expect(await run("inspect", "trained", "--at", "embed.table", "--input", "un", "--target", "one")).toMatchObject({ code: 0, stderr: expect.stringMatching(/^without effect on parameters: --input, --target\n/) as string });
    writeFileSync(path.join(project, "verse.txt"), "one two three four ".repeat(8));
    writeFileSync(path.join(project, "on.tfm"), `model On(vocab, d = 8) {
  words = Embedding(vocab, d)
  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] = words.logits(words(ids))
}
train on {
  tokenizer = characters(); data = text("verse.txt", tokenizer: tokenizer, length: 8); model = On(vocab: tokenizer.size)
  loss(ids, next) = cross_entropy(model(ids), next)
  generate = greedy(model); optimizer = Adam(lr: 0.01); batch = 2; steps = 2
}`);
    expect(await run("inspect", "on.tfm", "--untrained", "--at", "words", "--input", "on", "--target", "e")).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("data of kind `text` are texts that go on") as string });
    expect(await run("inspect", "missing", "--at", "about")).toMatchObject({ code: 1, stderr: expect.stringContaining("missing") as string });
  });

  it("feeds rows that are four for each label", async () => {
    writeFileSync(path.join(project, "choices.tsv"), ["one\ta\tb\tc\td\t1", "two\ta\tb\tc\td\t0", "two\tb\tc\ta\td\t3"].join("\n"));
    writeFileSync(path.join(project, "choose.tfm"), `model Choose(vocab, d = 8) {
  words = Embedding(vocab, d); judge = Linear(d, 1)
  choice(ids: index(vocab)[N, T], segment: index(2)[N, T]) -> [N / 4, 4] {
    require 4 divides N, T > 0
    x = words(ids); m[n,i] = mean[t] x[n,t,i]; s = judge(m)
    score[b < N / 4, c < 4] = s[b*4 + c, 0]
    return score
  }
}
train choose {
  tokenizer = wordpiece(40); data = choices("choices.tsv", tokenizer: tokenizer); model = Choose(vocab: tokenizer.size)
  loss(ids, segment, label) = cross_entropy(model.choice(ids, segment), label)
  optimizer = Adam(lr: 0.01); batch = 2; steps = 2
}`);
    const [shown] = parsed(await run("inspect", "choose.tfm", "--untrained", "--at", "label", "--rows", "2", "--json"));
    expect(shown).toMatchObject({ name: "label", shape: [2], values: [1, 0] });
    const [gradient] = parsed(await run("inspect", "choose.tfm", "--untrained", "--at", "choice.m", "--grad", "--rows", "2", "--json"));
    expect(gradient).toMatchObject({ shape: [8, 8] });
  });
});
