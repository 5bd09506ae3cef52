/** `tfmc compile FILE --init-from WEIGHTS -o DIR`, of a model without a recipe. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../../runtime/training/safetensors.ts";
import type { Tensor } from "../../runtime/training/safetensors.ts";
import type { CommandResult } from "../support/tfmc.ts";
import { tfmc } from "../support/tfmc.ts";

/** What another program keeps the other way round, and calls otherwise. */
const MODEL = `model Net(d = 2) {
  up = Linear(d, 3)
  weights others {
    up.weight[i,o] = "fc.weight"[o,i]
    up.bias        = "fc.bias"
  }
  forward(x: [B, d]) -> [B, 3] = up(x)
}
`;

const tensor = (name: string, shape: readonly number[], ...data: readonly number[]): Tensor => ({ name, shape, data: Float32Array.from(data) });
const WEIGHT = tensor("fc.weight", [3, 2], 1, 2, 3, 4, 5, 6), BIAS = tensor("fc.bias", [3], 7, 8, 9);

const folder = mkdtempSync(path.join(tmpdir(), "tfm-weights-"));
const compile = (...args: readonly string[]): Promise<CommandResult> => tfmc(["compile", "net.tfm", ...args], { cwd: folder });
const weights = (name: string, ...tensors: readonly Tensor[]): string => {
  writeFileSync(path.join(folder, name), encodeSafetensors(tensors));
  return name;
};
beforeAll(() => writeFileSync(path.join(folder, "net.tfm"), MODEL));
afterAll(() => rmSync(folder, { recursive: true }));

it("writes the weights of another program by the model's names and axes, the same again", async () => {
  const from = weights("other.safetensors", WEIGHT, BIAS, tensor("extra", [1], 0));
  for (const _ of [1, 2]) {
    const { code, stdout, stderr } = await compile("-o", "app", "--init-from", from);
    expect([code, stdout]).toEqual([0, `${["net.js", "net.d.ts", "model.safetensors"].map((name) => path.join("app", name)).join("\n")}\n`]);
    expect(stderr).toBe("started from other.safetensors, by the names of `others`: 2 of 2 parameters\n1 there that this model does not have: extra [1]\n");
  }
  const { tensors } = decodeSafetensors(new Uint8Array(readFileSync(path.join(folder, "app", "model.safetensors"))));
  expect(tensors.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([tensor("up.bias", [3], 7, 8, 9), tensor("up.weight", [2, 3], 1, 3, 5, 2, 4, 6)]);
});

it("writes nothing where a tensor is missing or of another shape", async () => {
  const lacking = await compile("-o", "none", "--init-from", weights("lacking.safetensors", WEIGHT, tensor("odd", [1], 0)));
  expect(lacking).toMatchObject({ code: 1, stdout: "" });
  expect(lacking.stderr).toContain("error[weights-incomplete]: lacking.safetensors does not have 1 of the model's 2 tensors: up.bias\n");
  expect(lacking.stderr).toContain("of the file are left odd");
  const small = await compile("-o", "none", "--init-from", weights("small.safetensors", WEIGHT, tensor("fc.bias", [2], 7, 8)));
  expect(small.stderr).toContain("up.bias ([2] there, [3] here)");
  expect(existsSync(path.join(folder, "none"))).toBe(false);
});

it("leaves weights alone that it did not write, such as a run's", async () => {
  const from = weights("model.safetensors", WEIGHT, BIAS);
  const { code, stderr } = await compile("-o", ".", "--init-from", from);
  expect([code, stderr]).toEqual([2, expect.stringContaining("error[output-exists]: model.safetensors is there already") as string]);
  expect(existsSync(path.join(folder, "net.js"))).toBe(false);
});
