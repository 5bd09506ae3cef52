import { expect, test } from "vitest";
import { formatSource, sourceFile } from "../../grammar/index.ts";

function formatted(text: string): string {
  const once = formatSource(sourceFile("m.tfm", text));
  expect(once.diagnostics).toEqual([]);
  expect(formatSource(sourceFile("m.tfm", once.text)).text).toBe(once.text);
  return once.text;
}

/** What stays as it is. */
function expectKept(text: string): void {
  expect(formatted(text)).toBe(text);
}

test("blanks, blank lines and indentation are settled, what shares a line is kept", () => {
  expect(formatted('\n\nuse   "a.tfm"\nlayer A( d,p:rate=0.1 ){\n\n\n\tx=1;y  =  2 ;\n\n\n\n      forward( x:[B,T,d] )->[B,T,d]{return x*-2+x^2}\n\n}')).toBe(
    'use "a.tfm"\nlayer A(d, p: rate = 0.1) {\n  x = 1; y = 2\n\n  forward(x: [B, T, d]) -> [B, T, d] { return x * -2 + x^2 }\n}\n',
  );
});

test("neighbouring lines of one kind are aligned, unless their lengths are too different or a blank line parts them", () => {
  expectKept(`layer A(d, ff) {
  let n  = d / 2
  first  = Linear(d, ff)
  second = Linear(ff, d)

  x = f(d)
  param wq:   [d, ff] ~ normal(0.02)
  param bias: [ff]    ~ zeros
  state m: [d] ~ zeros

  forward(x: [B, d]) -> [B, d] {
    x = f(x)
    weight[b,h,t,s] = g(x)
    return x
  }
  half(x)    = x / 2
  quarter(x) = x / 4
  batch = 64; steps = 100
  seed = 0
}
`);
});

test("slots: names without blanks, products tight, the rest with blanks", () => {
  expectKept(`fn f(x) {
  y[b,t,i]       = x[b,t,i] * k[b,s,h/group,e] + x[b, t - 1, i else 0]
  y[..., i]      = table[ids[...], i]
  y[b, t < T]    = sum[s where s <= t and keep[b,s]] x[b,s]
  a[b, c + 1, d] = x[order[b,v],i]
}
`);
});

test("parentheses stay where the writer put them", () => {
  expectKept("fn f(x) = ((x + 1) * 2) + (x^2) - (sum[i] x[i]) * (if x > 0 then 1 else 2)\n");
});

test("long lines break after `=`, before `->`, at commas and before operators, at 120 columns", () => {
  expectKept(`layer Attention(d, heads, kv_heads = heads, p: rate = 0, causal = false, window = 0, biased = true,
                scale = 1 / sqrt(d / heads), rotate = none, bias = none) {
  decode(target: index(vocab)[B, T], memory: [B, S, d], keep: bool[B, S]) -> [B, T, vocab] =
    output(dropout(norm2(decoder(dropout(embed(target), p), memory, keep)), p))
}

fn mask_tokens(ids: index(N)[B, T], word: index(T)[B, T], p: rate, mask: size, specials: size, whole = false)
  -> index(N)[B, T], bool[B, T] {
  noisy[b,t] =
    if not chosen[b,t] or fate[b,t] >= 0.9000000001 then ids[b,t] else if fate[b,t] < 0.8 then mask else other[b,t,t]
  return aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa * bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
      + ccccccccccccccccccccccccccccccccccc * ddddddddddddddddddddddddddd
}
`);
});

test("comments stay: above, behind, behind `{`, alone at the end, and above an item where they stood in its middle", () => {
  expectKept(`// A file.

/// Doc.
layer A(d) {  // opened
  // first
  x    = 1  // one
  long = 2  // two

  // last
}  // closed
// end
`);
  expect(formatted("fn f(x) = g(x, // the value\n  /// not a doc\n  2)\n")).toBe("// the value\n// not a doc\nfn f(x) = g(x, 2)\n");
  expectKept("layer A(d) {\n  // expect: kernels <= 9\n  if a { x = 1 } else { x = 2 }  // both\n}\n");
});

test("an empty file, only comments, only blank lines", () => {
  expect(formatted("")).toBe("");
  expect(formatted("\n\n  \n")).toBe("");
  expect(formatted("// a\n\n\n// b")).toBe("// a\n\n// b\n");
});

test("a text with mistakes stays as it is", () => {
  const text = "fn f(x   = 1\n";
  const { text: out, diagnostics } = formatSource(sourceFile("m.tfm", text));
  expect(out).toBe(text);
  expect(diagnostics).toHaveLength(1);
});
