/**
 * Programs that are right by construction, as far as the grammar goes: every item, every form of expression, with comments,
 * blank lines and line ends wherever the language allows them. The names mean nothing, so a checker will refuse most of
 * them, but it has to do so with messages.
 */
export function randomProgram(seed: number, size = 6): string {
  return new Generator(seed, size).file();
}

/** A small generator of pseudo-random numbers (mulberry32): whole numbers below `n`. */
export function randomBelow(seed: number): (n: number) => number {
  let state = seed | 0;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * n);
  };
}

const NAMES = ["x", "y", "h", "c", "wq", "bias_1", "d", "heads", "B", "T", "N", "model", "data", "layer", "train", "embed", "sum", "mean", "softmax", "index", "real", "size", "step", "training"];
const KINDS = ["layer", "model", "optimizer", "train", "data", "weights"];

class Generator {
  readonly below: (n: number) => number;
  /** Falls with every node, so that programs end. */
  fuel: number;
  /** How many brackets are open: in them a line may end anywhere. */
  open = 0;

  constructor(seed: number, size: number) {
    this.below = randomBelow(seed);
    this.fuel = size * 12;
  }

  file(): string {
    const tops: string[] = [];
    for (let n = 1 + this.below(4); n > 0; n--) {
      const kind = this.below(8);
      if (kind === 0) tops.push(`use ${this.text()}`);
      else if (kind <= 2) tops.push(`fn ${this.method(1)}`);
      else tops.push(this.declaration(1));
    }
    return tops.map((top) => `${this.commentLines("")}${top}${this.lineEnd()}`).join("");
  }

  // --- items ---

  declaration(depth: number): string {
    const params = this.below(4) === 0 ? "" : this.parameters();
    const like = this.below(5) === 0 ? ` like ${this.name()}` : "";
    return `${this.pick(KINDS)} ${this.name()}${params}${like} ${this.block(depth)}`;
  }

  block(depth: number): string {
    const pad = "  ".repeat(this.below(10) === 0 ? this.below(5) : depth);
    const count = this.below(this.fuel > 0 ? 5 : 2);
    if (this.below(4) === 0) return `{ ${Array.from({ length: Math.min(count, 3) }, () => this.item(depth + 1)).join("; ")} }`;
    const lines = Array.from({ length: count }, () => `${this.commentLines(pad)}${pad}${this.item(depth + 1)}${this.lineEnd()}`);
    return `{${this.below(6) === 0 ? " // opened" : ""}\n${lines.join("")}${this.commentLines(pad)}${"  ".repeat(depth - 1)}}`;
  }

  item(depth: number): string {
    this.fuel--;
    const deep = depth < 6 && this.fuel > 0;
    switch (this.below(deep ? 13 : 8)) {
      case 0:
        return `${this.pick(["param", "state", "draw"])} ${this.name()}: ${this.type()} ~${this.after()}${this.expr()}`;
      case 1:
        return `let ${this.name()} =${this.after()}${this.expr()}`;
      case 2:
        return `require ${this.exprs()}`;
      case 3:
        return `return ${this.exprs()}`;
      case 4:
        return `${this.name()}: ${this.type()}`;
      case 5:
      case 6:
      case 7:
        return `${this.separated(1 + this.below(2), () => this.target())} =${this.after()}${this.exprs()}`;
      case 8: {
        let out = `if ${this.expr()} ${this.block(depth)}`;
        while (this.below(3) === 0) out += `${this.before()}else if ${this.expr()} ${this.block(depth)}`;
        return this.below(2) === 0 ? out : `${out}${this.before()}else ${this.block(depth)}`;
      }
      case 9:
        return `for ${this.name()} ${this.pick(["<", "in"])} ${this.expr()} ${this.block(depth)}`;
      case 10:
        return `scan ${this.name()} < ${this.expr()} with ${this.separated(1 + this.below(2), () => `${this.name()} = ${this.expr()}`)} ${this.block(depth)}`;
      case 11:
        return this.declaration(depth);
      default:
        return this.method(depth);
    }
  }

  method(depth: number): string {
    const results = this.below(2) === 0 ? "" : `${this.before()}-> ${this.separated(1 + this.below(2), () => this.type())}`;
    return `${this.name()}${this.parameters()}${results} ${this.below(2) === 0 && this.fuel > 0 ? this.block(depth) : `=${this.after()}${this.exprs()}`}`;
  }

  parameters(): string {
    return this.bracketed("(", ")", () => this.separated(this.below(4), () => `${this.name()}${this.below(2) === 0 ? `: ${this.type()}` : ""}${this.below(3) === 0 ? ` = ${this.expr()}` : ""}`));
  }

  type(): string {
    const dims = (): string => this.bracketed("[", "]", () => this.separated(this.below(4), () => this.dim()));
    if (this.below(2) === 0) return dims();
    const argument = this.below(3) === 0 ? this.bracketed("(", ")", () => this.expr()) : "";
    return `${this.name()}${argument}${this.below(2) === 0 ? dims() : ""}`;
  }

  dim(): string {
    return this.below(5) === 0 ? "..." : this.expr();
  }

