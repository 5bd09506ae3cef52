import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { Facts } from "../../compiler/check/facts.ts";
import * as dims from "../../compiler/dim.ts";
import { renderDiagnostic, sourceFile } from "../../grammar/index.ts";
import { library } from "../support/reference.ts";

const std = library();

function codes(text: string): string[] {
  return check(sourceFile("model.tfm", text), { std }).diagnostics.map((diagnostic) => diagnostic.code);
}

const fn = (params: string, left: string, right: string, result: string): string => `fn f(${params}) -> ${result} {\n  y[${left}] = ${right}\n  return y\n}\n`;

describe("slots that are proved to be within their axis", () => {
  const proved: readonly (readonly [params: string, left: string, right: string, result: string])[] = [
    ["x: [N]", "i < N", "x[N - 1 - i]", "[N]"],
    ["x: [N]", "i < N", "if i > 0 then x[i-1] else 0.0", "[N]"],
    ["x: [N]", "i < N", "if i >= 2 then x[i-2] else 0.0", "[N]"],
    ["x: [N]", "i < N", "if not (i + 1 >= N) then x[i+1] else 0.0", "[N]"],
    ["x: [N]", "i < N", "if i != 0 then x[i-1] else x[i]", "[N]"],
    ["x: [N]", "i < N", "x[min(i + 1, N - 1)]", "[N]"],
    ["x: [N]", "i < N", "x[max(i - 3, 0)]", "[N]"],
    ["x: [N]", "i < N", "x[clamp(i - 3, 0, N - 1)]", "[N]"],
    ["x: [N]", "i < N", "x[i / 3]", "[N]"],
    ["x: [N]", "i < N", "x[i * i % N]", "[N]"],
    ["x: [N]", "i < N", "x[abs(i)]", "[N]"],
    ["x: [N]", "i < 2 * N", "x[i / 2]", "[2 * N]"],
    ["x: [N]", "i < 2 * N", "x[i % N]", "[2 * N]"],
    ["x: [N], y2: [M]", "i < N + M", "if i < N then x[i] else y2[i - N]", "[N + M]"],
    ["x: [N], ids: index(N)[M]", "m", "x[ids[m]]", "[M]"],
    ["x: [N], ids: index(N)[M]", "m", "if ids[m] > 0 then x[ids[m] - 1] else 0.0", "[M]"],
    ["x: [N, M]", "i < N * M", "x[i / M, i % M]", "[N * M]"],
    ["x: [N]", "i < N", "if 0 <= i - 4 then x[i - 4] else 0.0", "[N]"],
    ["x: [N]", "i < N", "if i > 0 and x[i - 1] > 0 then 1.0 else 0.0", "[N]"],
    ["x: [N]", "i < N", "if i == 0 or x[i - 1] > 0 then 1.0 else 0.0", "[N]"],
    ["x: [N]", "i < N", "x[i + 5 else 0]", "[N]"],
    ["x: [K], label: index(K)[N], z: [M]", "n, m < M", "if label[n] == m then x[label[n]] else 0.0", "[N, M]"],
    ["x: [N], ids: index(N)[M]", "m", "if ids[m] < 3 * m then x[ids[m]] else 0.0", "[M]"],
    ["x: [N], ids: index(N)[M], z: [K]", "m", "if ids[m] >= N - K then x[ids[m]] else 0.0", "[M]"],
    ["x: [N], z: [M]", "i < N", "x[min(i, M)]", "[N]"],
    ["x: [N], z: [M]", "i < N", "x[min(M, i)]", "[N]"],
  ];
  for (const row of proved) test(`${row[1]}: ${row[2]}`, () => expect(codes(fn(...row))).toEqual([]));
});

