/** Models that are right by construction: shapes, ranges and bounds hold whatever the seed. */
import { randomBelow } from "./random-program.ts";

export interface Variable {
  readonly name: string;
  readonly axes: readonly string[];
}

/** A file with one model whose `forward` is a random chain of equations, layers and whole-tensor expressions; of what it makes the result has the last, or all. */
export function randomModel(seed: number, result: "last" | "all" = "last"): string {
  return new Maker(randomBelow(seed)).file(result);
}

const WORDS = ["alpha", "beta", "gamma", "delta", "omega", "sigma", "theta", "kappa", "lambda_", "zeta", "eta", "iota", "rho", "tau", "phi", "psi"];
const INDICES = ["i", "j", "k", "l", "m", "n", "p", "q", "r", "s"];

export class Maker {
  protected readonly below: (n: number) => number;
  protected readonly params: string[] = [];
  protected readonly layers: string[] = [];
  protected readonly lines: string[] = [];
  protected readonly variables: Variable[] = [];
  protected readonly inputs: string = "x: [B, T, d], keep: bool[B, T]";
  protected readonly settings: string = "";
  protected readonly required: string | undefined;
  private made = 0;

  constructor(below: (n: number) => number) {
    this.below = below;
  }

  file(result: "last" | "all"): string {
    const { d, e } = this.widths();
    this.variables.push({ name: "x", axes: ["B", "T", "d"] });
    for (let k = 2 + this.below(9); k > 0; k--) this.statement();
    const results = (result === "all" ? this.variables.slice(1) : this.variables.slice(-1)).map(({ name, axes }) => {
      const indices = this.indices(axes).join(",");
      return `${this.pick(["sum", "mean", "max"])}[${indices}] ${name}[${indices}]`;
    });
    return [
      `model Random(d = ${d}, e = ${e}${this.settings}) {`,
      ...this.params.map((line) => `  ${line}`),
      ...this.layers.map((line) => `  ${line}`),
      "",
      `  forward(${this.inputs}) -> real {`,
      ...(this.required === undefined ? [] : [`    ${this.required}`]),
      ...this.lines.map((line) => `    ${line}`),
      `    return ${results.join(" + ")}`,
      "  }",
      "}",
      "",
    ].join("\n");
  }

  protected widths(): { readonly d: number; readonly e: number } {
    return { d: 2 + this.below(9), e: 1 + this.below(9) };
  }

  protected statement(): void {
    const from = this.pick(this.variables);
    const kinds = [() => this.map(from), () => this.contract(from), () => this.reduce(from), () => this.permute(from), () => this.shift(from), () => this.whole(from), () => this.normalise(from), () => this.layer(from), () => this.masked(from)];
    this.pick(kinds)();
  }

  protected map({ name, axes }: Variable): void {
    const at = this.indices(axes);
    const f = this.pick(["exp(-abs(%))", "relu(%)", "% ^ 2 + 1", "if % > 0 then % else 0.5 * %", "tanh(%) / 2", "gelu(%)", "min(%, 1) - max(%, -1)"]);
    this.assign(axes, at, f.replaceAll("%", `${name}[${at.join(",")}]`));
  }

  private contract({ name, axes }: Variable): void {
    const along = this.below(axes.length);
    const at = this.indices([...axes, "e"]);
    const out = at.pop()!;
    const weight = this.fresh();
    const size = axes[along]!;
    if (size !== "d" && size !== "e") return this.reduce({ name, axes });
    const other = this.pick(["d", "e"]);
    this.params.push(`param ${weight}: [${size}, ${other}] ~ xavier(${size}, ${other})`);
    const summed = at[along]!;
    const left = [...at.filter((_, k) => k !== along), out];
    this.assign([...axes.filter((_, k) => k !== along), other], left, `sum[${summed}] ${name}[${at.join(",")}] * ${weight}[${summed},${out}]`);
  }

