/** Heads whose width together is not the model's: each is an attention of its own, and their outputs are added. */
import { expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { draws } from "../../runtime/random/philox.ts";
import { checkedModel } from "../support/reference.ts";

const D = 4, HEADS = 2, HEAD = 3, T = 5;
const SIZES = { B: 1, T };

/** What these parameters, in the order of the model's own, make of `x`. */
function attended(arguments_: string, x: Float64Array, parameters: ReadonlyMap<string, Float64Array>): Float64Array {
  const model = checkedModel("m.tfm", `model M() { attend = Attention(${arguments_}); forward(x: [B, T, ${D}]) -> [B, T, ${D}] = attend(x) }`);
  const states = Object.fromEntries(model.parameters.map(({ path }) => [`parameter/${path}`, parameters.get(path.replace("attend.", ""))!]));
  const { outputs } = interpret(model.entries[0]!.graph, { sizes: SIZES, inputs: { x }, states });
  return Float64Array.from(Object.values(outputs)[0]!.data);
}

it.each([
  ["as many keys as queries", HEADS, ""],
  ["one key for all queries", 1, ", kv_heads: 1"],
])("%s", (_, kvHeads, more) => {
  const random = draws(3, 0);
  const filled = (size: number): Float64Array => Float64Array.from({ length: size }, () => random.normal());
  const x = filled(T * D);
  const whole = new Map([["wq", filled(D * HEADS * HEAD)], ["wk", filled(D * kvHeads * HEAD)], ["wv", filled(D * kvHeads * HEAD)], ["wo", filled(HEADS * HEAD * D)]]);

  const sum = new Float64Array(T * D);
  for (let head = 0; head < HEADS; head++) {
    const columns = (name: string, of: number, at: number): Float64Array => Float64Array.from({ length: D * HEAD }, (_each, n) => whole.get(name)![(Math.floor(n / HEAD) * of + at) * HEAD + (n % HEAD)]!);
    const group = head % kvHeads;
    const own = new Map([["wq", columns("wq", HEADS, head)], ["wk", columns("wk", kvHeads, group)], ["wv", columns("wv", kvHeads, group)], ["wo", whole.get("wo")!.slice(head * HEAD * D, (head + 1) * HEAD * D)]]);
    for (const [at, value] of attended(`${D}, 1, inner: ${HEAD}, biased: false`, x, own).entries()) sum[at]! += value;
  }
  const together = attended(`${D}, ${HEADS}, inner: ${HEADS * HEAD}, biased: false${more}`, x, whole);
  for (const [at, value] of together.entries()) expect(value).toBeCloseTo(sum[at]!, 12);
});

it("scores are scaled by the width of a head", () => {
  const one = new Map([["wq", Float64Array.of(1, 1, 1, 1, 1, 1, 1, 1, 1)], ["wk", new Float64Array(9).fill(1)], ["wv", Float64Array.of(1, 0, 0, 1, 0, 0, 1, 0, 0)], ["wo", Float64Array.of(1, 1, 1, 0, 0, 0, 0, 0, 0)]]);
  const model = checkedModel("m.tfm", "model M() { attend = Attention(3, 1, inner: 3, biased: false); forward(x: [B, T, 3]) -> [B, T, 3] = attend(x) }");
  const x = Float64Array.of(0, 0, 1, 0, 0, 2);
  const states = Object.fromEntries(model.parameters.map(({ path }) => [`parameter/${path}`, one.get(path.replace("attend.", ""))!]));
  const [y] = Object.values(interpret(model.entries[0]!.graph, { sizes: { B: 1, T: 2 }, inputs: { x }, states }).outputs);
  // The first place's scores are 3 * 1 * 1 / sqrt(3) and twice that; it mixes the values 1 and 2.
  const a = Math.exp(Math.sqrt(3)), b = Math.exp(2 * Math.sqrt(3));
  expect(y!.data[0]).toBeCloseTo((a + 2 * b) / (a + b), 12);
});