describe("slots that are not", () => {
  const refused: readonly (readonly [params: string, left: string, right: string, result: string])[] = [
    ["x: [N]", "i < N", "x[i + 1]", "[N]"],
    ["x: [N]", "i < N", "x[N - i]", "[N]"],
    ["x: [N]", "i < N", "if i > 0 then x[i-2] else 0.0", "[N]"],
    ["x: [N]", "i < N", "if x[i] > 0 then x[i-1] else 0.0", "[N]"],
    ["x: [N]", "i < N", "x[min(i + 1, N)]", "[N]"],
    ["x: [N]", "i < N", "x[-i]", "[N]"],
    ["x: [N]", "i < N", "x[2 * i]", "[N]"],
    ["x: [N]", "i < N", "x[i * i]", "[N]"],
    ["x: [N], ids: index(M)[M]", "m", "x[ids[m]]", "[M]"],
    ["x: [N], ids: int[M]", "m", "x[ids[m]]", "[M]"],
    ["x: [N], y2: [M]", "i < N + M", "if i < M then x[i] else 0.0", "[N + M]"],
    ["x: [N]", "b < 2", "x[0]", "[2]"],
    ["x: [K], label: index(M)[N]", "n, m < M", "if label[n] == m then x[label[n]] else 0.0", "[N, M]"],
    ["x: [N], z: [M], w: [K]", "i < K", "x[min(i, M)]", "[K]"],
    ["x: [N]", "i < N", "if i > 0 or x[i - 1] > 0 then 1.0 else 0.0", "[N]"],
    ["x: [N, M]", "i < N * M", "x[i / N, i % M]", "[N * M]"],
  ];
  for (const row of refused) test(`${row[1]}: ${row[2]}`, () => expect(codes(fn(...row)).filter((code) => code === "out-of-bounds" || code === "range-too-short").length).toBeGreaterThan(0));
});

test("`require` makes room, and is asked of every batch", () => {
  expect(codes("fn first(x: [N]) -> real {\n  require N > 0\n  return x[0]\n}\n")).toEqual([]);
  expect(codes("fn first(x: [N], y: [M]) -> [N] {\n  require N <= M\n  z[i < N] = x[i] + y[i]\n  return z\n}\n")).toEqual([]);
});

test("what is known of integers that have a name is as much", () => {
  const named = (place: string): string[] => codes(`fn f(x: [N], z: [M]) -> [N] {\n  k[i < N] = ${place}\n  y[i] = x[k[i]]\n  return y\n}\n`);
  expect(named("min(i, M)")).toEqual([]);
  expect(named("min(M, i)")).toEqual([]);
  expect(named("min(i + 1, M)")).toEqual(["out-of-bounds"]);
});