  private reduce({ name, axes }: Variable): void {
    if (axes.length < 2) return this.map({ name, axes });
    const along = this.below(axes.length);
    const at = this.indices(axes);
    const where = this.below(2) === 0 ? ` where ${name}[${at.join(",")}] > 0` : "";
    this.assign(axes.filter((_, k) => k !== along), at.filter((_, k) => k !== along), `${this.pick(["sum", "mean", "max", "min"])}[${at[along]}${where}] ${name}[${at.join(",")}]`);
  }

  private permute({ name, axes }: Variable): void {
    const at = this.indices(axes);
    const order = axes.map((_, k) => k);
    for (let k = order.length - 1; k > 0; k--) {
      const j = this.below(k + 1);
      [order[k], order[j]] = [order[j]!, order[k]!];
    }
    this.assign(order.map((k) => axes[k]!), order.map((k) => at[k]!), `${name}[${at.join(",")}]`);
  }

  private shift({ name, axes }: Variable): void {
    const along = this.below(axes.length);
    const at = this.indices(axes);
    const by = 1 + this.below(3);
    const slots = (text: string): string => at.map((index, k) => (k === along ? text : index)).join(",");
    const left = at.map((index, k) => (k === along ? `${index} < ${axes[along]}` : index));
    const i = at[along]!;
    const value = this.pick([
      `${name}[${slots(`${i} - ${by}`)} else 0]`,
      `if ${i} >= ${by} then ${name}[${slots(`${i} - ${by}`)}] else 0.0`,
      `if ${i} + ${by} < ${axes[along]} then ${name}[${slots(`${i} + ${by}`)}] else ${name}[${slots(i)}]`,
      `${name}[${slots(`${axes[along]} - 1 - ${i}`)}]`,
      `${name}[${slots(`${i} / ${by}`)}]`,
      `${name}[${slots(`max(${i} - ${by}, 0)`)}]`,
    ]);
    this.assign(axes, left, value);
  }

  private whole({ name, axes }: Variable): void {
    const made = this.fresh();
    this.lines.push(`${made} = ${this.pick([`${name} * 2 - ${name}`, `relu(${name}) + sigmoid(${name})`, `(1 + ${name}) / 2`, `stop(${name}) * ${name}`])}`);
    this.variables.push({ name: made, axes });
  }

  private normalise({ name, axes }: Variable): void {
    const at = this.indices(axes);
    const along = at[this.below(at.length)]!;
    this.assign(axes, at, `${this.pick(["softmax", "log_softmax", "cumsum"])}[${along}] ${name}[${at.join(",")}]`);
  }

  private layer({ name, axes }: Variable): void {
    const last = axes.at(-1)!;
    if (last !== "d" && last !== "e") return this.whole({ name, axes });
    const [layer, made] = [this.fresh(), this.fresh()];
    const other = this.pick(["d", "e"]);
    const norm = this.below(2) === 0;
    this.layers.push(norm ? `${layer} = ${this.pick(["LayerNorm", "RMSNorm"])}(${last})` : `${layer} = Linear(${last}, ${other}, biased: ${this.pick(["true", "false"])})`);
    this.lines.push(`${made} = ${layer}(${name})`);
    this.variables.push({ name: made, axes: norm ? axes : [...axes.slice(0, -1), other] });
  }

  private masked(from: Variable): void {
    if (from.axes[0] !== "B" || from.axes[1] !== "T") return this.map(from);
    const at = this.indices(from.axes);
    this.assign(from.axes, at, `if keep[${at[0]},${at[1]}] then ${from.name}[${at.join(",")}] else 0.0`);
  }

  protected assign(axes: readonly string[], left: readonly string[], value: string): void {
    const name = this.fresh();
    this.lines.push(`${name}[${left.join(",")}] = ${value}`);
    this.variables.push({ name, axes });
  }

  protected indices(axes: readonly unknown[]): string[] {
    const start = this.below(INDICES.length);
    return axes.map((_, k) => INDICES[(start + k) % INDICES.length]!);
  }

  protected fresh(): string {
    return `${WORDS[this.made % WORDS.length]!}${Math.floor(this.made++ / WORDS.length) || ""}`;
  }

  protected pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}
