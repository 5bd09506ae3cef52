/**
 * Turns the equations of a group into WGSL: scalar expressions, loads, values computed again where they are read.
 *
 * Every operand knows how deep in the loops its variables live; it is bound to a `let` in that block as soon as something
 * deeper uses it, so loop-invariant code moves out by construction, and equal text in one block is computed once.
 */
import { asNumber, constant, type Dim, equal, multiply, ONE, ZERO } from "../../dim.ts";
import { exprKey } from "../../ir/expr.ts";
import type { Equation, Expr, ScalarType, Value, ValueId } from "../../ir/graph.ts";
import { typeOf } from "../../ir/typeof.ts";
import { SCALAR_OPS } from "../../ops/scalar.ts";
import { type Affine, affineText, applied, collapse, coefficient, type Composite, constantAffine, FOUR_LANES, quarter, sum, times, variable, without } from "./affine.ts";
import { Blocks } from "./block.ts";
import { dimText } from "./dim-text.ts";
import type { Memory } from "./memory.ts";
import { applyText, isNonNegative } from "./ops.ts";
import { constantOperand, isAtom, LANE_NAMES, type Operand, typeText, widened } from "./operand.ts";
import { emitReduction } from "./reduction.ts";

export interface EmitContext {
  readonly values: ReadonlyMap<ValueId, Value>;
  /** Values that this kernel may read from memory: leaves and what earlier kernels stored. */
  readonly inMemory: (id: ValueId) => boolean;
  /** Where a value is kept: by itself, or in a state whose next content it is, a pack or a carry; and how many elements from the start. */
  readonly storage: (id: ValueId) => { readonly id: ValueId; readonly offset: Dim };
  /** The text of a host scalar's field in the uniform block. */
  readonly hostScalar: (id: ValueId) => string;
}

interface BaseVariable {
  readonly depth: number;
  readonly text: () => string;
}

export class Emitter {
  readonly blocks = new Blocks();
  readonly memory: Memory;
  readonly context: EmitContext;
  /** Values of this kernel that are held in registers: reductions that are complete, vectors just stored. */
  readonly held = new Map<ValueId, (coordinates: readonly Operand[]) => Operand | undefined>();
  private readonly variables = new Map<string, BaseVariable>();
  private readonly composites: Composite[] = [];
  private readonly found = new Map<string, { readonly indices: readonly Operand[]; readonly operand: Operand }>();
  private readonly inline: boolean;
  /** Set while the lanes of a subgroup walk a loop together: the variables of the round and of the lane, the block of the rounds. */
  shared: { readonly round: string; readonly lane: string; readonly depth: number } | undefined;
  /** A condition for all stores: lanes beyond the last row compute along, but write nothing. */
  guard: string | undefined;

  /** `inline`: no statements; everything stays one expression, for texts that stand inside another template. */
  constructor(context: EmitContext, memory: Memory, inline = false) {
    this.context = context;
    this.memory = memory;
    this.inline = inline;
    this.variables.set(FOUR_LANES, { depth: 0, text: () => "vec4i(0, 1, 2, 3)" });
  }

  // ── Index variables ──────────────────────────────────────────────────────────────────────────────────────────────

  /** A variable that the text at hand declares, as an operand. */
  index(name: string, text: string = name, depth = this.blocks.depth): Operand {
    this.variables.set(name, { depth, text: () => text });
    return this.fromAffine(variable(name));
  }

  /**
   * A linear index over `sizes`, row-major, given by `text`; returns an operand for each axis. A part is divided out of the
   * whole only where the walk over memory is not row-major in the same axes.
   */
  composite(name: string, text: string, sizes: readonly Dim[]): Operand[] {
    const depth = this.blocks.depth;
    this.variables.set(name, { depth, text: () => text });
    // There is no such index then, and WGSL refuses to divide by a size of zero that it knows.
    if (sizes.some((size) => asNumber(size) === 0)) return sizes.map(() => this.size([]));
    const strides = sizes.map((_, at) => multiply(...sizes.slice(at + 1)));
    const real = sizes.flatMap((size, at) => (asNumber(size) === 1 ? [] : [at]));
    const parts = new Map(real.map((at) => [at, real.length === 1 ? name : `${name}_${at}`]));
    if (real.length > 1) this.composites.push({ name, parts: [...parts.values()], strides: real.map((at) => strides[at]!) });
    return sizes.map((size, at) => {
      const part = parts.get(at);
      if (part === undefined) return this.size([]);
      if (real.length > 1) this.variables.set(part, { depth, text: () => this.named(partText(text, strides[at]!, size, at === real[0]), depth) });
      return this.fromAffine(variable(part));
    });
  }

