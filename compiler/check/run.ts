import type { Dim } from "../dim.ts";
import { GraphBuilder } from "../ir/builder.ts";
import type { AccessExpr, Expr, Graph, GraphOutput, Origin, Value, ValueId } from "../ir/graph.ts";
import { renameValues } from "../ir/expr.ts";
import { mapExpressions, neededFor, valuesById } from "../ir/walk.ts";
import type { Interval } from "../ops/interval.ts";
import { Facts } from "./facts.ts";
import type { Everything, NamedResult, SizeRequirement } from "./model.ts";
import type { IndexVar, ParamVal, Tensor, Val } from "./value.ts";

/** The making of one graph. */
export class Run {
  readonly builder: GraphBuilder;
  readonly training: boolean;
  readonly facts: Facts;
  readonly requires: SizeRequirement[] = [];
  /** Of the elements of integer values, where two ends cannot be compared by the first of them and by the last (see `Order`). */
  readonly intervals = new Map<ValueId, { readonly first: Interval; readonly last: Interval }>();
  /** Positions that an `argmax` or `argmin` finds: the axis, where it may be empty and they lie outside of it. */
  readonly ofNothing = new Map<ValueId, Dim>();
  /** Leaves of parameters and states by kind and path. */
  readonly leaves = new Map<string, Tensor>();
  readonly reached = new Set<string>();
  /** Next contents of states, by path. */
  readonly written = new Map<string, { readonly param: ParamVal; readonly value: Tensor }>();
  readonly hosted = new Map<string, Expr>();
  /** While building layers nothing may be computed. */
  readonly building: boolean;
  /** Checked alone, with symbols for hyperparameters: what is not known is taken as it should be. */
  readonly symbolic: boolean;
  /** Whether anything depended on `training`. */
  askedTraining = false;
  private readonly names = new Map<string, number>();
  private readonly calls = new Map<string, number>();
  private readonly renamed = new Map<ValueId, string>();
  private readonly provisional = new Set<ValueId>();
  /** What calls gave, in order. */
  private readonly results: { readonly path: string; readonly body: AccessExpr; readonly axes: readonly IndexVar[] }[] = [];
  private needed: ReadonlySet<ValueId> = new Set();

  constructor(name: string, options: { readonly training?: boolean; readonly facts?: Facts; readonly building?: boolean; readonly symbolic?: boolean } = {}) {
    this.builder = new GraphBuilder(name);
    this.training = options.training ?? false;
    this.facts = options.facts ?? new Facts();
    this.building = options.building ?? false;
    this.symbolic = options.symbolic ?? false;
  }

  /** `x`, then `x~2`, `x~3`. */
  uniqueName(base: string): string {
    const count = (this.names.get(base) ?? 0) + 1;
    this.names.set(base, count);
    return count === 1 ? base : `${base}~${count}`;
  }

  /** How many calls with this path came before. */
  callNumber(path: string): number {
    const count = this.calls.get(path) ?? 0;
    this.calls.set(path, count + 1);
    return count;
  }

  /** The value may take the name of the variable that it is assigned to. */
  nameLater(id: ValueId): void {
    this.provisional.add(id);
  }

  isProvisional(id: ValueId): boolean {
    return this.provisional.has(id);
  }

  nameNow(id: ValueId, name: string): void {
    this.renamed.set(id, name);
    this.provisional.delete(id);
  }

  /** Makes a value that no other reads, so that only who looks inside finds it. */
  noteScalar(name: string, body: Expr, origin: Origin): void {
    const { builder } = this, before = builder.origin;
    builder.origin = origin;
    builder.map(name, [], body);
    builder.origin = before;
  }

  /** What a call of a layer, or of one of its functions, gave. */
  noteResult(path: string, result: Val | undefined): void {
    if (result?.kind === "tensor" && result.body.kind === "access") this.results.push({ path, body: result.body, axes: result.axes });
  }

  /** Only what the outputs need, numbered from 0. */
  finish(outputs: readonly GraphOutput[]): Graph {
    const needed = neededFor(outputs.map((output) => output.value), valuesById(this.builder));
    this.needed = needed;
    return this.graphOf(this.builder.values.filter(({ id }) => needed.has(id)), outputs).graph;
  }

  /** Of a finished run: with what no output needs. What outputs need has the name that it has in the finished graph. */
  everything(outputs: readonly GraphOutput[]): Everything {
    const { graph, renumbered } = this.graphOf(this.builder.values, outputs);
    const results: NamedResult[] = [];
    const calls = new Map<string, number>();
    for (const { path, body, axes } of this.results) {
      const call = (calls.get(path) ?? 0) + 1;
      calls.set(path, call);
      const value = renumbered.get(body.value);
      // A view of a value, such as a row of it, is not the value; within a loop the time stands before the axes.
      const outer = body.slots.length - axes.length;
      const whole = body.slots.every((slot, k) => slot.kind === "index" && (k < outer || slot.at === axes[k - outer]!.id));
      if (value !== undefined && whole) results.push({ name: call === 1 ? path : `${path}~${call}`, value });
    }
    return { graph, results };
  }

  private graphOf(chosen: readonly Value[], outputs: readonly GraphOutput[]): { readonly graph: Graph; readonly renumbered: ReadonlyMap<ValueId, ValueId> } {
    const names = this.namesOf([...chosen.filter(({ id }) => this.needed.has(id)), ...chosen.filter(({ id }) => !this.needed.has(id))]);
    const renumbered = new Map(chosen.map(({ id }, at) => [id, at]));
    const values = chosen
      .map((value, at) => {
        const renamed = mapExpressions(value, (expr) => renameValues(expr, (id) => renumbered.get(id) ?? id));
        return { ...renamed, id: at, name: names.get(value.id)! };
      })
      .map((value) => (value.kind === "carry" ? { ...value, init: renumbered.get(value.init)!, next: renumbered.get(value.next)! } : value));
    return { graph: { name: this.builder.name, values, outputs: outputs.map((output) => ({ ...output, value: renumbered.get(output.value)! })) }, renumbered };
  }

  /** The second of a name is `name~2`. */
  private namesOf(values: readonly Value[]): ReadonlyMap<ValueId, string> {
    const counts = new Map<string, number>();
    return new Map(
      values.map((value) => {
        const base = this.renamed.get(value.id) ?? value.name;
        const count = (counts.get(base) ?? 0) + 1;
        counts.set(base, count);
        return [value.id, count === 1 ? base : `${base}~${count}`];
      }),
    );
  }
}
