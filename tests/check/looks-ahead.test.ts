/**
 * Models that generate and look ahead are told of, others never. What is true of each is found out independently: the f64 interpreter
 * computes the whole of it, with one last id and with another, and the logits of earlier places are compared.
 */
import { describe, expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import type { Entry } from "../../compiler/check/model.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { stateKey } from "../../compiler/ir/walk.ts";
import * as dims from "../../compiler/dim.ts";
import { renderDiagnostic } from "../../grammar/diagnostic.ts";
import { sourceFile } from "../../grammar/source.ts";
import { elementCount } from "../../runtime/size.ts";
import { AHEAD, attending, built, computing, generatingEntry, PAST } from "../support/generating.ts";
import { randomBelow } from "../support/random-program.ts";
import { library } from "../support/reference.ts";

const std = library();
/** Of rows. */
const LENGTHS = [6, 4, 2];

/** Whether another last id changes what is said of the places before. */
function doesLookAhead({ graph, inputs }: Entry): boolean {
  const [grows] = inputs;
  return LENGTHS.flatMap((T) => [1, 2, 3].map((seed) => ({ seed, sizes: { B: 1, T, S: 4 } }))).some(({ seed, sizes }) => {
    const below = randomBelow(seed);
    const real = (): number => below(2001) / 1000 - 1;
    const states = Object.fromEntries(graph.values.flatMap((value) => (value.kind === "state" ? [[stateKey(value.state), filled(value.shape, sizes, value.state.kind === "running" ? () => 1.5 + real() : real)] as const] : [])));
    const ids = Object.fromEntries(inputs.map(({ name, shape, range }) => [name, filled(shape, sizes, () => 4 + below(dims.asNumber(range!)! - 4))]));
    const logits = (fed: typeof ids): Float64Array => interpret(graph, { sizes, inputs: fed, states }).outputs[graph.outputs[0]!.name]!.data;
    const other = [...ids[grows!.name]!];
    other[sizes.T - 1] = other.at(-1)! === 5 ? 6 : 5;
    const [before, after] = [logits(ids), logits({ ...ids, [grows!.name]: other })];
    const earlier = before.length / sizes.T * (sizes.T - 1);
    return before.subarray(0, earlier).some((value, at) => Math.abs(value - after[at]!) > 1e-9 * Math.max(1, Math.abs(value)));
  });
}

function filled(shape: readonly dims.Dim[], sizes: Readonly<Record<string, number>>, value: () => number): number[] {
  return Array.from({ length: elementCount(shape.map((dim) => dims.evaluate(dim, sizes))) }, value);
}

describe("looks ahead, and is told of:", () => {
  for (const [name, text] of Object.entries(AHEAD))
    test(name, () => {
      const { codes, entry } = generatingEntry(text);
      expect(doesLookAhead(entry)).toBe(true);
      expect(codes).toEqual(["looks-ahead"]);
    });
});

test("and so is one whose loss asks nothing of the first eight places", () => {
  const text = attending({}).replace("loss(ids, next) = cross_entropy(model(ids), next)", `loss(ids, next) {
    counts[b < B, t < T] = t >= 7
    return cross_entropy(model(ids), next, keep: counts)
  }`);
  expect(generatingEntry(text).codes).toEqual(["looks-ahead"]);
});

describe("keeps to the past, and nothing is said:", () => {
  for (const [name, text] of Object.entries(PAST))
    test(name, () => {
      const { codes, entry } = generatingEntry(text);
      expect(doesLookAhead(entry)).toBe(false);
      expect(codes).toEqual([]);
    });
});

describe("looks ahead where it may:", () => {
  const ahead = built("Attention(8, 2)");
  test.each([
    ["nothing is generated", built("Attention(8, 2)", { generate: "" })],
    ["only of the last place something is asked", ahead.replace("loss(ids, next) = cross_entropy(model(ids), next)", `loss(ids, next) {
    require T > 0
    logits  = model(ids)
    z[b,v]  = logits[b, T - 1, v]
    wanted[b] = next[b, T - 1]
    return cross_entropy(z, wanted)
  }`)],
    ["of a prefix of eight nothing is asked", attending({ where: "s <= t or (s < 8 and t < 8)" }).replace("loss(ids, next) = cross_entropy(model(ids), next)", `loss(ids, next) {
    counts[b < B, t < T] = t >= 7
    return cross_entropy(model(ids), next, keep: counts)
  }`)],
  ])("%s", (_, text) => {
    expect(check(sourceFile("model.tfm", text), { std }).diagnostics.map((diagnostic) => renderDiagnostic(diagnostic))).toEqual([]);
  });
});

/** A condition on two places, as nobody writes them. */
function condition(below: (n: number) => number, depth = 2): string {
  if (depth > 0 && below(2) === 0) return `(${condition(below, depth - 1)} ${below(3) === 0 ? "or" : "and"} ${condition(below, depth - 1)})`;
  const size = (): string => ["s", "t", "s", "t", "s + 1", "t + 1", "t - s", "s % 2", "t % 3", "floor(s / 2)", "floor(t / 2)", "T - 1 - s", `${below(4)}`][below(13)]!;
  return `${size()} ${["<", "<=", "<=", "==", "!=", ">="][below(6)]!} ${size()}`;
}

test("of random masks, of attention or of sums, none is told of that keeps to the past", () => {
  let [ahead, told] = [0, 0];
  for (let seed = 0; seed < 30; seed++) {
    const below = randomBelow(seed);
    const where = `${below(2) === 0 ? "s <= t and " : ""}${condition(below)}`;
    const text = below(2) === 0
      ? attending({ where })
      : computing(`    require T > 0\n    m[t < T, s < T] = if ${where} then 1.0 else ${["0.0", "0.0", "-1.0"][below(3)]!}\n    z[b,t,i] = sum[s] m[t,s] * x[b,s,i]\n    all_[b,i] = sum[s] x[b,s,i]\n    y[b,t,i] = z[b,t,i]${below(3) === 0 ? " + all_[b,i]" : ""}`);
    const { codes, entry } = generatingEntry(text);
    const truth = doesLookAhead(entry);
    if (truth) ahead++;
    if (!codes.includes("looks-ahead")) continue;
    told++;
    expect(truth, text).toBe(true);
  }
  // Some look further ahead than to the next place, or only in longer rows.
  expect(told).toBeGreaterThan(0.7 * ahead);
  expect(ahead).toBeGreaterThan(8);
});
