/**
 * The encoder-decoder of examples/translation with its loss, as equations put together by hand the way std/ writes its layers: what the
 * compiler's later phases can be tried on without the checker, and what the checker's result can be compared with.
 */
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { access, add, apply, conjunction, div, identityAccess, imod, index, int, isub, mul, real, select, sub } from "../../compiler/ir/expr.ts";
import type { Equation, Expr, Graph, InputLeaf, StateLeaf, Value } from "../../compiler/ir/graph.ts";

export interface TransformerSettings {
  readonly vocab: number;
  readonly d: number;
  readonly heads: number;
  readonly ff: number;
  readonly layers: number;
  readonly pre: boolean;
  readonly smoothing: number;
}

/** Inputs `source` [B, S], `target` and `next` [B, T]; outputs `loss` and `logits`; id 0 is padding. */
export function transformer(settings: TransformerSettings): Graph {
  return new Writer(settings).write();
}

type Tensor = Equation | StateLeaf;
const [b, t, i] = [index(0), index(1), index(2)];

class Writer {
  readonly #g = new GraphBuilder("loss");
  readonly #at: TransformerSettings;

  constructor(settings: TransformerSettings) {
    this.#at = settings;
  }

  write(): Graph {
    const g = this.#g, { layers, pre } = this.#at;
    const source = g.input("source", "i32", ["B", "S"], this.#at.vocab), target = g.input("target", "i32", ["B", "T"], this.#at.vocab);
    const next = g.input("next", "i32", ["B", "T"], this.#at.vocab);
    const table = g.parameter("embed.table", [this.#at.vocab, this.#at.d]);
    const keep = g.map("keep", ["B", "S"], apply("ine", identityAccess(source), int(0)));

    let memory: Tensor = this.#place(table, source, "S");
    for (let layer = 0; layer < layers; layer++) {
      const at = `encoder.${layer}`;
      memory = this.#branch(`${at}.norm1`, memory, (x) => this.#attention(`${at}.attend`, x, x, keep, false));
      memory = this.#branch(`${at}.norm2`, memory, (x) => this.#feed(`${at}.feed`, x));
    }
    if (pre) memory = this.#norm("norm1", memory);

    let x: Tensor = this.#place(table, target, "T");
    const encoded = memory;
    for (let layer = 0; layer < layers; layer++) {
      const at = `decoder.${layer}`;
      x = this.#branch(`${at}.norm1`, x, (y) => this.#attention(`${at}.attend`, y, y, undefined, true));
      x = this.#branch(`${at}.norm2`, x, (y) => this.#attention(`${at}.cross`, y, encoded, keep, false));
      x = this.#branch(`${at}.norm3`, x, (y) => this.#feed(`${at}.feed`, y));
    }
    if (pre) x = this.#norm("norm2", x);
    const top = x;
    const logits = g.sum("logits", ["B", "T", this.#at.vocab], [this.#at.d], (b, t, v, i) => mul(access(top, b!, t!, i!), access(table, v!, i!)));
    g.output("loss", this.#crossEntropy(logits, next));
    g.output("logits", logits);
    return g.build();
  }

  #place(table: Tensor, ids: InputLeaf, length: string): Equation {
    const { d } = this.#at;
    const angle = (column: Expr): Expr => div(apply("toReal", index(0)), apply("pow", real(10000), div(apply("toReal", column), real(d))));
    const even = apply("ieq", imod(index(1), int(2)), int(0));
    const wave = this.#g.hostTable("sinusoid", [length, d], select(even, apply("sin", angle(index(1))), apply("cos", angle(isub(index(1), int(1))))));
    const word = this.#g.map("word", [...ids.shape, d], access(table, access(ids, b, t), i));
    return this.#g.map("placed", word.shape, add(mul(identityAccess(word), real(Math.sqrt(d))), access(wave, t, i)));
  }

  /** A residual branch, normed before or after. */
  #branch(norm: string, x: Tensor, branch: (x: Tensor) => Equation): Equation {
    const y = branch(this.#at.pre ? this.#norm(norm, x) : x);
    const sum = this.#g.map("sum", x.shape, add(identityAccess(x), identityAccess(y)));
    return this.#at.pre ? sum : this.#norm(norm, sum);
  }

  #norm(at: string, x: Tensor): Equation {
    const g = this.#g, { d } = this.#at, rows = x.shape.slice(0, 2);
    const gain = g.parameter(`${at}.gain`, [d]), bias = g.parameter(`${at}.bias`, [d]);
    const mu = this.#mean(`${at}.mu`, identityAccess(x), rows, d);
    const centred = sub(identityAccess(x), access(mu, b, t));
    const variance = this.#mean(`${at}.var`, mul(centred, centred), rows, d);
    const scaled = div(centred, apply("sqrt", add(access(variance, b, t), real(1e-5))));
    return g.map(`${at}.y`, x.shape, add(mul(scaled, access(gain, i)), access(bias, i)));
  }

  #mean(name: string, body: Expr, rows: Value["shape"], d: number): Equation {
    const total = this.#g.sum(`${name}.sum`, rows, [d], body);
    return this.#g.map(name, rows, div(identityAccess(total), real(d)));
  }

  #feed(at: string, x: Tensor): Equation {
    const g = this.#g, { d, ff } = this.#at;
    const up = this.#linear(`${at}.up`, x, d, ff);
    const h = g.map(`${at}.h`, up.shape, apply("max", identityAccess(up), real(0)));
    return this.#linear(`${at}.down`, h, ff, d);
  }

  #linear(at: string, x: Tensor, n: number, m: number): Equation {
    const g = this.#g;
    const weight = g.parameter(`${at}.weight`, [n, m]), bias = g.parameter(`${at}.bias`, [m]);
    const product = g.sum(`${at}.product`, [...x.shape.slice(0, 2), m], [n], (b, t, j, k) => mul(access(x, b!, t!, k!), access(weight, k!, j!)));
    return g.map(`${at}.y`, product.shape, add(identityAccess(product), access(bias, i)));
  }

  #attention(at: string, x: Tensor, memory: Tensor, keep: Equation | undefined, causal: boolean): Equation {
    const g = this.#g, { d, heads } = this.#at, head = d / heads;
    const rows = x.shape.slice(0, 2), keys = memory.shape[1]!;
    const weights = ["wq", "wk", "wv"].map((name) => g.parameter(`${at}.${name}`, [d, heads, head]));
    const wo = g.parameter(`${at}.wo`, [heads, head, d]);
    const biases = ["bias_q", "bias_k", "bias_v"].map((name) => g.parameter(`${at}.${name}`, [heads, head]));
    const biasO = g.parameter(`${at}.bias_o`, [d]);
    const [q, k, v] = ["q", "k", "v"].map((name, which) => {
      const from = which === 0 ? x : memory;
      const product = g.sum(`${at}.${name}.product`, [...from.shape.slice(0, 2), heads, head], [d], (b, t, h, e, i) =>
        mul(access(from, b!, t!, i!), access(weights[which]!, i!, h!, e!)));
      return g.map(`${at}.${name}`, product.shape, add(identityAccess(product), access(biases[which]!, index(2), index(3))));
    }) as [Equation, Equation, Equation];

    const raw = g.sum(`${at}.raw`, [rows[0]!, heads, rows[1]!, keys], [head], (b, h, t, s, e) => mul(access(q, b!, t!, h!, e!), access(k, b!, s!, h!, e!)));
    const score = g.map(`${at}.score`, raw.shape, mul(real(1 / Math.sqrt(head)), identityAccess(raw)));
    const [T, S] = [index(2), index(3)];
    const conditions = [...(keep ? [access(keep, b, S)] : []), ...(causal ? [apply("ile", S, T)] : [])];
    const weight = this.#softmax(at, score, conditions);
    const mixed = g.sum(`${at}.mixed`, q.shape, [keys], (b, t, h, e, s) => mul(access(weight, b!, h!, t!, s!), access(v, b!, s!, h!, e!)));
    const out = g.sum(`${at}.out`, x.shape, [heads, head], (b, t, i, h, e) => mul(access(mixed, b!, t!, h!, e!), access(wo, h!, e!, i!)));
    return g.map(`${at}.y`, x.shape, add(identityAccess(out), access(biasO, i)));
  }

  #softmax(at: string, x: Equation, conditions: readonly Expr[]): Equation {
    const g = this.#g, rows = x.shape.slice(0, -1), last = x.shape.at(-1)!;
    const here = rows.map((_, axis) => index(axis));
    const max = conditions.length > 0 ? g.reduce("max", `${at}.max`, rows, [last], identityAccess(x), conjunction(conditions)) : g.reduce("max", `${at}.max`, rows, [last], identityAccess(x));
    const top = g.map(`${at}.top`, rows, apply("stop", identityAccess(max)));
    const grown = apply("exp", sub(identityAccess(x), access(top, ...here)));
    const e = g.map(`${at}.e`, x.shape, conditions.length > 0 ? select(conjunction(conditions), grown, real(0)) : grown);
    const total = g.sum(`${at}.total`, rows, [last], identityAccess(e));
    const positive = apply("lt", real(0), access(total, ...here));
    return g.map(`${at}.weight`, x.shape, select(positive, div(identityAccess(e), access(total, ...here)), real(0)));
  }

  #crossEntropy(logits: Equation, next: InputLeaf): Equation {
    const g = this.#g, { vocab, smoothing } = this.#at, rows = logits.shape.slice(0, 2);
    const max = g.reduce("max", "max", rows, [vocab], identityAccess(logits));
    const top = g.map("top", rows, apply("stop", identityAccess(max)));
    const total = g.sum("total", rows, [vocab], apply("exp", sub(identityAccess(logits), access(top, b, t))));
    const lse = g.map("lse", rows, add(identityAccess(top), apply("log", identityAccess(total))));
    const hit = g.map("hit", rows, access(logits, b, t, identityAccess(next)));
    const avg = this.#mean("avg", identityAccess(logits), rows, vocab);
    const keep = apply("ine", identityAccess(next), int(0));
    const terms = sub(sub(identityAccess(lse), mul(real(1 - smoothing), identityAccess(hit))), mul(real(smoothing), identityAccess(avg)));
    const sum = g.sum("nll", [], rows, terms, keep);
    const count = g.sum("count", [], rows, apply("fromBool", keep));
    return g.map("loss", [], select(apply("ilt", int(0), access(count)), div(access(sum), apply("toReal", access(count))), real(0)));
  }
}

