/**
 * Random models whose equations read one another in every way that an index can go: lookups by fields of the batch and computed ones,
 * parts of an axis, pairs of values, loops over time. Right by construction, as those of random-model.ts, of which this is more.
 */
import { Maker, type Variable } from "./random-model.ts";
import { randomBelow } from "./random-program.ts";

/** For batches of at least one row and two times. */
export function randomGathers(seed: number): string {
  return new Gatherer(randomBelow(seed)).file("all");
}

const MOST_AXES = 4;

class Gatherer extends Maker {
  protected override readonly inputs = "x: [B, T, d], keep: bool[B, T], ids: index(rows)[B, T], at: index(T)[B, T]";
  protected override readonly settings = ", rows = 7";
  protected override readonly required = "require B > 0, T > 1";

  /** Even: `split` halves them. */
  protected override widths(): { readonly d: number; readonly e: number } {
    return { d: 2 + 2 * this.below(4), e: 2 + 2 * this.below(4) };
  }

  protected override statement(): void {
    const from = this.pick(this.variables);
    const kinds = [
      () => this.lookup(), () => this.lookup(), () => this.summedLookup(), () => this.gathered(from), () => this.best(from), () => this.pair(from), () => this.pair(from),
      () => this.joined(from), () => this.part(from), () => this.part(from), () => this.split(from), () => this.loop(from), () => this.masks(from), () => this.convolved(from), () => this.routed(from), () => this.tied(from), () => this.parameter(), () => super.statement(),
    ];
    this.pick(kinds)();
  }

  /** A row for each place, or for some of them. */
  private lookup(): void {
    const [b, t, i] = this.indices([1, 2, 3]) as [string, string, string];
    const table = this.table();
    const { row, times } = this.row(b, t);
    const value = this.pick([`${table}[${row},${i}]`, `${table}[${row},${i}] * (${t} + 1)`, `if keep[${b},${t}] then ${table}[${row},${i}] else 0.0`, `tanh(${table}[${row},${i}]) * x[${b},${t},${i}]`]);
    const order = this.pick([[0, 1, 2], [1, 0, 2], [2, 0, 1], [0, 2, 1]]);
    const [axes, left] = [["B", times, "d"], [`${b} < B`, `${t} < ${times}`, i]];
    this.assign(order.map((k) => axes[k]!), order.map((k) => left[k]!), value);
  }

  private summedLookup(): void {
    const [b, t, i] = this.indices([1, 2, 3]) as [string, string, string];
    const table = this.table();
    const { row, times } = this.row(b, t);
    const value = `${table}[${row},${i}]`;
    const where = this.below(2) === 0 ? ` where keep[${b},${t}]` : "";
    this.pick([
      () => this.assign(["B", "d"], [`${b} < B`, i], `${this.pick(["sum", "mean"])}[${t} < ${times}${where}] ${value}`),
      () => this.assign(["B", times], [`${b} < B`, `${t} < ${times}`], `sum[${i}] ${value} * x[${b},${t},${i}]`),
      () => this.assign(["d"], [i], `sum[${b} < B, ${t} < ${times}${where}] ${value}`),
      () => this.assign(["d", "B"], [i, `${b} < B`], `${this.pick(["max", "min"])}[${t} < ${times}] ${value}`),
    ])();
  }

  /** An index of a row, and how far the time may go for it. */
  private row(b: string, t: string): { readonly row: string; readonly times: string } {
    return this.pick([
      { row: `ids[${b},${t}]`, times: "T" },
      { row: `ids[${b},${t}]`, times: "(T - 1)" },
      { row: `ids[${b},${t}]`, times: "floor(T / 2)" },
      { row: `ids[${b},${t} + 1]`, times: "(T - 1)" },
      { row: `ids[${b},max(${t} - 1, 0)]`, times: "T" },
      { row: `ids[${b},${t} / 2]`, times: "T" },
      { row: `ids[${b},T - 1 - ${t}]`, times: "T" },
      { row: `ids[${b},at[${b},${t}]]`, times: "T" },
      { row: `(if keep[${b},${t}] then ids[${b},${t}] else rows - 1)`, times: "T" },
      { row: `(if keep[${b},${t}] then ids[${b},${t}] else rows - 1)`, times: "(T - 1)" },
      { row: `((ids[${b},${t}] + ${t}) % rows)`, times: "T" },
      { row: `(if x[${b},${t},0] > 0 then ids[${b},${t}] else 0)`, times: "T" },
    ]);
  }