  /** `base * 4 + lane`: four neighbours at once. */
  lanes(base: Operand): Operand {
    return this.fromAffine(sum(times(base.affine!, constant(4)), variable(FOUR_LANES)));
  }

  /** A whole number at these indices that was read beforehand, into a variable of its own. */
  foundAs(expr: Expr, indices: readonly Operand[], name: string): void {
    this.found.set(exprKey(expr), { indices, operand: this.index(name) });
  }

  size(dim: Dim): Operand {
    return this.fromAffine(constantAffine(dim));
  }

  fromAffine(affine: Affine): Operand {
    const folded = collapse(affine, this.composites);
    const width = folded.terms.has(FOUR_LANES) ? 4 : 1;
    const depth = Math.max(0, ...[...folded.terms.keys()].map((name) => this.variables.get(name)!.depth));
    return { text: this.affineText(folded), type: "i32", width, depth, affine };
  }

  // ── Expressions ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** `expr` of an equation whose indices have these values. */
  expr(expr: Expr, indices: readonly Operand[]): Operand {
    switch (expr.kind) {
      case "const":
        if (expr.type === "i32") return this.size(constant(expr.value));
        return constantOperand(expr.type, expr.value);
      case "index":
        return indices[expr.at]!;
      case "size":
        return this.size(expr.dim);
      case "step":
        return { text: "u.step", type: "i32", width: 1, depth: 0 };
      case "micro":
        return { text: "u.micro", type: "i32", width: 1, depth: 0 };
      case "access": {
        const found = this.found.size > 0 ? this.found.get(exprKey(expr)) : undefined;
        if (found?.indices === indices) return found.operand;
        return this.value(expr.value, expr.slots.map((slot) => this.expr(slot, indices)));
      }
      case "apply":
        return this.apply(expr.op, expr.args.map((arg) => this.expr(arg, indices)), this.type(expr));
      case "draw":
        return this.draw(expr.site, expr.coordinates.map((coordinate) => this.expr(coordinate, indices)), expr.sizes);
    }
  }

  /** An element (or four) of a value: from a register, from memory, or computed here and now. */
  value(id: ValueId, coordinates: readonly Operand[]): Operand {
    const held = this.held.get(id)?.(coordinates);
    if (held) return held;
    const value = this.context.values.get(id)!;
    if (value.kind === "host-scalar") return { text: this.context.hostScalar(id), type: value.type, width: 1, depth: 0 };
    if (this.context.inMemory(id)) return this.load(value, coordinates);
    if (value.kind !== "equation") throw new Error(`internal: ${value.name} is neither in memory nor an equation`);
    const key = `${id}(${coordinates.map(({ text }) => text).join(", ")})`;
    const known = this.blocks.recall<Operand>(key);
    if (known) return known;
    const depth = Math.max(0, ...coordinates.map((coordinate) => coordinate.depth));
    const result = this.compute(value, coordinates, depth);
    this.blocks.remember(key, result, Math.min(this.blocks.depth, Math.max(depth, result.depth)));
    return result;
  }

  private compute(value: Equation, coordinates: readonly Operand[], depth: number): Operand {
    if (value.reduce) return this.blocks.at(depth, () => emitReduction(this, value, coordinates));
    return this.bound(this.expr(value.body, coordinates));
  }

  apply(op: Extract<Expr, { kind: "apply" }>["op"], args: readonly Operand[], type: ScalarType): Operand {
    const affine = applied(op, args[0]?.affine, args[1]?.affine);
    if (affine) return this.fromAffine(affine);
    // WGSL refuses what it computes of constants and is not finite.
    const known = args.flatMap(({ constant }) => constant ?? []);
    const [a = 0, b = 0, c = 0] = known;
    if (known.length === args.length && type !== "i32") return constantOperand(type, SCALAR_OPS[op].evaluate(a, b, c));
    const depth = Math.max(0, ...args.map((arg) => arg.depth));
    const width = args.some((arg) => arg.width === 4) ? 4 : 1;
    const settled = args.map((arg) => (arg.depth < depth || arg.text.length > 120 ? this.bound(arg) : arg));
    const text = applyText(op, width === 4 ? settled.map(widened) : settled, width, this.inline ? undefined : (arg) => this.bound(arg));
    const result: Operand = { text: text ?? this.scattered(type), type, width, depth };
    return (op === "idiv" || op === "imod") && width === 1 && !this.inline && settled.every(isNonNegative) ? this.asVariable(result) : result;
  }

