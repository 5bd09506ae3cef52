/** Checks what graph.ts guarantees. Bounds of slots depend on sizes and data: the interpreter checks those as it goes. */
import type { Dim } from "../dim.ts";
import * as dims from "../dim.ts";
import { MONOIDS } from "../ops/monoid.ts";
import { SCALAR_OPS } from "../ops/scalar.ts";
import { accessesIn, exprKey, iadd, index, int } from "./expr.ts";
import type { Carry, Expr, Graph, ScalarType, Value, ValueId } from "./graph.ts";
import { printValue } from "./print.ts";
import { partsOf, type Recurrence } from "./recurrence.ts";
import { expressionsOf, indexSizes, stateKey } from "./walk.ts";

/** One sentence per broken guarantee; none for a valid graph. */
export function verify(graph: Graph): string[] {
  const problems: string[] = [];
  const earlier = new Map<ValueId, Value>();
  const states = new Set<string>();
  for (const value of graph.values) {
    const report = (problem: string): void => void problems.push(`${graph.name}: %${value.id} ${value.name}: ${problem}\n    ${printValue(value)}`);
    if (earlier.has(value.id)) report(`the id %${value.id} is taken`);
    if (value.kind === "state") {
      if (states.has(stateKey(value.state))) report(`${stateKey(value.state)} is already a value`);
      states.add(stateKey(value.state));
    }
    if (value.kind === "carry") verifyCarry(value, graph, report);
    else verifyValue(value, earlier, report);
    earlier.set(value.id, value);
  }
  if (problems.length === 0) for (const part of partsOf(graph)) if ("members" in part) verifyRecurrence(part, (problem) => void problems.push(`${graph.name}: ${problem}`));
  const names = new Set<string>();
  for (const output of graph.outputs) {
    if (!earlier.has(output.value)) problems.push(`${graph.name}: output ${output.name} names %${output.value}, which does not exist`);
    if (names.has(output.name)) problems.push(`${graph.name}: two outputs are called ${output.name}`);
    names.add(output.name);
  }
  return problems;
}

function verifyCarry(carry: Carry, graph: Graph, report: (problem: string) => void): void {
  const { init, next, extent, shape } = carry;
  const [start, after] = [init, next].map((id) => graph.values.find((value) => value.id === id));
  const steps = shape[0] && dims.subtract(shape[0], dims.ONE);
  if (!steps || !dims.equal(steps, extent)) report(`the first axis does not have ${dims.print(extent)} elements and one more`);
  if (start?.kind !== "equation" || !sameSizes(start.shape, shape.slice(1)) || start.type !== carry.type) report(`%${init} is no equation of its elements' shape`);
  if (after?.kind !== "equation" || !sameSizes(after.shape, [extent, ...shape.slice(1)]) || after.type !== carry.type) report(`%${next} is no equation of what follows it`);
  for (const id of [init, next]) {
    const others = graph.values.some((value) => value.kind === "carry" && value !== carry && (value.init === id || value.next === id));
    if (init === next || others || graph.outputs.some(({ value }) => value === id)) report(`%${id} is not the carry's alone`);
  }
}

/** How the equations of a loop read its carries and each other. */
function verifyRecurrence({ carries, members, extent, reverse }: Recurrence, report: (problem: string) => void): void {
  const now = exprKey(index(0));
  const before = reverse ? exprKey(iadd(index(0), int(1))) : now;
  const carried = new Set(carries.map(({ id }) => id));
  const together = new Set(members.map(({ id }) => id));
  for (const carry of carries) if (!dims.equal(carry.extent, extent) || carry.reverse !== reverse) report(`%${carry.id} ${carry.name}: a loop within a loop`);
  for (const member of members) {
    if (!member.shape[0] || !dims.equal(member.shape[0], extent)) report(`%${member.id} ${member.name}: its first axis is not the loop's time`);
    for (const access of expressionsOf(member).flatMap(accessesIn)) {
      const wanted = carried.has(access.value) ? before : together.has(access.value) ? now : undefined;
      if (wanted !== undefined && (!access.slots[0] || exprKey(access.slots[0]) !== wanted)) report(`%${member.id} ${member.name}: reads %${access.value} at another time`);
    }
  }
}

function sameSizes(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((size, at) => dims.equal(size, b[at]!));
}

