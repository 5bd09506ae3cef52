import { describe, expect, it } from "vitest";
import { renamed } from "../../runtime/training/weight-names.ts";
import type { Tensor } from "../../runtime/training/safetensors.ts";
import { checkedModel } from "../support/reference.ts";

/** Element [i, j, …] is a number with the digits i, j, …, so that it says where it was read. */
function tensor(name: string, ...shape: readonly number[]): Tensor {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  for (let at = 0; at < data.length; at++) {
    let rest = at, value = 0, unit = 1;
    for (const size of [...shape].reverse()) {
      value += (rest % size) * unit;
      rest = Math.floor(rest / size);
      unit *= 10;
    }
    data[at] = value;
  }
  return { name, shape, data };
}

const model = (lines: string) => checkedModel("model.tfm", `model Small(d = 2, m = 4, layers = 2) {
  up = stack(layers) Linear(d, m)
  param shift: [m] ~ zeros
  forward(x: [B, d]) -> [B, m] { y[b,o] = shift[o] + (sum[i] x[b,i]); return y }
  weights theirs { ${lines} }
}`);
const read = (lines: string, ...file: readonly Tensor[]): ReturnType<typeof renamed> => {
  const { weights, parameters } = model(lines);
  return renamed(weights, parameters.map(({ path }) => path), file);
};
const data = (found: ReturnType<typeof renamed>, name: string): readonly number[] | undefined => {
  const one = found?.tensors.find((each) => each.name === name);
  return one && [...one.data];
};

