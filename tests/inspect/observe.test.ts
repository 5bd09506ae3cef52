/** Any value of any family as an output: equal to the interpreter's, and nothing else changed. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import type { Entry, Model } from "../../compiler/check/model.ts";
import type { TokenizerFacts } from "../../compiler/check/tokenizer.ts";
import * as dims from "../../compiler/dim.ts";
import { add, identityAccess, renameValues } from "../../compiler/ir/expr.ts";
import type { Graph, Value } from "../../compiler/ir/graph.ts";
import { interpret, type Bindings } from "../../compiler/ir/interpret.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { mapExpressions, stateKey } from "../../compiler/ir/walk.ts";
import { checkObserved, gradientOutput, observables, observing, observingGradients } from "../../compiler/observe.ts";
import { prunedGraph } from "../../compiler/passes/prune.ts";
import { sourceFile } from "../../grammar/source.ts";
import { renderDiagnostic } from "../../grammar/diagnostic.ts";
import { draws } from "../../runtime/random/philox.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel, relativeError } from "../support/reference.ts";
import { compiledGraph, runGraph } from "../support/run-graph.ts";

interface Case {
  readonly family: string;
  readonly recipe: string;
  readonly set: Readonly<Record<string, string>>;
  readonly tokenizer?: TokenizerFacts;
  readonly sizes: Readonly<Record<string, number>>;
}

const CASES: readonly Case[] = [
  { family: "translation", recipe: "translate", set: { layers: "1", d: "16", heads: "2", ff: "20" }, tokenizer: { size: 23 }, sizes: { B: 2, S: 5, T: 4 } },
  { family: "rnn", recipe: "dates", set: { d: "6", n: "8", p: "0" }, tokenizer: { size: 23 }, sizes: { B: 2, S: 5, T: 4 } },
  { family: "gpt", recipe: "shakespeare", set: { layers: "1", d: "16", heads: "2", length: "9" }, tokenizer: { size: 23 }, sizes: { B: 2, T: 7 } },
  { family: "moe", recipe: "shakespeare", set: { layers: "1", d: "16", ff: "20" }, tokenizer: { size: 23 }, sizes: { B: 2, T: 5 } },
  { family: "vit", recipe: "digits", set: { layers: "1", d: "16", heads: "2", side: "8", patch: "4" }, sizes: { B: 2 } },
];

function modelOf({ family, recipe, set, tokenizer }: Case): Model {
  const text = readFileSync(new URL(`../../examples/${family}/model.tfm`, import.meta.url), "utf8").replaceAll(/images\("mnist"\)/g, `images("mnist", side: 8)`);
  const use = (path: string) => sourceFile(path, readFileSync(new URL(`../../examples/${family}/${path}`, import.meta.url), "utf8"));
  return checkedModel(`${family}.tfm`, text, { recipe, set, use, ...(tokenizer && { tokenizer: { pad: 0, start: 1, end: 2, unk: 3, specials: 4, ...tokenizer } }) });
}

/** The same numbers for the same graph; ids have no padding among them. */
function bindingsOf(graph: Graph, sizes: Bindings["sizes"]): Bindings {
  const random = draws(7, 1);
  const fill = (shape: readonly dims.Dim[], next: () => number): number[] => Array.from({ length: shape.reduce((n, dim) => n * dims.evaluate(dim, sizes), 1) }, next);
  const inputs: Record<string, number[]> = {};
  const states: Record<string, number[]> = {};
  for (const value of graph.values) {
    if (value.kind === "input") inputs[value.field] = fill(value.shape, () => (value.type === "f32" ? random.uniform() : 1 + random.below((value.range === undefined ? 2 : dims.evaluate(value.range, sizes)) - 1)));
    if (value.kind === "state") states[stateKey(value.state)] = fill(value.shape, () => random.uniform() - 0.5);
  }
  return { sizes, inputs, states, step: 1, uniform: (site, step, micro, index) => draws(site ^ step ^ micro, index).uniform() };
}

const model = new Map(CASES.map((one) => [one.family, modelOf(one)]));
const forwardOf = (family: string): Entry => model.get(family)!.entries.find(({ name }) => name === "forward")!;
const sizesOf = (family: string): Case["sizes"] => CASES.find((one) => one.family === family)!.sizes;