describe("facts", () => {
  const [n, m, b] = [dims.named("n"), dims.named("m"), dims.named("b")];

  test("sums and products of sizes are not negative", () => {
    const facts = new Facts();
    expect(facts.proves(dims.add(dims.multiply(n, m), dims.constant(3)))).toBe(true);
    expect(facts.proves(dims.subtract(n, m))).toBe(false);
    expect(facts.proves(dims.constant(-1))).toBe(false);
    expect(facts.proves(dims.subtract(n, dims.ONE))).toBe(false);
  });

  test("what is known of differences is used, more than once and multiplied", () => {
    const facts = new Facts();
    facts.assumeNonnegative(dims.subtract(n, m));
    facts.assumeNonnegative(dims.subtract(m, b));
    expect(facts.proves(dims.subtract(n, b))).toBe(true);
    expect(facts.proves(dims.subtract(dims.multiply(n, b), dims.multiply(m, b)))).toBe(true);
    expect(facts.proves(dims.subtract(b, n))).toBe(false);
  });

  test("a condition on two indices tells how far one is from the other", () => {
    const sum = (condition: string, slot: string): string => `fn f(u: [T], h: [T]) -> [T] {\n  y[t < T] = sum[s where ${condition}] u[s] * h[${slot}]\n  return y\n}\n`;
    for (const [condition, slot] of [["s <= t", "t - s"], ["s < t", "t - s - 1"], ["s >= t", "s - t"], ["not (s < t)", "s - t"]] as const) expect(codes(sum(condition, slot)), slot).toEqual([]);
    for (const [condition, slot] of [["s <= t", "t - s - 1"], ["s <= t", "s - t"], ["s != t", "t - s"], ["s < t", "t - s - 2"]] as const) expect(codes(sum(condition, slot)), slot).toEqual(["out-of-bounds"]);
  });

  test("the larger of two is within an axis where both are", () => {
    const moved = (slot: string): string => `fn f(x: [T]) -> [T - 1] {\n  require T > 0\n  z[t < T - 1] = x[t]\n  y[t < T - 1] = z[${slot}]\n  return y\n}\n`;
    expect(codes(moved("max(t - 3, 0)"))).toEqual([]);
    expect(codes(moved("max(t - 3, 1)"))).toEqual(["out-of-bounds"]);
    // A condition on the larger of the two says more than what is known of each.
    expect(codes("fn f(x: [T], at: index(T)[B], n: index(N)[B]) -> [B] {\n  y[b] = if max(at[b], n[b]) < T then x[max(at[b], n[b])] else 0\n  return y\n}\n")).toEqual([]);
    expect(codes(moved("max(t + 1, 0)"))).toEqual(["out-of-bounds"]);
  });

  test("sizes that are required to be equal are one size", () => {
    expect(codes("fn f(x: [N], y: [M]) -> [M] {\n  require N == M\n  return x + y\n}\n")).toEqual([]);
    expect(codes("fn f(x: [N], y: [M]) -> [N] {\n  require N + 1 == M\n  z[i] = x[i] + y[i + 1]\n  return z\n}\n")).toEqual([]);
    expect(codes("fn f(x: [N], k: size) -> [N] {\n  require N == 2 * k\n  y[i < 2 * k] = x[2 * k - 1 - i]\n  return y\n}\n")).toEqual([]);
    expect(codes("fn f(x: [N], y: [M], z: [K]) -> [N] {\n  require N == M, M == K\n  return x + y + z\n}\n")).toEqual([]);
    expect(codes("fn f(x: [N], y: [M]) -> [M] {\n  require N <= M\n  return x + y\n}\n")).toEqual(["shape-mismatch"]);
  });

  test("what one function requires of a batch is not known in another", () => {
    const both = (first: string, second: string): string => `layer L() {\n  f(x: [N]) -> real {\n    ${first}\n    return x[0]\n  }\n  g(x: [N]) -> real {\n    ${second}\n  }\n}\n`;
    expect(codes(both("require N == 4", "require N == 5; return x[4]"))).toEqual([]);
    expect(codes(both("require N > 4", "return x[4]"))).toEqual(["out-of-bounds"]);
  });

  test("exact division follows from what is required", () => {
    const facts = new Facts();
    const half = dims.quotient("floor", n, m);
    expect(facts.exactQuotient(n, m)).toBeUndefined();
    facts.assumeDivides(m, n);
    expect(facts.exactQuotient(n, m)).toEqual(half);
    expect(facts.exactQuotient(dims.multiply(n, b), m)).toBeDefined();
    expect(facts.equal(dims.multiply(half, m), n)).toBe(true);
  });

  test("floor(n/k) lies between n/k and n/k - 1", () => {
    const facts = new Facts();
    const third = dims.quotient("floor", n, dims.constant(3));
    expect(facts.proves(dims.subtract(n, third))).toBe(true);
    expect(facts.proves(dims.subtract(n, dims.scale(third, 3)))).toBe(true);
    expect(facts.proves(dims.subtract(n, dims.scale(third, 4)))).toBe(false);
    expect(facts.proves(dims.add(dims.scale(third, 3), dims.constant(2), dims.scale(n, -1)))).toBe(true);
    expect(facts.proves(dims.add(dims.scale(third, 3), dims.constant(1), dims.scale(n, -1)))).toBe(false);
  });

  test("sizes are whole numbers: 2*n >= 1 says n >= 1", () => {
    const [twice, thrice] = [2, 3].map((times) => dims.scale(n, times));
    const facts = new Facts();
    facts.assumeNonnegative(dims.subtract(twice!, dims.ONE));
    expect(facts.proves(dims.subtract(n, dims.ONE))).toBe(true);
    expect(facts.proves(dims.subtract(n, dims.constant(2)))).toBe(false);
    expect(facts.proves(dims.subtract(thrice!, dims.constant(3)))).toBe(true);
    expect(facts.proves(dims.subtract(thrice!, dims.constant(4)))).toBe(false);
    // Where it does not follow in whole numbers from what is known, it may by halves: 2*b >= m >= 1.
    facts.assumeNonnegative(dims.subtract(dims.scale(b, 2), m));
    facts.assumeNonnegative(dims.subtract(m, dims.ONE));
    expect(facts.proves(dims.subtract(dims.scale(b, 2), dims.ONE))).toBe(true);
    // What is written anew by what divides it is known as well.
    facts.assumeNonnegative(dims.subtract(dims.named("t"), dims.constant(2)));
    facts.assumeDivides(dims.constant(2), dims.named("t"));
    expect(facts.proves(dims.subtract(dims.named("t"), dims.constant(2)))).toBe(true);
    expect(codes("fn f(x: [N]) -> [2 * ceil(N / 2) - 1] {\n  require N > 0\n  y[i < 2 * ceil(N / 2) - 1] = x[i / 2]\n  return y\n}\n")).toEqual([]);
    expect(codes("fn f(x: [N]) -> [2 * ceil(N / 2) - 1] {\n  y[i < 2 * ceil(N / 2) - 1] = x[i / 2]\n  return y\n}\n")).not.toEqual([]);
  });

  test("a quotient is beside whole numbers: ceil(n/3) >= 2 says n >= 4", () => {
    const [third, up] = (["floor", "ceil"] as const).map((round) => dims.quotient(round, n, dims.constant(3)));
    const proves = (known: dims.Dim, goal: dims.Dim): boolean => {
      const facts = new Facts();
      facts.assumeNonnegative(known);
      return facts.proves(goal);
    };
    const atLeast = (size: number): dims.Dim => dims.subtract(n, dims.constant(size));
    const atMost = (size: number): dims.Dim => dims.subtract(dims.constant(size), n);
    // By which n the quotient is at least 2, or at most 1.
    expect([4, 3].map((least) => proves(atLeast(least), dims.subtract(up!, dims.constant(2))))).toEqual([true, false]);
    expect([6, 5].map((least) => proves(atLeast(least), dims.subtract(third!, dims.constant(2))))).toEqual([true, false]);
    expect([5, 6].map((most) => proves(atMost(most), dims.subtract(dims.ONE, third!)))).toEqual([true, false]);
    expect([3, 4].map((most) => proves(atMost(most), dims.subtract(dims.ONE, up!)))).toEqual([true, false]);
    expect(codes("fn first(x: [B, ceil(N / 3)], y: [N]) -> [B] {\n  require N > 0\n  z[b] = x[b,0]\n  return z\n}\n")).toEqual([]);
  });
});