  private table(): string {
    const table = this.fresh();
    this.params.push(`param ${table}: [rows, d] ~ normal(1)`);
    return table;
  }

  /** A value at the places that a field of the batch names. */
  private gathered({ name, axes }: Variable): void {
    if (axes[0] !== "B" || axes[1] !== "T") return this.lookup();
    const at = this.indices(axes);
    const [b, t, ...rest] = at as [string, string, ...string[]];
    const times = this.pick(["T", "(T - 1)", "floor(T / 2)"]);
    const place = this.pick([`at[${b},${t}]`, `at[${b},T - 1 - ${t}]`, `min(at[${b},${t}], ${t})`, `(if keep[${b},${t}] then at[${b},${t}] else 0)`]);
    this.assign(["B", times, ...axes.slice(2)], [`${b} < B`, `${t} < ${times}`, ...rest], `${name}[${[b, place, ...rest].join(",")}]`);
  }

  /** The largest along an axis that is never empty, by its place. */
  private best({ name, axes }: Variable): void {
    const along = axes.findLastIndex((axis) => axis === "d" || axis === "e" || axis === "T");
    if (along < 0 || axes.length < 2) return this.lookup();
    const at = this.indices(axes);
    const place = this.fresh();
    const others = at.filter((_, k) => k !== along);
    this.lines.push(`${place}[${others.join(",")}] = argmax[${at[along]}] ${name}[${at.join(",")}]`);
    this.assign(axes.filter((_, k) => k !== along), others, `${name}[${at.map((index, k) => (k === along ? `${place}[${others.join(",")}]` : index)).join(",")}]`);
  }

  /** A sum over an axis that two values share; of the others that they share, some are one index. */
  private pair(one: Variable): void {
    const other = this.pick(this.variables);
    const shared = one.axes.filter((axis) => other.axes.includes(axis));
    if (shared.length === 0) return this.part(one);
    const along = this.pick(shared);
    const names = this.indices([...one.axes, ...other.axes]);
    const ones = one.axes.map((_, k) => names[k]!);
    const others = other.axes.map((axis, k): string => {
      const same = one.axes.indexOf(axis);
      if (axis === along && k === other.axes.indexOf(along)) return ones[one.axes.indexOf(along)]!;
      return same >= 0 && axis !== along && other.axes.indexOf(axis) === k && this.below(3) > 0 ? ones[same]! : names[one.axes.length + k]!;
    });
    const summed = ones[one.axes.indexOf(along)]!;
    const left = [...new Set([...ones, ...others])].filter((index) => index !== summed);
    if (left.length === 0 || left.length > MOST_AXES) return this.part(one);
    const sizeOf = (index: string): string => one.axes[ones.indexOf(index)] ?? other.axes[others.indexOf(index)]!;
    const outer = left.filter((index) => ["T", "B"].includes(sizeOf(index)));
    const where = along === "T" && outer.length > 0 && this.below(3) === 0 ? ` where ${summed} <= ${outer[0]}` : "";
    const value = `${one.name}[${ones.join(",")}] * ${other.name}[${others.join(",")}]`;
    this.assign(left.map(sizeOf), left, `sum[${summed}${where}] ${this.pick([value, value, `tanh(${value})`])}`);
  }

  /** One value behind another along an axis. */
  private joined({ name, axes }: Variable): void {
    const along = this.below(axes.length);
    const size = axes[along]!;
    const fits = this.variables.filter((other) => other.axes.length === axes.length && other.axes.every((axis, k) => axis === axes[k]));
    const other = this.pick(fits);
    const at = this.indices(axes);
    const slots = (text: string): string => at.map((index, k) => (k === along ? text : index)).join(",");
    const t = at[along]!;
    const total = `(${size} + ${size})`;
    if (total.length > 30) return this.part({ name, axes });
    this.assign(axes.map((axis, k) => (k === along ? total : axis)), at.map((index, k) => (k === along ? `${t} < ${total}` : index)), `if ${t} < ${size} then ${name}[${slots(t)}] else ${other.name}[${slots(`${t} - ${size}`)}]`);
  }