describe("a weights block", () => {
  it("gives each layer its tensor, and leaves what it does not name", () => {
    const found = read('up[l].weight = "fc{l}.w"; up[0].bias = "b"', tensor("fc1.w", 2, 4), tensor("fc0.w", 2, 4), tensor("b", 4), tensor("other", 1));
    expect(found?.names).toBe("theirs");
    expect(found?.tensors.map(({ name }) => name)).toEqual(["up.0.weight", "up.1.weight", "up.0.bias", "other"]);
    expect(data(found, "up.1.weight")).toEqual([0, 1, 2, 3, 10, 11, 12, 13]);
  });
  it.each([
    ["turned", 'up[0].weight[i,o] = "w"[o,i]', tensor("w", 4, 2), [0, 10, 20, 30, 1, 11, 21, 31]],
    ["a part of a larger one", 'up[0].weight[i,o] = "w"[i, m + o]', tensor("w", 2, 8), [4, 5, 6, 7, 14, 15, 16, 17]],
    ["layers in one tensor", 'up[l].weight[i,o] = "w"[l, i, o]', tensor("w", 2, 2, 4), [0, 1, 2, 3, 10, 11, 12, 13]],
    ["halves instead of pairs", 'up[0].weight[i,o] = "w"[i, (o % 2) * (m / 2) + o / 2]', tensor("w", 2, 4), [0, 2, 1, 3, 10, 12, 11, 13]],
    ["backwards", 'up[0].weight[i,o] = "w"[1 - i, m - 1 - o]', tensor("w", 2, 4), [13, 12, 11, 10, 3, 2, 1, 0]],
    ["one row for all", 'up[0].weight[i,o] = "w"[o]', tensor("w", 4), [0, 1, 2, 3, 0, 1, 2, 3]],
    ["of other axes", 'up[0].weight[i,o] = "w"[o / 2, i, o % 2]', tensor("w", 2, 2, 2), [0, 1, 100, 101, 10, 11, 110, 111]],
  ])("reads a tensor that is %s", (_, line, file, expected) => {
    expect(data(read(line, file), "up.0.weight")).toEqual(expected);
  });
  it("puts a parameter together of the tensors that its axes number", () => {
    const line = 'up[l].weight[i,o] = "fc{l}.{o}.{i}"[]; shift[o] = "s.{o}"[0]';
    const scalars = [0, 1].flatMap((l) => [0, 1].flatMap((i) => [0, 1, 2, 3].map((o) => ({ name: `net.fc${l}.${o}.${i}`, shape: [], data: Float32Array.of(100 * l + 10 * i + o) }))));
    const found = read(line, ...scalars.reverse());
    expect(data(found, "up.0.weight")).toEqual([0, 1, 2, 3, 10, 11, 12, 13]);
    expect(data(found, "up.1.weight")).toEqual([100, 101, 102, 103, 110, 111, 112, 113]);
    const turned = read('up[0].weight[i,o] = "row.{i}"[m - 1 - o]', tensor("row.0", 4), { ...tensor("row.1", 4), data: Float32Array.of(4, 5, 6, 7) }, tensor("row.2", 4));
    expect(data(turned, "up.0.weight")).toEqual([3, 2, 1, 0, 7, 6, 5, 4]);
    expect(turned?.tensors.map(({ name }) => name)).toEqual(["up.0.weight", "row.2"]);
    expect(read('up[0].weight[i,o] = "w.{i}"[i, o]', tensor("w.0", 1, 4), tensor("w.1", 2, 4))?.partly).toEqual([]);
    expect(() => read('up[0].weight[i,o] = "row.{i}"[o]', tensor("row.0", 4))).toThrow("up.0.weight is read from 2 tensors, of which the file has 1; row.1 is missing");
  });
  it.each([
    ["two tensors", 'shift[o] = "b"[o] + "w"[1, o]', [10, 12, 14, 16]],
    ["with factors that the hyperparameters give", 'shift[o] = -"b"[o] + (d / m) * ("w"[1, o] - "b"[o] / 0.25)', [5, 2.5, 0, -2.5]],
    ["with a number", 'shift = 1 + 2 * "b" - 0.5', [0.5, 2.5, 4.5, 6.5]],
    ["of one for each place", 'shift[o] = "b"[o] + 10 * "s.{o}"[0]', [0, 11, 22, 33]],
    ["of one twice", 'shift[o] = "b"[o] - "b"[m - 1 - o]', [-3, -1, 1, 3]],
  ])("adds tensors: %s", (_, line, expected) => {
    const places = [0, 1, 2, 3].map((o) => ({ name: `s.${o}`, shape: [1], data: Float32Array.of(o) }));
    expect(data(read(line, tensor("b", 4), tensor("w", 2, 4), ...places), "shift")).toEqual(expected);
  });
  it("leaves every number as it is where nothing is added", () => {
    const odd = [-0, 0, 1e-45, -Infinity];
    expect(data(read('shift[o] = "b"[o]', { name: "b", shape: [4], data: Float32Array.from(odd) }), "shift")).toEqual(odd.map(Math.fround));
  });
  it("reads a sum whole or not at all", () => {
    expect(() => read('shift = "b" + "c"', tensor("b", 4))).toThrow("shift is read from 2 tensors, of which the file has 1; c is missing");
    expect(() => read('shift = "b" + "c"', tensor("b", 4), tensor("c", 3))).toThrow("c is [3] in the file, and for shift the block reads place 3 of axis 0");
  });
  it("finds its names behind a prefix that all share", () => {
    const found = read('up[l].weight = "fc{l}.w"; shift = "b"', tensor("net.fc0.w", 2, 4), tensor("net.fc1.w", 2, 4), tensor("net.b", 4), tensor("head.b", 4));
    expect(found?.tensors.map(({ name }) => name)).toEqual(["up.0.weight", "up.1.weight", "shift", "head.b"]);
  });
  it("finds the prefix where the file lacks the first of the names", () => {
    const found = read('shift = "b"; up[l].weight = "fc{l}.w"', tensor("net.fc0.w", 2, 4), tensor("net.fc1.w", 2, 4));
    expect(found?.tensors.map(({ name }) => name)).toEqual(["up.0.weight", "up.1.weight"]);
  });
  it.each([
    ["a layer's number as an axis", 'up[l].weight[i,l] = "w.{l}"[i,l]', "`l` stands for a layer and for an axis"],
    ["a number that it does not have", 'up[l].weight[i,o] = "w.{x}"[i,o]', "`{x}` is no number of a layer or of a place along an axis"],
    ["a stack as a layer", 'up.weight = "w"', "it is a stack: write `[l]` for all of its layers"],
    ["places that are left out", 'shift[o] = "b"[o where o > 1]', "a `weights` block leaves nothing out"],
    ["places that are filled", 'shift[o] = "b"[o else 0]', "a `weights` block leaves nothing out"],
    ["an index twice", 'shift[i] = "b"[i]; up[0].weight[i,i] = "w"[i,i]', "`up.0.weight` has 2 axes"],
    ["a product of tensors", 'shift = "b" * "c"', "this is no sum of tensors"],
    ["a number over a tensor", 'shift = 1 / "b"', "this is no sum of tensors"],
    ["a tensor over nothing", 'shift = "b" / 0', "this is neither a tensor of the file nor a number"],
    ["a parameter in a sum", 'shift[o] = shift[o] + "b"[o]', "this is neither a tensor of the file nor a number"],
    ["an index in a sum", 'shift[o] = o + "b"[o]', "this is neither a tensor of the file nor a number"],
    ["indices in one term alone", 'shift[o] = "b"[o] + "c"', "indices stand on both sides or on none"],
    ["a parameter in a slot", 'shift[o] = "b"[floor(shift[o])]', "the place along an axis is a sum of terms"],
    ["a sum in a slot", 'shift[o] = "b"[sum[j < 3] o]', "the place along an axis is a sum of terms"],
  ])("refuses %s", (_, line, message) => {
    expect(() => model(line)).toThrow(message);
  });
  it("goes through stacks within stacks, each with an index of its own", () => {
    const stages = (line: string) => checkedModel("m.tfm", `layer Stage(d) { parts = stack(2) Linear(d, d); forward(x: [B, d]) -> [B, d] = parts(x) }
      model M(d = 2) { stages = stack(2) Stage(d); forward(x: [B, d]) -> [B, d] = stages(x); weights theirs { ${line} } }`).weights[0]?.parameters;
    expect(stages('stages[s].parts[l].bias = "{s}.{l}"')?.map(({ tensor }) => tensor)).toEqual(["0.0", "0.1", "1.0", "1.1"]);
    expect(() => stages('stages[l].parts[l].bias = "{l}"')).toThrow("`l` stands for a layer of an outer stack and for one of an inner");
  });
  it("reads a layer that a stack shares from one place", () => {
    const shared = (line: string) => checkedModel("m.tfm", `layer Part(d, one: layer) { own = Linear(d, d); forward(x: [B, d]) -> [B, d] = own(one(x)) }
      model M(d = 2) { one = Linear(d, d); parts = stack(2) Part(d, one); forward(x: [B, d]) -> [B, d] = parts(x); weights theirs { ${line} } }`).weights[0]?.parameters;
    expect(shared('parts[0].one.bias = "b"')).toEqual([{ parameter: "one.bias", shape: [2], tensor: "b" }]);
    expect(() => shared('parts[l].one.bias = "{l}.b"')).toThrow("`one.bias` has been named before");
  });
  it("tells of which tensors it reads the beginning alone", () => {
    const found = read('up[l].weight[i,o] = "w"[l*d + i, o]; up[0].bias[o] = "b"[o]; up[1].bias[o] = "c"[o]', tensor("w", 5, 4), tensor("b", 4), tensor("c", 6));
    expect(found?.partly).toEqual([{ path: "w", shape: [5, 4], read: [4, 4] }, { path: "c", shape: [6], read: [4] }]);
  });
  it("tells the names that it sought, of what the model has", () => {
    const { weights, parameters } = model('up[l].weight = "fc{l}.w"; up[l].bias = "fc{l}.b"; shift = "s"');
    const own = parameters.map(({ path }) => path).filter((path) => path !== "up.1.bias");
    expect(renamed(weights, own, [tensor("net.fc0.w", 2, 4), tensor("net.s", 4), tensor("net.fc0_b", 4)])?.sought).toEqual([{ path: "up.1.weight", tensor: "net.fc1.w" }, { path: "up.0.bias", tensor: "net.fc0.b" }]);
  });
  it("is not followed where the file has the model's own names", () => {
    expect(read('shift = "up.0.bias"', tensor("up.0.bias", 4), tensor("shift", 4))).toBeUndefined();
    expect(read('shift = "b"', tensor("other", 4))).toBeUndefined();
  });
  it("is followed where its names are the model's own, but for a file that was written here", () => {
    const { weights, parameters } = model('up[l].weight[i,o] = "up.{l}.weight"[o,i]');
    const own = parameters.map(({ path }) => path);
    const file = [tensor("up.0.weight", 4, 2), tensor("up.1.weight", 4, 2)];
    expect(data(renamed(weights, own, file), "up.0.weight")).toEqual([0, 10, 20, 30, 1, 11, 21, 31]);
    expect(renamed(weights, own, file, true)).toBeUndefined();
  });
  it("is chosen among several of the same names by its axes", () => {
    const { weights, parameters } = model('up[l].weight[i,o] = "fc{l}"[o,i] }; weights others { up[l].weight = "fc{l}"');
    const found = renamed(weights, parameters.map(({ path }) => path), [tensor("fc0", 2, 4), tensor("fc1", 2, 4)]);
    expect([found?.names, data(found, "up.1.weight")]).toEqual(["others", [0, 1, 2, 3, 10, 11, 12, 13]]);
  });
  it("says where a tensor is smaller than it reads", () => {
    const differs = (message: string) => expect.objectContaining({ code: "weights-differ", message: expect.stringContaining(message) as string, hint: expect.stringContaining("or the block's line the axes of the file") as string });
    expect(() => read('up[0].weight[i,o] = "w"[o,i]', tensor("w", 3, 2))).toThrow(differs("w is [3, 2] in the file, and for up.0.weight the block reads place 3 of axis 0"));
    expect(() => read('up[0].weight[i,o] = "w"[o,i]', tensor("w", 8))).toThrow(differs("the block reads it as one of 2 axes"));
  });
  it("names what a model has under its hyperparameters, and belongs in a model", () => {
    const part = "layer Part(d, biased = true) { if biased { param bias: [d] ~ zeros }; forward(x: [B, d]) -> [B, d] = x }";
    const text = `${part}\nmodel M(biased = false) { part = Part(4, biased); forward(x: [B, 4]) -> [B, 4] = part(x); weights theirs { part.bias = "b" } }`;
    expect(checkedModel("m.tfm", text).weights).toEqual([{ name: "theirs", parameters: [] }]);
    expect(checkedModel("m.tfm", text, { set: { biased: "true" } }).weights[0]?.parameters).toEqual([{ parameter: "part.bias", shape: [4], tensor: "b" }]);
    expect(() => checkedModel("m.tfm", 'layer L(d = 2) { param w: [d] ~ zeros; forward(x: [d]) -> [d] = x + w; weights theirs { w = "w" } }\nmodel M() { l = L(); forward(x: [2]) -> [2] = l(x) }')).toThrow("misplaced-item");
  });
});
