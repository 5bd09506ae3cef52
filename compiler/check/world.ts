/** What elaboration carries along: the world (one check), a run (one graph: run.ts), a frame (one call), a context (one expression). */
import type { Callable, Decl, Expr as Node } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/source.ts";
import { positionAt } from "../../grammar/source.ts";
import type { Expr, Origin } from "../ir/graph.ts";
import type { Interval } from "../ops/interval.ts";
import type { Ended } from "./ended.ts";
import type { CheckCode } from "./errors.ts";
import type { Instance } from "./model.ts";
import type { Run } from "./run.ts";
import type { OpenScan } from "./scan.ts";
import type { FileScope } from "./scope.ts";
import type { IndexVar, InstanceVal, ParamVal, Size, Val } from "./value.ts";
import { builtAt } from "./message.ts";

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
  "result-size", "shape-mismatch", "size-mismatch", "size-negative",
]);

export class World {
  readonly diagnostics: Diagnostic[] = [];
  readonly parameters: ParamVal[] = [];
  private readonly said = new Set<string>();
  private readonly subjects = new Map<object, Set<string>>();
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

  /** Remembers that an error about a part of the source was reported, so that what follows from it need not be; what is not reported does not count. */
  tell(subject: object, name = ""): void {
    if (this.muted === 0) this.subjects.set(subject, (this.subjects.get(subject) ?? new Set()).add(name));
  }

  told(subject: object, name = ""): boolean {
    return this.subjects.get(subject)?.has(name) === true;
  }

  /** Sizes are those of one instance: the message says where it was built. */
  private withInstance(diagnostic: Diagnostic): Diagnostic {
    const self = this.inside;
    if (!self || !OF_SIZES.has(diagnostic.code) || diagnostic.span.file !== self.home.file.source) return diagnostic;
    return { ...diagnostic, notes: [...new Set([...diagnostic.notes, ...builtAt(self)])] };
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
  /** Of the data, for the functions of a recipe. */
  readonly fields?: ReadonlySet<string> | undefined;
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
  /** Those that the guards follow from, all of which hold. */
  readonly conditions?: readonly Expr[] | undefined;
  /** Binders that stand before what is being elaborated, and do not reach it. */
  readonly ended?: Ended | undefined;
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