  target(): string {
    let out = this.name();
    while (this.below(3) === 0) out += this.below(2) === 0 ? `.${this.name()}` : this.slots();
    return out;
  }

  slots(): string {
    return this.bracketed("[", "]", () => {
      const where = this.below(6) === 0 ? ` where ${this.expr()}` : "";
      const fill = this.below(8) === 0 ? ` else ${this.expr()}` : "";
      return `${this.separated(this.below(4), () => this.dim())}${where}${fill}`;
    });
  }

  // --- expressions, one function for each level of the grammar ---

  exprs(): string {
    return this.separated(this.below(5) === 0 ? 2 : 1, () => this.expr());
  }

  expr(): string {
    this.fuel--;
    if (this.fuel > 0 && this.below(9) === 0) return `if ${this.expr()}${this.before()}then ${this.expr()}${this.before()}else ${this.expr()}`;
    return this.chain(10, ["or"], () => this.chain(9, ["and"], () => this.negation()));
  }

  negation(): string {
    return this.below(14) === 0 ? `not ${this.negation()}` : this.chain(6, ["<", "<=", ">", ">=", "==", "!=", "divides"], () => this.sum());
  }

  sum(): string {
    return this.chain(4, ["+", "-"], () => this.chain(4, ["*", "/", "%"], () => this.factor()));
  }

  factor(): string {
    return this.below(12) === 0 ? `-${this.factor()}` : this.applied();
  }

  applied(): string {
    if (this.fuel <= 0 || this.below(6) !== 0) return this.power();
    const head = this.below(3) === 0 ? this.name() + this.args() : this.name() + this.slots();
    return `${head} ${this.product()}`;
  }

  product(): string {
    let out = this.applied();
    while (this.below(3) === 0) out += `${this.before()}${this.pick(["*", "/", "%"])}${this.after()}${this.factor()}`;
    return out;
  }

  power(): string {
    return this.below(8) === 0 ? `${this.postfix()}^${this.factor()}` : this.postfix();
  }

  postfix(): string {
    let out = this.primary();
    if (/^\d/.test(out)) return out; // `2.d` would be one token
    while (this.fuel > 0 && this.below(4) === 0) {
      this.fuel--;
      out += this.below(2) === 0 ? this.slots() : `.${this.name()}${this.below(2) === 0 ? this.args() : ""}`;
    }
    return out;
  }

  primary(): string {
    this.fuel--;
    switch (this.below(this.fuel > 0 ? 10 : 7)) {
      case 0:
        return this.pick(["0", "1", "12", "0.5", "1e-5", "2.5E+3", "10000"]);
      case 1:
        return this.below(3) === 0 ? this.text() : this.pick(["true", "false"]);
      case 7:
        return this.bracketed("(", ")", () => this.expr());
      case 8:
      case 9:
        return this.name() + this.args();
      default:
        return this.name();
    }
  }

  args(): string {
    return this.bracketed("(", ")", () => {
      const plain = this.below(3);
      let index = 0;
      return this.separated(plain + this.below(2), () => (index++ < plain ? this.expr() : `${this.name()}: ${this.expr()}`));
    });
  }

  // --- words and blanks ---

  chain(rarity: number, signs: readonly string[], operand: () => string): string {
    let out = operand();
    while (this.fuel > 0 && this.below(rarity) === 0) out += `${this.before()}${this.pick(signs)}${this.after()}${operand()}`;
    return out;
  }

  separated(count: number, one: () => string): string {
    return Array.from({ length: count }, one).join(this.below(4) === 0 ? "," : `,${this.after()}`);
  }

  bracketed(left: string, right: string, inner: () => string): string {
    this.open++;
    const text = `${left}${this.loose()}${inner()}${this.loose()}${right}`;
    this.open--;
    return text;
  }

  /** Between two tokens in brackets. */
  loose(): string {
    const n = this.below(40);
    return n === 0 ? "\n" : n === 1 ? " // inside\n" : n === 2 ? "\t" : "";
  }

  /** Behind a token that cannot end an item. */
  after(): string {
    const n = this.below(60);
    return n === 0 ? "\n    " : n === 1 ? " // goes on\n" : n === 2 ? " \r\n" : " ";
  }

  /** Before a token that cannot begin an item. */
  before(): string {
    return this.below(50) === 0 ? "\n   " : " ";
  }

  lineEnd(): string {
    return this.pick(["\n", "\n", "\n", "\n\n", "\n\n\n", "\r\n", ";\n", "; \n", " // behind\n", "\t\n"]);
  }

  commentLines(pad: string): string {
    return this.below(6) === 0 ? `${pad}${this.pick(["// a remark", "/// What it is.", "/// One\n/// and two.", "//", "// expect: kernels <= 9"])}\n` : "";
  }

  text(): string {
    return this.pick(['"a.tfm"', '""', '"h.{l}.weight"', '"a \\"b\\" \\\\ c"', '"tab\\tand\\nline"', '"été 漢字 // no comment"']);
  }

  name(): string {
    return this.pick(NAMES);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}
