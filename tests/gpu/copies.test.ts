/**
 * The fuser goes by structure: a user's own layer, with every name changed and its lines in another order, becomes the very
 * kernels that the library's becomes, forward and backward.
 */
import { describe, expect, it } from "vitest";
import { compile, type Compiled, type Stages } from "../../compiler/compile.ts";
import { key } from "../../compiler/dim.ts";
import { standardLibrary } from "../../src/std.ts";
import { checkedModel } from "../support/reference.ts";

const ATTENTION = `layer Blending(width, pieces, shared = pieces, dim: rate = 0, masked = false) {
  require pieces divides width
  require shared divides pieces
  let ratio = pieces / shared
  let inner = width / pieces

  param back: [pieces, inner, width] ~ xavier(width, width)
  param c: [width, shared, inner]    ~ xavier(width, shared * inner)
  param a: [width, pieces, inner]    ~ xavier(width, width)
  param b: [width, shared, inner]    ~ xavier(width, shared * inner)
  param end: [width]                 ~ zeros
  param shift_c: [shared, inner]     ~ zeros
  param shift_b: [shared, inner]     ~ zeros
  param shift_a: [pieces, inner]     ~ zeros

  forward(here: [N, L, width], there: [N, M, width] = here, real: bool[N, M] = true) -> [N, L, width] {
    content[n,m,r,z] = sum[w] there[n,m,w] * c[w,r,z]
    content[n,m,r,z] = content[n,m,r,z] + shift_c[r,z]
    label[n,m,r,z]   = sum[w] there[n,m,w] * b[w,r,z]
    label[n,m,r,z]   = label[n,m,r,z] + shift_b[r,z]
    wish[n,l,p,z]    = sum[w] here[n,l,w] * a[w,p,z]
    wish[n,l,p,z]    = wish[n,l,p,z] + shift_a[p,z]

    match[n,p,l,m] = 1 / sqrt(width / pieces) * sum[z] wish[n,l,p,z] * label[n,m,p/ratio,z]
    share[n,p,l,m] = softmax[m where real[n,m] and (not masked or m <= l)] match[n,p,l,m]

    taken[n,l,p,z] = sum[m] share[n,p,l,m] * content[n,m,p/ratio,z]
    out[n,l,w]     = sum[p,z] taken[n,l,p,z] * back[p,z,w]
    out[n,l,w]     = out[n,l,w] + end[w]
    return out
  }
}
`;

