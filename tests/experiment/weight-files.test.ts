/** Weights in several files, and what is no file of weights. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeSafetensors } from "../../runtime/training/safetensors.ts";
import { initialWeights } from "../../src/experiment/initial.ts";
import { weightsOfFile } from "../../src/experiment/weight-files.ts";
import { failureOf } from "../../src/program.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tfm-weights-"));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => path.join(folder, name);
const tensor = (name: string, ...values: number[]) => ({ name, shape: [values.length], data: Float32Array.from(values) });
const index = (name: string, map: unknown): string => {
  writeFileSync(at(name), JSON.stringify({ metadata: { total_size: 20 }, weight_map: map }));
  return at(name);
};
const failing = (work: () => unknown): ReturnType<typeof failureOf> => {
  try {
    work();
  } catch (error) {
    return failureOf(error);
  }
  throw new Error("nothing was thrown");
};

const [ONE, TWO] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
writeFileSync(at(ONE), encodeSafetensors([tensor("a", 1, 2), tensor("b", 3)]));
writeFileSync(at(TWO), encodeSafetensors([tensor("c", 4, 5)]));

describe("an index of several files", () => {
  it("gives the tensors of all", () => {
    const { tensors: all } = weightsOfFile(index("model.safetensors.index.json", { c: TWO, a: ONE, b: ONE }));
    expect(Object.fromEntries(all.map(({ name, data }) => [name, [...data]]))).toEqual({ a: [1, 2], b: [3], c: [4, 5] });
  });
  it.each([
    ["a tensor that is in none", { a: ONE, d: TWO }, `${TWO} lacks d`],
    ["a file that is not there", { a: "model-00003-of-00003.safetensors" }, "model-00003-of-00003.safetensors"],
    ["a file elsewhere", { a: `../${ONE}` }, "a is in no .safetensors file beside it"],
    ["no names", undefined, "has no weight_map"],
  ])("is refused with %s", (_, map, message) => {
    expect(failing(() => weightsOfFile(index("bad.safetensors.index.json", map)))?.message).toContain(message);
  });
  it("is refused where two files have one tensor", () => {
    writeFileSync(at("again.safetensors"), encodeSafetensors([tensor("a", 6), tensor("d", 7)]));
    expect(failing(() => weightsOfFile(index("twice.safetensors.index.json", { a: ONE, d: "again.safetensors" })))?.message).toContain("again.safetensors has a, which another file");
  });
});

describe("what is no file of weights", () => {
  it("is told as what it is", () => {
    writeFileSync(at("pointer.safetensors"), "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 548105171\n");
    expect(failing(() => weightsOfFile(at("pointer.safetensors")))).toMatchObject({ code: "weights-damaged", message: expect.stringContaining("a pointer of Git LFS") as string, remedy: "git lfs pull" });
    writeFileSync(at("pytorch_model.bin"), "PK");
    const start = (place: string) => () => initialWeights(undefined as never, undefined as never, [place]);
    expect(failing(start(at("pytorch_model.bin")))).toMatchObject({ code: "weights-unsupported", remedy: expect.stringContaining("save_file") as string });
    mkdirSync(at("download"));
    writeFileSync(at("download/model.safetensors"), encodeSafetensors([tensor("a", 1)]));
    expect(failing(start(at("download")))).toMatchObject({ code: "no-checkpoint", remedy: `name the file: ${at("download/model.safetensors")}` });
  });
});