describe.each(CASES)("$family", ({ family }) => {
  const forward = forwardOf(family);

  it("is the same program where nothing is asked for", () => {
    const options = { profile: { kind: "cpu" }, training: true } as const;
    expect(compile(model.get(family)!, { ...options, observe: [] }).program).toEqual(compile(model.get(family)!, options).program);
  });

  it("names every value of the graph but what carries consist of", () => {
    const known = observables(forward);
    const inner = new Set(forward.graph.values.flatMap((value) => (value.kind === "carry" ? [value.init, value.next] : [])));
    for (const { id, name, shape } of forward.graph.values) if (!inner.has(id)) expect(known.get(name)?.shape, name).toEqual(shape);
  });

  it("has a gradient for every real value of the loss", () => {
    const { loss } = model.get(family)!.recipe!;
    const names = [...observables(loss).values()].filter(({ differentiable }) => differentiable).map(({ name }) => name);
    const graph = observingGradients(loss, [], names);
    expect(graph.outputs.map(({ name }) => name).sort()).toEqual(["loss", ...names.map(gradientOutput)].sort());
    expect(verify(graph)).toEqual([]);
  });
});

describe("names", () => {
  it("calls what a layer gave by the layer's path", () => {
    const known = observables(forwardOf("translation"));
    const { graph } = forwardOf("translation").everything();
    const nameOf = (name: string) => graph.values[known.get(name)!.value]!.name;
    expect(nameOf("encoder.0")).toBe("encoder.0.x~2");
    expect(nameOf("encoder")).toBe(nameOf("encoder.0"));
    expect(nameOf("encoder.0.attend")).toBe("encoder.0.attend.y~2");
    expect(nameOf("forward")).toBe("head.logits.y");
  });

  it("counts the calls of a layer that is called again", () => {
    const known = observables(forwardOf("translation"));
    expect(dims.print(known.get("embed")!.shape[1]!)).toBe("S");
    expect(dims.print(known.get("embed~2")!.shape[1]!)).toBe("T");
  });

  it("has what the entry's outputs do not need, under names that take none away", () => {
    const forward = forwardOf("moe");
    expect(forward.graph.values.some(({ name }) => name === "blocks.0.feed.used")).toBe(false);
    expect(observables(forward).get("blocks.0.feed.used")?.shape.map(dims.print)).toEqual(["4"]);
  });

  it("says what was probably meant", () => {
    const { entries, recipe } = model.get("translation")!;
    const messages = checkObserved(entries, ["decoder.0.cross.wieght", "decoder.0.cross.weight"], ["source", "encoder.9"], recipe!.loss);
    expect(messages.map((one) => renderDiagnostic(one)).join("\n\n")).toBe(`error[value-unknown]: there is no value \`decoder.0.cross.wieght\`
  ┌─ --at:1:1
1 │ decoder.0.cross.wieght
  │ ^^^^^^^^^^^^^^^^^^^^^^ not the name of a value of this model
  = fix: did you mean \`decoder.0.cross.weight\`?

error[value-unknown]: there is no value \`encoder.9\`
  ┌─ --at:1:1
1 │ encoder.9
  │ ^^^^^^^^^ not the name of a value of what the loss computes
  = fix: did you mean \`encoder.0\`?

error[value-unknown]: \`source\` has no gradient
  ┌─ --at:1:1
1 │ source
  │ ^^^^^^ not a value of real numbers`);
  });
});

/** d loss / d value by central differences: an input is added to the value. */
function differences(loss: Entry, name: string, bindings: Bindings, at: readonly number[]): number[] {
  const { graph } = loss.everything();
  const { value: id, shape } = observables(loss).get(name)!;
  const [shift, shifted] = [graph.values.length, graph.values.length + 1];
  const values = graph.values.flatMap((value): readonly Value[] => {
    const reads = mapExpressions(value, (expr) => renameValues(expr, (read) => (read === id ? shifted : read)));
    if (value.id !== id) return [reads];
    const body = add(identityAccess(value), identityAccess({ id: shift, shape }));
    return [value, { kind: "input", id: shift, field: "shift", name: "shift", type: "f32", shape }, { kind: "equation", id: shifted, name, type: "f32", shape, body }];
  });
  const moved = prunedGraph({ ...graph, values, outputs: graph.outputs.map((output) => ({ ...output, value: output.value === id ? shifted : output.value })) });
  const none = Array.from({ length: shape.reduce((n, dim) => n * dims.evaluate(dim, bindings.sizes), 1) }, () => 0);
  const lossAt = (place: number, by: number): number => interpret(moved, { ...bindings, inputs: { ...bindings.inputs, shift: none.with(place, by) } }).outputs["loss"]!.data[0]!;
  return at.map((place) => (lossAt(place, 1e-5) - lossAt(place, -1e-5)) / 2e-5);
}

