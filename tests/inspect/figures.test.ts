/** Every figure of the examples, of made-up values of the right shapes: what it asks for is there, and what it draws is a figure. */
import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { signatures } from "../../examples/figures.ts";
import type { Look } from "../../examples/figures.ts";
import * as dims from "../../compiler/dim.ts";
import { sizeNames } from "../../runtime/size.ts";
import { draws } from "../../runtime/random/philox.ts";
import { sourceFile } from "../../grammar/source.ts";
import { entriesToInspect, observables } from "../../src/index.ts";
import type { Observation, Subject } from "../../src/index.ts";
import { assertWellFormed } from "../report/well-formed.ts";
import { checkedModel } from "../support/reference.ts";

const VOCAB = 40;
const tokenizer = { size: VOCAB, pad: 0, start: 1, end: 2, unk: 3, mask: 4, specials: ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"], token: (id: number) => `w${id}` };

it.each(Object.entries(signatures))("%s", async (name, { title, draw }) => {
  const read = (path: string): string => readFileSync(new URL(`../../examples/${name}/${path}`, import.meta.url), "utf8");
  const use = (path: string) => sourceFile(path, read(path));
  const model = checkedModel(`${name}.tfm`, read("model.tfm"), { use, tokenizer: { ...tokenizer, specials: 5 } });
  const random = draws(1, 2);
  const look: Look = ({ observe = [], rows = 1, entry }) => Promise.resolve(observe.map((value): Observation => {
    const known = entriesToInspect(model).filter((one) => entry === undefined || one.name === `metrics.${entry}`).map(observables);
    const found = known.flatMap((map) => map.get(value) ?? [])[0];
    expect(found, `${name} has a value ${value}`).toBeDefined();
    const sizes = Object.fromEntries(found!.shape.flatMap(sizeNames).map((size) => [size, size === "B" ? rows : size === "S" ? 5 : 7]));
    const shape = found!.shape.map((dim) => dims.evaluate(dim, sizes));
    const labels = (size: number): readonly string[] => Array.from({ length: size }, (_, at) => `<${at}>`);
    const axes = found!.shape.map((dim, at) => ({ size: dims.print(dim), batch: dims.print(dim) === "B", labels: [labels(shape[at]!)] }));
    const length = shape.reduce((product, size) => product * size, 1);
    // Ids, some of them the mask's, and places of a row.
    const next = found!.type === "i32" ? () => 4 + random.below(2) : () => random.uniform();
    return { name: value, gradient: false, entry: "forward", shape, axes, data: Float32Array.from({ length }, next) };
  }));
  const svg = await draw(look, { model, tokenizer } as unknown as Subject, title);
  assertWellFormed(svg);
  expect(svg).toContain("<svg");
  expect(svg.length).toBeGreaterThan(2000);
  expect(svg).not.toContain("NaN");
});

it("there is an example for each", () => {
  for (const name of Object.keys(signatures)) expect(existsSync(new URL(`../../examples/${name}/model.tfm`, import.meta.url)), name).toBe(true);
});