  /** Some of the times, neighbours beside each other. */
  private part({ name, axes }: Variable): void {
    const along = axes.indexOf("T");
    if (along < 0) return this.map({ name, axes });
    const at = this.indices(axes);
    const t = at[along]!;
    const one = (text: string): string => `${name}[${at.map((index, k) => (k === along ? text : index)).join(",")}]`;
    const [times, value] = this.pick([
      ["(T - 1)", `${one(`${t} + 1`)} - ${one(t)}`],
      ["(T - 1)", one(t)],
      ["floor(T / 2)", one(`2 * ${t} + 1`)],
      ["floor(T / 2)", `${one(`2 * ${t}`)} * ${one(`2 * ${t} + 1`)}`],
      ["(2 * T)", one(`${t} / 2`)],
      ["(T + 1)", `if ${t} == 0 then 0.0 else ${one(`${t} - 1`)}`],
      ["T", `if ${t} % 2 == 0 then ${one(t)} else 0.5`],
    ] as const);
    this.assign(axes.map((axis, k) => (k === along ? times : axis)), at.map((index, k) => (k === along ? `${t} < ${times}` : index)), value);
  }

  /** An axis of known length as two, or two of them as one. */
  private split({ name, axes }: Variable): void {
    const along = axes.findIndex((axis) => axis === "d" || axis === "e");
    if (along < 0 || axes.length >= MOST_AXES) return this.map({ name, axes });
    const size = axes[along]!;
    const at = this.indices([...axes, "more"]);
    const more = at.pop()!;
    const [left, outer] = [at.flatMap((index, k) => (k === along ? [`${more} < 2`, `${index} < ${size} / 2`] : [index])), axes.flatMap((axis, k) => (k === along ? ["2", `(${size} / 2)`] : [axis]))];
    const slot = this.pick([`${more} * (${size} / 2) + ${at[along]}`, `${at[along]} * 2 + ${more}`]);
    this.assign(outer, left, `${name}[${at.map((index, k) => (k === along ? slot : index)).join(",")}]`);
  }

  /** Neighbours in time by their distance, all channels or each by itself, with strides and gaps. */
  private convolved({ name, axes }: Variable): void {
    if (axes.length !== 3 || axes[0] !== "B" || axes[1] !== "T" || (axes[2] !== "d" && axes[2] !== "e")) return this.parameter();
    const [b, t, i, o, k] = this.indices([1, 2, 3, 4, 5]) as [string, string, string, string, string];
    const [weight, size] = [this.fresh(), axes[2]];
    const { place, times } = this.pick([
      { place: `${t} + ${k} - 1`, times: "T" },
      { place: `${t} - ${k}`, times: "T" },
      { place: `${t} - 2 * ${k}`, times: "T" },
      { place: `2 * ${t} + ${k} - 1`, times: "ceil(T / 2)" },
    ]);
    if (this.below(2) === 0) {
      this.params.push(`param ${weight}: [3, ${size}, e] ~ normal(0.5)`);
      return this.assign(["B", times, "e"], [`${b} < B`, `${t} < ${times}`, o], `sum[${k}, ${i}] ${name}[${b},${place},${i} else 0] * ${weight}[${k},${i},${o}]`);
    }
    this.params.push(`param ${weight}: [3, ${size}] ~ normal(0.5)`);
    this.assign(["B", times, size], [`${b} < B`, `${t} < ${times}`, i], `sum[${k}] ${name}[${b},${place},${i} else 0] * ${weight}[${k},${i}]`);
  }

  /** A matrix for each place, chosen by a field or by the largest of scores. */
  private routed({ name, axes }: Variable): void {
    if (axes.length !== 3 || axes[0] !== "B" || axes[1] !== "T" || (axes[2] !== "d" && axes[2] !== "e")) return this.parameter();
    const [b, t, i, o] = this.indices([1, 2, 3, 4]) as [string, string, string, string];
    const [weight, size] = [this.fresh(), axes[2]];
    this.params.push(`param ${weight}: [rows, ${size}, e] ~ normal(0.5)`);
    let chosen = this.pick([`ids[${b},${t}]`, `(if keep[${b},${t}] then ids[${b},${t}] else 0)`]);
    if (this.below(2) === 0) {
      const [score, gate] = [this.fresh(), this.fresh()];
      this.params.push(`param ${gate}: [${size}, rows] ~ normal(1)`);
      this.lines.push(`${score}[${b},${t}] = argmax[${o}] sum[${i}] ${name}[${b},${t},${i}] * ${gate}[${i},${o}]`);
      chosen = `${score}[${b},${t}]`;
    }
    this.assign(["B", "T", "e"], [b, t, o], `sum[${i}] ${name}[${b},${t},${i}] * ${weight}[${chosen},${i},${o}]`);
  }