describe("gradients", () => {
  it.each([
    ["translation", "decoder.0.cross.weight"], ["translation", "encoder.0"], ["translation", "embed~2"], ["translation", "head.logits"],
    ["gpt", "blocks.0.attend.score"], ["gpt", "loss"], ["moe", "blocks.0.feed.hidden"], ["rnn", "attend.keys"],
    ["rnn", "attend.weight"], ["rnn", "lowest.out"], ["rnn", "encoder.0.back.states"],
  ] as const)("of %s: d loss / d %s equals the difference quotient", (family, name) => {
    const { loss } = model.get(family)!.recipe!;
    const known = observables(loss);
    const graph = observingGradients(loss, [], [name]);
    const bindings = bindingsOf(loss.everything().graph, sizesOf(family));
    const { shape, data } = interpret(graph, bindings).outputs[gradientOutput(name)]!;
    const places = [...new Set([0, 0.2, 0.4, 0.6, 0.8].map((part) => Math.floor(part * data.length)))];
    expect(shape).toEqual(known.get(name)!.shape.map((dim) => dims.evaluate(dim, sizesOf(family))));
    expect(relativeError(places.map((place) => data[place]!), differences(loss, name, bindings, places), 1e-3)).toBeLessThan(1e-4);
  });
});

describeGpu("on the adapter", () => {
  const compare = async (graph: Graph, family: string): Promise<Readonly<Record<string, ArrayLike<number>>>> => {
    const bindings = bindingsOf(graph, sizesOf(family));
    const wanted = interpret(graph, bindings).outputs;
    const given = await runGraph(await gpuDevice(), compiledGraph(graph, sizesOf(family)), graph, bindings);
    expect(Object.keys(given)).toEqual(Object.keys(wanted));
    for (const [name, { data }] of Object.entries(wanted)) expect(relativeError(given[name]!, data, 1e-2), name).toBeLessThan(1e-4);
    return given;
  };

  // The loops ask for most: carries, what stands in them, and what reads them.
  it("gives every value of a model with loops as the interpreter does", async () => {
    const names = [...observables(forwardOf("rnn")).keys()];
    const given = await compare(observing(forwardOf("rnn"), names), "rnn");
    expect(Object.keys(given).sort()).toEqual(names.sort());
  });

  it.each([
    ["translation", ["decoder.0.cross.weight", "encoder.0", "decoder.0.attend.score", "place.x"]],
    ["gpt", ["blocks.0.attend.weight"]],
    ["moe", ["blocks.0.feed.load", "blocks.0.feed.used", "blocks.0.attend.weight"]],
    ["vit", ["blocks.0.attend.weight", "place.table", "blocks"]],
  ] as const)("of %s gives %j as the interpreter does, attention's rows adding up to 1", async (family, names) => {
    const given = await compare(observing(forwardOf(family), names), family);
    for (const name of names) {
      expect(given).toHaveProperty([name]);
      if (!name.endsWith("weight")) continue;
      const width = dims.evaluate(observables(forwardOf(family)).get(name)!.shape.at(-1)!, sizesOf(family));
      const all = Array.from(given[name]!);
      for (let at = 0; at < all.length; at += width) expect(all.slice(at, at + width).reduce((sum, x) => sum + x)).toBeCloseTo(1, 5);
    }
  });

  it("gives gradients inside of fused attention as the interpreter does", async () => {
    const { loss } = model.get("translation")!.recipe!;
    const names = ["decoder.0.cross.weight", "encoder.0", "head.table"];
    const given = await compare(observingGradients(loss, ["decoder.0.cross.weight"], names), "translation");
    expect(Object.keys(given).sort()).toEqual(["loss", "decoder.0.cross.weight", ...names.map(gradientOutput)].sort());
  });
});

it("a value that is asked for twice, or with its gradient, is one output", () => {
  const { loss } = model.get("translation")!.recipe!;
  const names = (graph: Graph): readonly string[] => graph.outputs.map(({ name }) => name);
  expect(names(observingGradients(loss, ["encoder.0"], ["encoder.0"]))).toEqual(["loss", "encoder.0", gradientOutput("encoder.0")]);
  expect(names(observing(loss, ["encoder.0", "encoder.0"]))).toEqual([...names(loss.graph), "encoder.0"]);
});

it("compile refuses names that nothing has", () => {
  const refused = (request: { readonly observe?: readonly string[]; readonly gradients?: readonly string[] }) => () => compile(model.get("gpt")!, { profile: { kind: "cpu" }, training: false, ...request });
  const unknown = (message: string) => expect.objectContaining({ code: "value-unknown", message: expect.stringContaining(message) as string });
  expect(refused({ observe: ["blocks.0.attend.wieght"] })).toThrow(unknown("`blocks.0.attend.wieght`"));
  expect(refused({ observe: ["blocks.*.attend.weight"] })).toThrow(unknown("`blocks.*.attend.weight`"));
  expect(refused({ observe: ["blocks.0.attend.weight"], gradients: ["nothing"] })).toThrow(unknown("`nothing`"));
  expect(refused({ observe: ["blocks.0.attend.weight"], gradients: ["blocks.0"] })).not.toThrow();
});
