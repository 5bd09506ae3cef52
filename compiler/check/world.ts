/** What elaboration carries along: the world (one check), a run (one graph), a frame (one call), a context (one expression). */
import type { Callable, Decl, Expr as Node } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/source.ts";
import { placeOf, positionAt } from "../../grammar/source.ts";
import { GraphBuilder } from "../ir/builder.ts";
import type { AccessExpr, Expr, Graph, GraphOutput, Origin, Value, ValueId } from "../ir/graph.ts";
import { renameValues } from "../ir/expr.ts";
import { mapExpressions, operandsOf } from "../ir/walk.ts";
import type { Interval } from "../ops/interval.ts";
import type { CheckCode } from "./errors.ts";
import { Facts } from "./facts.ts";
import type { Everything, Instance, NamedResult, SizeRequirement } from "./model.ts";
import type { OpenScan } from "./scan.ts";
import type { FileScope } from "./scope.ts";
import type { IndexVar, InstanceVal, ParamVal, Size, Tensor, Val } from "./value.ts";

/** Leaves the elaboration when a file asks for too much of it; check.ts makes a diagnostic of it. */
export class Exhausted extends Error {
  readonly span: Span;
  readonly reason: "work" | "depth";
  constructor(span: Span, reason: "work" | "depth") {
    super(`internal: elaboration exhausted (${reason})`);
    this.span = span;
    this.reason = reason;
  }
}

/** Expressions and items that one check may elaborate; the largest sketch takes a fiftieth. */
const FUEL = 400_000;
const DEEPEST = 160;

const OF_SIZES: ReadonlySet<string> = new Set<CheckCode>([
  "argument-rank", "argument-size", "empty-parameter", "index-range", "inexact-size", "out-of-bounds", "range-too-short", "rank-mismatch", "require-fails",
  "result-size", "shape-mismatch", "size-mismatch",
]);

export class World {
  readonly diagnostics: Diagnostic[] = [];
  readonly parameters: ParamVal[] = [];
  private readonly said = new Set<string>();
  private readonly variables = new Map<number, IndexVar>();
  private nextVariable = 0;
  private muted = 0;
  private depth = 0;
  acceptsUnsupported = false;
  private fuel = FUEL;
  /** What is being elaborated. */
  place: Span | undefined;
  /** Whose functions, or whose body. */
  inside: InstanceVal | undefined;

  /** Each error is reported once, however often its place is elaborated. */
  report(diagnostic: Diagnostic): void {
    if (this.muted > 0 || (this.acceptsUnsupported && diagnostic.code === "unsupported")) return;
    const id = `${diagnostic.code} ${diagnostic.span.file.path} ${diagnostic.span.start}`;
    if (this.said.has(id)) return;
    this.said.add(id);
    this.diagnostics.push(this.withInstance(diagnostic));
  }

  /** Sizes are those of one instance: the message says where it was built. */
  private withInstance(diagnostic: Diagnostic): Diagnostic {
    const self = this.inside;
    if (!self || !OF_SIZES.has(diagnostic.code) || self.span === self.decl.name.span || diagnostic.span.file !== self.home.file.source) return diagnostic;
    return { ...diagnostic, notes: [...diagnostic.notes, `\`${self.title}\` was built at ${placeOf(self.span)}`] };
  }

  /** The work, with what is reported meanwhile told of this instance. */
  within<T>(self: InstanceVal | undefined, work: () => T): T {
    const before = this.inside;
    this.inside = self;
    const result = work();
    this.inside = before;
    return result;
  }

  /** Nothing is reported meanwhile. */
  quietly<T>(work: () => T): T {
    this.muted++;
    try {
      return work();
    } finally {
      this.muted--;
    }
  }

  spend(span: Span, amount = 1): void {
    this.place = span;
    this.fuel -= amount;
    if (this.fuel < 0) throw new Exhausted(span, "work");
  }

  /** One level deeper for the duration of the work. */
  nested<T>(span: Span, work: () => T): T {
    if (this.depth >= DEEPEST) throw new Exhausted(span, "depth");
    this.spend(span);
    this.depth++;
    const result = work();
    this.depth--;
    return result;
  }

  variable(name: string, size: Size): IndexVar {
    const variable = { id: this.nextVariable++, name, size };
    this.variables.set(variable.id, variable);
    return variable;
  }

  variableOf(id: number): IndexVar {
    const found = this.variables.get(id);
    if (!found) throw new Error(`internal: index variable ${id} does not exist`);
    return found;
  }
}

/** The making of one graph. */
export class Run {
  readonly builder: GraphBuilder;
  readonly training: boolean;
  readonly facts: Facts;
  readonly requires: SizeRequirement[] = [];
  /** Of the elements of integer values. */
  readonly intervals = new Map<ValueId, Interval>();
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

  /** What a call of a layer, or of one of its functions, gave. */
  noteResult(path: string, result: Val | undefined): void {
    if (result?.kind === "tensor" && result.body.kind === "access") this.results.push({ path, body: result.body, axes: result.axes });
  }

  /** Only what the outputs need, numbered from 0. */
  finish(outputs: readonly GraphOutput[]): Graph {
    const byId = new Map(this.builder.values.map((value) => [value.id, value]));
    const needed = new Set<ValueId>();
    const visit = (id: ValueId): void => {
      if (needed.has(id)) return;
      needed.add(id);
      for (const operand of operandsOf(byId.get(id)!)) visit(operand);
    };
    for (const output of outputs) visit(output.value);
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

export interface Frame {
  readonly kind: "class" | "function" | "recipe";
  readonly home: FileScope;
  readonly self: InstanceVal | undefined;
  /** Prefix of the names of values. */
  readonly path: string;
  readonly vars: Map<string, Val>;
  /** The axes that `...` stands for. */
  readonly pack: readonly Size[] | undefined;
  /** What is being called or built, outermost first. */
  readonly active: readonly Active[];
  /** Settings of a recipe, evaluated when asked for. */
  readonly settings?: ((name: string) => Val | undefined) | undefined;
  readonly settingNames?: readonly string[] | undefined;
  /** For sites of draws. */
  readonly call: string;
  /** The loop whose items these are. */
  readonly scan?: OpenScan | undefined;
}

export interface Active {
  readonly what: Callable | Decl;
  readonly self: InstanceVal | undefined;
}

export interface Context {
  readonly world: World;
  readonly run: Run;
  readonly frame: Frame;
  /** Of the equation being elaborated; absent in a whole-tensor expression. */
  readonly indices: IndexScope | undefined;
  /** All indices of enclosing equations, those of callers included: their sizes are at least 1 here. */
  readonly live: readonly IndexVar[];
  readonly guards: Guard | undefined;
  /** The index of an enclosing scan, those of callers included. */
  readonly time?: IndexVar | undefined;
  /** The name of what is being computed. */
  readonly naming: string;
  /** Path and list of children for a layer built here. */
  readonly building: { readonly path: string; readonly children: Instance[] } | undefined;
}

export interface IndexScope {
  readonly vars: ReadonlyMap<string, IndexVar>;
  readonly pack: readonly IndexVar[] | undefined;
  /** Whole-tensor expressions under brackets, computed once per equation. */
  readonly bases: Map<Node, Val>;
}

/** What an enclosing condition says of an expression. */
export interface Guard {
  readonly next: Guard | undefined;
  readonly expr: Expr;
  readonly interval: Interval;
}

export function originOf(span: Span): Origin {
  return { path: span.file.path, line: positionAt(span.file, span.start).line };
}

export function joinPath(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(".");
}