  /** A table that is looked up and multiplied with. */
  private tied({ name, axes }: Variable): void {
    if (axes.join() !== "B,T,d") return this.lookup();
    const [b, t, i, v] = this.indices([1, 2, 3, 4]) as [string, string, string, string];
    const [table, word, scores] = [this.table(), this.fresh(), this.fresh()];
    this.lines.push(`${word}[${b},${t},${i}] = ${table}[ids[${b},${t}],${i}] + ${name}[${b},${t},${i}]`);
    this.lines.push(`${scores}[${b},${t},${v}] = sum[${i}] ${word}[${b},${t},${i}] * ${table}[${v},${i}]`);
    const next = this.pick([`ids[${b},${t}]`, `ids[${b},min(${t} + 1, T - 1)]`]);
    this.assign(["B", "T"], [b, t], `logsumexp[${v}] ${scores}[${b},${t},${v}] - ${scores}[${b},${t},${next}]`);
  }

  private parameter(): void {
    const name = this.fresh();
    const axes = this.pick([["d"], ["e"], ["d", "e"], ["e", "d"]]);
    this.params.push(`param ${name}: [${axes.join(", ")}] ~ normal(1)`);
    this.variables.push({ name, axes });
  }

  /** A state that goes through all times, with what it is there. */
  private loop({ name, axes }: Variable): void {
    if (axes.join() !== "B,T,d" && axes.join() !== "B,T,e") return this.masks({ name, axes });
    const size = axes[2]!;
    const [state, start, now, seen, weight] = [this.fresh(), this.fresh(), this.fresh(), this.fresh(), this.fresh()];
    this.params.push(`param ${weight}: [${size}, ${size}] ~ xavier(${size}, ${size})`);
    const [b, t, i, j] = this.indices([1, 2, 3, 4]) as [string, string, string, string];
    const fed = this.pick([`${name}[${b},${t},${i}]`, `if keep[${b},${t}] then ${name}[${b},${t},${i}] else 0.0`, `${name}[${b},at[${b},${t}],${i}]`, `${name}[${b},T - 1 - ${t},${i}]`, ...(size === "d" ? [`${this.table()}[ids[${b},${t}],${i}]`] : [])]);
    const next = this.pick([`tanh(${now}[${b},${j}] + sum[${i}] ${state}[${b},${i}] * ${weight}[${i},${j}])`, `0.5 * ${state}[${b},${j}] + ${now}[${b},${j}]`, `if keep[${b},${t}] then ${now}[${b},${j}] * ${state}[${b},${j}] + ${weight}[${j},0] else ${state}[${b},${j}]`]);
    this.lines.push(
      `${start}[${b} < B, ${i} < ${size}] = 0.5`,
      `scan ${t} < T with ${state} = ${start} {`,
      `  ${now}[${b},${i}] = ${fed}`,
      `  ${state}[${b},${j}] = ${next}`,
      `  ${seen}[${b},${t},${i}] = ${state}[${b},${i}]`,
      "}",
    );
    this.variables.push({ name: seen, axes }, { name: state, axes: ["B", size] });
  }

  /** What a condition on two indices leaves. */
  private masks({ name, axes }: Variable): void {
    const along = axes.indexOf("T");
    if (along < 0 || axes.length >= MOST_AXES) return this.map({ name, axes });
    const at = this.indices([...axes, "T"]);
    const s = at.pop()!;
    const t = at[along]!;
    const condition = this.pick([`${s} <= ${t}`, `${s} < ${t}`, `${t} <= ${s} and ${s} < ${t} + 2`, `${s} != ${t}`, axes[0] === "B" && along > 0 ? `${s} <= ${t} and keep[${at[0]},${s}]` : `${s} >= ${t}`]);
    const one = (place: string): string => `${name}[${at.map((index, k) => (k === along ? place : index)).join(",")}]`;
    const value = condition === `${s} <= ${t}` && this.below(2) === 0 ? `${one(s)} * ${one(`${t} - ${s}`)}` : one(s);
    this.assign(axes, at.map((index, k) => (k === along ? `${index} < T` : index)), `${this.pick(["sum", "sum", "mean"])}[${s} where ${condition}] ${this.pick([value, `${value} * (${s} + 1)`, `${value}^2`])}`);
  }
}