  /** An integer that is never negative as a variable of its own, so that sums with it stay sums of variables. */
  private asVariable(operand: Operand): Operand {
    const { text, depth } = this.bound(operand);
    this.variables.set(text, { depth, text: () => text });
    return this.fromAffine(variable(text));
  }

  /** The same operand as a name, declared in the block of its variables. */
  bound(operand: Operand): Operand {
    if (this.inline || isAtom(operand.text) || /^\(?-?[\d.]+(e-?\d+)?\)?$/.test(operand.text)) return operand;
    return { ...operand, text: this.blocks.bind(operand.text, operand.depth) };
  }

  private named(text: string, depth: number): string {
    return this.inline ? `(${text})` : this.blocks.bind(text, depth);
  }

  private draw(site: number, coordinates: readonly Operand[], sizes: readonly Dim[]): Operand {
    const linear = coordinates.reduce<Operand>(
      (total, coordinate, at) => this.apply("iadd", [this.apply("imul", [total, this.size(sizes[at]!)], "i32"), coordinate], "i32"),
      this.size([]),
    );
    const at = this.bound(linear);
    const call = (lane: string): string => `tfm_draw(${site}u, u32(${lane}))`;
    const four = (): string => (this.inline ? this.scattered("f32") : `vec4f(${LANE_NAMES.map((lane) => call(`${at.text}.${lane}`)).join(", ")})`);
    const text = at.width === 1 ? call(at.text) : four();
    return this.bound({ text, type: "f32", width: at.width, depth: at.depth });
  }

  // ── Memory ───────────────────────────────────────────────────────────────────────────────────────────────────────

  private load(value: Value, coordinates: readonly Operand[]): Operand {
    const offset = this.readable(this.offset(value, coordinates));
    const raw = this.sharedText(value, offset) ?? this.loadText(value, offset);
    const text = value.type === "bool" ? `(${raw} != ${offset.width === 4 ? "vec4i(0)" : "0"})` : raw;
    return this.bound({ text, type: value.type, width: offset.width, depth: offset.depth });
  }

  /** What a branch that is not taken reads may lie in front of the value, and WGSL refuses an index that it knows to be negative. */
  private readable(offset: Operand): Operand {
    if (offset.affine === undefined) return offset;
    const base = without(offset.affine, FOUR_LANES);
    const first = asNumber(base.constant) ?? 0;
    if (base.terms.size > 0 || first >= 0) return offset;
    if (offset.width === 1) return this.size([]);
    const isInFront = first + 3 < 0 && equal(coefficient(offset.affine, FOUR_LANES), ONE);
    return isInFront ? this.fromAffine(variable(FOUR_LANES)) : offset;
  }

  /**
   * Where the lanes walk a loop together and all want the same element of this round: each lane loads that of one round
   * beforehand, and hands it to the others in its turn.
   */
  private sharedText(value: Value, offset: Operand): string | undefined {
    const { shared } = this;
    const stride = shared && offset.affine?.terms.get(shared.round);
    if (!shared || !stride || offset.affine!.terms.has(shared.lane)) return undefined;
    const own = this.fromAffine(sum(without(offset.affine!, shared.round), variable(shared.lane, stride)));
    if (own.depth > shared.depth) return undefined;
    const loaded = this.blocks.bind(this.loadText(value, own), shared.depth);
    return `subgroupShuffle(${loaded}, u32(${shared.round}))`;
  }

