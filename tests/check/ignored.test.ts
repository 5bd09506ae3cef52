/** What is written and would have no effect is told. */
import { expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { sourceFile } from "../../grammar/index.ts";
import { library } from "../support/reference.ts";

const std = library();
const MODEL = `layer Along(d) {
  cell = RnnCell(d, d)
  forward(x: [B, T, d], h: [B, d]) -> [B, T, d] {
    scan t < T with h = h, c = h {
      now[b,i]   = x[b,t,i]
      h, c       = cell(now, h, c)
      out[b,t,i] = h[b,i]
    }
    return out
  }
}
model M(vocab, d = 8) {
  embed = Embedding(vocab, d); up = Linear(d, d)
  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] = embed.logits(up(embed(ids)))
  weights other {
    up.weight[i,o] = "up.weight"[o,i]
  }
}
train base {
  tokenizer = bpe(300); data = text("input.txt", tokenizer: tokenizer); model = M(vocab: tokenizer.size)
  loss(ids, next) = cross_entropy(model(ids), next)
  hit(ids, next) = correct(model(ids), next)
  optimizer = Adam(lr: 1e-3); batch = 8; steps = 30; model.d = 16
}
`;

const titles = (text: string): readonly string[] => check(sourceFile("model.tfm", text), { std }).diagnostics.map(({ title }) => title);

test.each([
  ["bpe(300)", "bpe(vocab_size: 300)", "`bpe` has no parameter `vocab_size`"],
  ["bpe(300)", "bytes(300)", "`bytes` takes 0 arguments"],
  ["bpe(300)", "bpe(300), bytes()", "`tokenizer` is one value"],
  ["batch = 8", "batch = 8, 16", "`batch` is one value"],
  ["model.d = 16", "model.d = 16, 32", "`d` is one value"],
  ["layer Along(d)", "layer Along(d) like Linear", "only a `train` is `like` another"],
  ["train base", "train base(lr = 1e-3)", "a recipe has no parameters"],
  ["hit(ids, next) = correct(model(ids), next)", "hit(ids, next) = model(ids), next", "`hit` is a metric and has 2 results"],
  ["loss(ids, next)", "loss(ids: [B], next)", "`ids` has 1 axis"],
  ["loss(ids, next)", "loss(ids: bool[B, T], next)", "`ids` is bool"],
  ["loss(ids, next)", "loss(ids, next: index(9)[B, T])", "`next` must be below 9"],
  ["h: [B, d])", "h: [B, d] = None)", "nothing is called `None`"],
  ["h: [B, d])", "h: [B, d] = none)", "a number or a tensor is wanted here"],
  ["h, c       = cell", "h, c2      = cell", "`c` is carried, and the loop never sets it"],
])("%s: %s", (right, wrong, title) => {
  expect(MODEL).toContain(right);
  expect(titles(MODEL.replace(right, wrong))).toEqual([title]);
});

test.each([
  ["loss(ids, next)", "loss(ids: index(tokenizer.size)[B, T], next: index(tokenizer.size)[B, T]) -> real"],
  ["bpe(300)", "bpe()"],
  ["bpe(300)", "characters(90)"],
  ["h, c       = cell", "if d > 0 { h, c = cell(now, h, c) } else { h = h; c = c }; g, e = cell"],
  ['"up.weight"[o,i]', '"up.{i}.weight"[o]'],
  ['"up.weight"[o,i]', '"up.weight"[o]'],
])("%s: %s is well", (right, wrong) => {
  expect(titles(MODEL.replace(right, wrong)).filter((title) => !title.endsWith("is never read"))).toEqual([]);
});