test("several errors are found in one go, and a name that failed is not blamed again", () => {
  const { diagnostics } = check(
    sourceFile(
      "model.tfm",
      `layer A(d) {
  norm = LayreNorm(d)

  forward(x: [B, d]) -> [B, d] {
    y = norm(x)
    z[b, i < d] = x[b,i-1]
    return y + z * unknown
  }
}

fn g(x: [N]) -> [N] = x + missing
`,
    ),
    { std },
  );
  expect(diagnostics.map((diagnostic) => renderDiagnostic(diagnostic).split("\n", 2).join(" ").replace(/\s+/g, " "))).toEqual([
    "error[name-unknown]: nothing is called `LayreNorm` ┌─ model.tfm:2:10",
    "error[out-of-bounds]: `i-1` may lie outside of `x` ┌─ model.tfm:6:23",
    "error[name-unknown]: nothing is called `unknown` ┌─ model.tfm:7:20",
    "error[name-unknown]: nothing is called `missing` ┌─ model.tfm:11:27",
  ]);
});

test("of two sizes the one that fits in the other is offered as the range", () => {
  const fixes = (params: string, right: string): readonly (string | undefined)[] => check(sourceFile("model.tfm", fn(params, "i", right, "[N]")), { std }).diagnostics.map(({ fix }) => fix?.text);
  expect(fixes("x: [N], y: [N + 2]", "x[i] + y[i]")).toEqual(["if the first N are meant, say so where `i` is bound: `i < N`"]);
  expect(fixes("x: [2 * N], y: [N]", "x[i] + y[i]")).toEqual(["if the first N are meant, say so where `i` is bound: `i < N`"]);
  expect(fixes("x: [N], y: [M]", "x[i] + y[i]")).toEqual([undefined]);
});

test("overrides: the nearest name is offered, values are checked, places are those of --set", () => {
  expect(suggestion({ layrs: "2" })).toContain("did you mean `layers`?");
  expect(suggestion({ batch: "2" })).toContain("did you mean `recipe.batch`?");
  expect(suggestion({ "recipe.stps": "2" })).toContain("did you mean `steps`?");
  expect(suggestion({ heads: "true" })).toContain("`heads` is a size, not a flag");
  expect(suggestion({ heads: "7" })).toContain("heads = 7, from `--set heads=7`");
  expect(suggestion({ p: "1.5" })).toContain("`p` is a rate: between 0 and 1");
  expect(suggestion({ d: "0" })).toContain("would have no elements");
  expect(suggestion({ d: "48", heads: "3", ff: "100", layers: "1" })).toBe("");
});

/** What is said of the translation model with these overrides. */
function suggestion(set: Readonly<Record<string, string>>): string {
  const path = new URL("../grammar/sketches/translation.tfm", import.meta.url);
  return check(sourceFile("translation.tfm", readFileSync(path, "utf8")), { std, set: { ...(set["layers"] === undefined && set["layrs"] === undefined ? { layers: "1" } : {}), ...(set["d"] === undefined ? { d: "64" } : {}), ...set } }).diagnostics.map((diagnostic) => renderDiagnostic(diagnostic)).join("\n");
}