  private loadText(value: Value, offset: Operand): string {
    const wide = this.wideOffset(offset);
    const { name, vec4 } = this.memory.access(this.context.storage(value.id).id, value.type, "read", wide !== undefined);
    const one = (at: string): string => (vec4 ? `${name}[(${at}) >> 2u][(${at}) & 3]` : `${name}[${at}]`);
    if (offset.width === 1) return one(isAtom(offset.text) || !vec4 ? offset.text : this.bound(offset).text);
    if (wide !== undefined && vec4) return `${name}[${wide}]`;
    const type = typeText(value.type === "f32" ? "f32" : "i32", 4);
    // In one expression the text of each level would stand four times in the next; and what is scattered is loaded one by one.
    if (wide === undefined && this.inline) return this.scattered(value.type === "f32" ? "f32" : "i32");
    if (wide === undefined) this.memory.scattered = true;
    const at = isAtom(this.bound(offset).text) ? this.bound(offset).text : `(${offset.text})`;
    return `${type}(${LANE_NAMES.map((lane) => one(`${at}.${lane}`)).join(", ")})`;
  }

  /** In the place of four lanes that have to be taken one by one: whoever asked for four is to ask for single elements. */
  private scattered(type: ScalarType): string {
    this.memory.scattered = true;
    return `${typeText(type, 4)}()`;
  }

  /** Writes an element, or four neighbours, of a value that this kernel stores. */
  store(value: Value, coordinates: readonly Operand[], content: Operand): void {
    const offset = this.offset(value, coordinates);
    const wide = this.wideOffset(offset);
    const { name, vec4 } = this.memory.access(this.context.storage(value.id).id, value.type, "write", wide !== undefined);
    const stored = (operand: Operand): string =>
      value.type === "bool" ? `select(${operand.width === 4 ? "vec4i(0), vec4i(1)" : "0, 1"}, ${operand.text})` : operand.text;
    if (offset.width === 1) {
      this.write(`${name}[${offset.text}] = ${stored(content)};`);
      return;
    }
    const four = widened(content);
    if (wide !== undefined && vec4) {
      this.write(`${name}[${wide}] = ${stored(four)};`);
      return;
    }
    const at = this.bound(offset).text;
    const parts = this.bound({ ...four, text: stored(four) }).text;
    for (const lane of LANE_NAMES) this.write(`${name}[${at}.${lane}] = ${parts}.${lane};`);
  }

  private write(statement: string): void {
    this.blocks.line(this.guard ? `if (${this.guard}) { ${statement} }` : statement);
  }

  private offset({ id, shape }: Value, coordinates: readonly Operand[]): Operand {
    const { offset: first } = this.context.storage(id);
    // Sums of base variables are added up before any text is made of them.
    if (coordinates.every(({ affine }) => affine !== undefined)) {
      const total = coordinates.reduce((walked, { affine }, at) => sum(at === 0 ? walked : times(walked, shape[at]!), affine!), constantAffine(ZERO));
      return this.fromAffine(sum(total, constantAffine(first)));
    }
    const within = coordinates.reduce<Operand>((total, coordinate, at) => {
      const scaled = at === 0 ? total : this.apply("imul", [total, this.size(shape[at]!)], "i32");
      return this.apply("iadd", [scaled, coordinate], "i32");
    }, this.size([]));
    return this.apply("iadd", [within, this.size(first)], "i32");
  }

  /** The offset divided by four, as text, when it names four aligned neighbours. */
  private wideOffset(offset: Operand): string | undefined {
    if (offset.width === 1 || !offset.affine || !equal(coefficient(offset.affine, FOUR_LANES), ONE)) return undefined;
    const base = quarter(collapse(without(offset.affine, FOUR_LANES), this.composites));
    return base && this.affineText(base);
  }

  // ── The text ─────────────────────────────────────────────────────────────────────────────────────────────────────

  type(expr: Expr): ScalarType {
    return typeOf(expr, (id) => this.context.values.get(id)!.type);
  }

  private affineText(affine: Affine): string {
    if (!affine.terms.has(FOUR_LANES)) return affineText(affine, (name) => this.variables.get(name)!.text());
    const base = without(affine, FOUR_LANES);
    const stride = coefficient(affine, FOUR_LANES);
    const lanes = equal(stride, ONE) ? "vec4i(0, 1, 2, 3)" : `vec4i(0, 1, 2, 3) * (${dimText(stride)})`;
    return `vec4i(${affineText(base, (name) => this.variables.get(name)!.text())}) + ${lanes}`;
  }
}

/** The parts of a row-major index; the first needs no remainder. */
function partText(text: string, stride: Dim, size: Dim, first: boolean): string {
  const divided = asNumber(stride) === 1 ? text : `${text} / (${dimText(stride)})`;
  return first ? divided : `(${divided}) % (${dimText(size)})`;
}
