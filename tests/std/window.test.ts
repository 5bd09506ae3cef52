/** What a sliding window spares: its kernels loop over the keys within it, and over no others. */
import { expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { checkedModel } from "../support/reference.ts";

const SOURCE = `model M(d = 8, causal = true, window = 3) {
  attend = Attention(d, 2, window: window, causal: causal)
  forward(x: [B, T, d]) -> [B, T, d] = attend(x)
}`;

/** The first indices of loops along the keys. */
function begins(set: Readonly<Record<string, string>>): readonly string[] {
  const { program } = compile(checkedModel("m.tfm", SOURCE, { set }), { profile: { kind: "any" }, training: false });
  return [...JSON.stringify(program).matchAll(/for \(var \w+ = ([^;]+); \w+ < [^;]*u\.s_T[^;]*; /g)].map(([, from]) => from!);
}

test.each(["true", "false"])("loops over keys begin with the window, causal: %s", (causal) => {
  const within = begins({ causal });
  expect(within.length).toBeGreaterThan(0);
  for (const first of within) expect(first).toMatch(/^max\(/);
  expect(begins({ causal, window: "0" }).filter((first) => first.startsWith("max("))).toEqual([]);
});