function verifyValue(value: Exclude<Value, Carry>, earlier: ReadonlyMap<ValueId, Value>, report: (problem: string) => void): void {
  if (value.kind === "input" || value.kind === "state") return;
  const context: Context = { rank: indexSizes(value).length, host: value.kind !== "equation", step: value.kind === "host-scalar", earlier, report };
  if (value.kind === "host-scalar" && value.shape.length > 0) report("a host scalar has no axes");
  if (value.kind === "host-table" && value.shape.slice(1).some((size) => dims.asNumber(size) === undefined)) {
    report("only the first axis of a host table may have a fed size");
  }
  const body = verifyExpr(value.body, context);
  if (value.kind !== "equation" || !value.reduce) {
    if (body && body !== value.type) report(`the body is ${body}, the value ${value.type}`);
    return;
  }
  const { monoid, sizes, where } = value.reduce;
  const { operands, positional, result } = MONOIDS[monoid];
  if (sizes.length === 0) report("a reduction without reduced indices");
  if (positional && sizes.length !== 1) report(`${monoid} takes a single reduced index`);
  if (positional && where) report(`${monoid} takes no predicate`);
  if (body && !operands.includes(body)) report(`${monoid} of ${body}`);
  else if (body && result(body) !== value.type) report(`${monoid} of ${body} is ${result(body)}, the value ${value.type}`);
  const condition = where && verifyExpr(where, context);
  if (condition && condition !== "bool") report(`the predicate is ${condition}`);
}

interface Context {
  readonly rank: number;
  readonly host: boolean;
  readonly step: boolean;
  readonly earlier: ReadonlyMap<ValueId, Value>;
  readonly report: (problem: string) => void;
}

/** Its type; undefined after a problem that leaves none. */
function verifyExpr(expr: Expr, context: Context): ScalarType | undefined {
  const { report } = context;
  switch (expr.kind) {
    case "const":
      if (expr.type === "i32" && (expr.value | 0) !== expr.value) report(`${expr.value} is no i32`);
      if (expr.type === "bool" && expr.value !== 0 && expr.value !== 1) report(`${expr.value} is no bool`);
      return expr.type;
    case "index":
      if (!(expr.at >= 0 && expr.at < context.rank)) report(`i${expr.at} does not exist`);
      return "i32";
    case "size":
      return "i32";
    case "step":
      if (!context.step) report("`step` outside of a host scalar");
      return "i32";
    case "micro":
      if (context.host) report("`micro` on the host");
      return "i32";
    case "draw":
      if (context.host) report("a draw on the host");
      if (expr.coordinates.length !== expr.sizes.length) report("a draw's coordinates and sizes differ in number");
      verifyIndices(expr.coordinates, "a draw's coordinate", context);
      return "f32";
    case "access": {
      const target = context.earlier.get(expr.value);
      verifyIndices(expr.slots, "a slot", context);
      if (!target) return void report(`reads %${expr.value}, which does not stand earlier`);
      if (expr.slots.length !== target.shape.length) report(`%${expr.value} has ${target.shape.length} axes, not ${expr.slots.length}`);
      if (context.host && target.kind !== "host-scalar" && target.kind !== "host-table") report(`reads %${expr.value}, which is not on the host`);
      return target.type;
    }
    case "apply":
      return verifyApply(expr.op, expr.args, context);
    default:
      return expr satisfies never;
  }
}

function verifyIndices(slots: readonly Expr[], what: string, context: Context): void {
  for (const slot of slots) {
    const type = verifyExpr(slot, context);
    if (type && type !== "i32") context.report(`${what} is ${type}`);
  }
}

function verifyApply(op: keyof typeof SCALAR_OPS, given: readonly Expr[], context: Context): ScalarType | undefined {
  const { args, result } = SCALAR_OPS[op];
  const types = given.map((arg) => verifyExpr(arg, context));
  if (given.length !== args.length) context.report(`${op} takes ${args.length} arguments, not ${given.length}`);
  let chosen: ScalarType | undefined;
  for (const [at, wanted] of args.entries()) {
    const type = types[at];
    if (!type) continue;
    if (wanted === "any") {
      chosen ??= type;
      if (type !== chosen) context.report(`${op} chooses between ${chosen} and ${type}`);
    } else if (type !== wanted) context.report(`argument ${at} of ${op} is ${type}, not ${wanted}`);
  }
  return result === "any" ? chosen : result;
}