/** The same with the softmax written out. */
const BY_HAND = ATTENTION.replace(
  /    share\[[^\n]*\n/,
  `    peak[n,p,l]    = stop(max[m where real[n,m] and (not masked or m <= l)] match[n,p,l,m])
    mass[n,p,l,m]  = if real[n,m] and (not masked or m <= l) then exp(match[n,p,l,m] - peak[n,p,l]) else 0.0
    whole[n,p,l]   = sum[m] mass[n,p,l,m]
    share[n,p,l,m] = if whole[n,p,l] > 0 then mass[n,p,l,m] / whole[n,p,l] else 0.0
`);

const NORM = `layer Levelling(width, tiny = 1e-5) {
  param lift: [width] ~ zeros
  param gain2: [width] ~ ones
  forward(input: [..., width]) -> [..., width] {
    centre[...]    = mean[k] input[..., k]
    spread[...]    = mean[k] (input[..., k] - centre[...])^2
    level[..., k]  = (input[..., k] - centre[...]) / sqrt(spread[...] + tiny) * gain2[k] + lift[k]
    return level
  }
}
`;

const FEED = `layer Widening(width, wide) {
  param wide_shift: [wide] ~ zeros
  param narrow_shift: [width] ~ zeros
  param narrow: [wide, width] ~ xavier(wide, width)
  param widen: [width, wide]  ~ xavier(width, wide)
  forward(input: [..., width]) -> [..., width] {
    first[..., u]  = sum[k] input[..., k] * widen[k,u]
    first[..., u]  = first[..., u] + wide_shift[u]
    kept[..., u]   = max(first[..., u], 0)
    second[..., k] = sum[u] kept[..., u] * narrow[u,k]
    second[..., k] = second[..., k] + narrow_shift[k]
    return second
  }
}
`;

/** Trains a layer on its own: its result against the one-hot ids. `layer`: how it is made; `call`: how it is called on x. */
function trainer(layer: string, call: string, declarations: string): string {
  return `${declarations}
model Case(vocab, d = 16) {
  table = Embedding(vocab, d, init: normal(0.5))
  layer = ${layer}
  head  = Linear(d, vocab)
  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] {
    x    = table(ids)
    keep = ids != 0
    return head(x + ${call})
  }
}
train base {
  data = text("words.txt", tokenizer: tokenizer)
  tokenizer = bpe(9)
  model = Case(vocab: tokenizer.size)
  loss(ids, next) = cross_entropy(model(ids), next, keep: next != 0)
  optimizer = Adam(lr: 1e-3)
  batch = 2; steps = 2; seed = 0
}
`;
}

const PAIRS = [
  { name: "attention", own: ["Blending(d, 4)", "layer(x, real: keep)"], std: ["Attention(d, heads: 4)", "layer(x, keep: keep)"], text: ATTENTION },
  { name: "causal attention", own: ["Blending(d, 4, masked: true)", "layer(x, real: keep)"], std: ["Attention(d, heads: 4, causal: true)", "layer(x, keep: keep)"], text: ATTENTION },
  { name: "grouped attention", own: ["Blending(d, 4, 2)", "layer(x, real: keep)"], std: ["Attention(d, heads: 4, kv_heads: 2)", "layer(x, keep: keep)"], text: ATTENTION },
  { name: "attention without softmax", own: ["Blending(d, 4, masked: true)", "layer(x, real: keep)"], std: ["Attention(d, heads: 4, causal: true)", "layer(x, keep: keep)"], text: BY_HAND },
  { name: "a norm", own: ["Levelling(d)", "layer(x)"], std: ["LayerNorm(d)", "layer(x)"], text: NORM },
  { name: "feed-forward", own: ["Widening(d, 32)", "layer(x)"], std: ["FeedForward(d, ff: 32)", "layer(x)"], text: FEED },
] as const;

const TOKENIZER = { size: 9, pad: 0, start: 1, end: 2, unk: 3 };
const compiled = (text: string): Compiled => compile(checkedModel("case.tfm", text, { tokenizer: TOKENIZER }), { profile: { kind: "cpu" }, training: true });

/** What a kernel costs: its form, what it binds, its work. The order of lines decides about no more than the order of its operands. */
function costs({ kernels }: Stages, work: boolean): string[] {
  return kernels.map(({ kind, bindings, flops, variants }) => [kind, bindings.length, ...(work ? [key(flops)] : []), ...variants.map(({ groups, schedule }) => `${key(groups)} ${schedule}`)].join(", ")).sort();
}

describe("a user's own copy, with other names and in another order, costs what the library's does", () => {
  for (const { name, own, std, text } of PAIRS)
    it(name, () => {
      const [copy, original] = [compiled(trainer(own[0], own[1], text)), compiled(trainer(std[0], std[1], ""))];
      for (const [at, stage] of original.stages.entries()) {
        expect(copy.stages[at]!.plan.steps.length, stage.name).toBe(stage.plan.steps.length);
        // Written out, the mask's arithmetic stands twice; it is computed where it is read, in no kernel of its own.
        expect(costs(copy.stages[at]!, text !== BY_HAND)).toEqual(costs(stage, text !== BY_HAND));
      }
    });
});

describe("a copy with nothing but other names becomes the same text", () => {
  const library = new Map(standardLibrary());
  const other = (text: string, names: string): string => names.split(" ").reduce((all, name) => all.replace(new RegExp(`\\b${name}\\b`, "g"), `other_${name}`), text);
  for (const [name, file, names, made, call, layer] of [
    ["attention", "attention.tfm", "Attention wq wk wv wo bias_q bias_k bias_v bias_o head group q k v score weight mixed y kv_heads", "other_Attention(d, heads: 4)", "layer(x, keep: keep)", "Attention(d, heads: 4)"],
    ["norms", "norm.tfm", "LayerNorm RMSNorm BatchNorm gain bias mu var centre spread y", "other_LayerNorm(d)", "layer(x)", "LayerNorm(d)"],
    ["products", "linear.tfm", "Linear Embedding FeedForward weight table up down gate h y ff", "other_FeedForward(d, 32)", "layer(x)", "FeedForward(d, 32)"],
  ] as const)
    it(name, () => {
      // Comments may hold a name in the middle of a sentence.
      const text = other(library.get(file)!.replace(/\/\/.*/g, ""), names);
      const texts = ({ program }: Compiled): unknown => program.kernels.map(({ name: _, ...kernel }) => kernel);
      expect(texts(compiled(trainer(made, call, text)))).toEqual(texts(compiled(trainer(layer, call, ""))));
    });
});
