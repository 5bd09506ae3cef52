/** What stands in the boxes of a figure. */
import type { Instance, Model } from "../../compiler/check/model.ts";
import { visitExpr } from "../../compiler/ir/expr.ts";
import type { Expr, Value, ValueId } from "../../compiler/ir/graph.ts";
import { short } from "../report/text.ts";
import type { Node } from "./diagram.ts";
import { plain } from "./owners.ts";
import type { Owner } from "./owners.ts";
import type { Scan } from "./scans.ts";
import { totalElements } from "../../runtime/size.ts";

export function nodeOf(value: Value, { box, path, stack }: Owner, model: Model, values: ReadonlyMap<ValueId, Value>, scans: readonly Scan[]): Node {
  if (value.kind === "input") return { kind: "input", title: value.field, note: "", stack: "" };
  if (box !== undefined) return { kind: "layer", title: box.layer, note: layerNote(value, box, model, scans), stack };
  if (value.kind === "carry") return { kind: "state", title: path.slice(path.indexOf(" ") + 1), note: "", stack };
  return { kind: isSum(value, values) ? "add" : "step", title: stepTitle(value, path), note: "", stack };
}

/** "attend · 4 heads · 16.6 k". */
function layerNote(value: Value, box: Instance, model: Model, scans: readonly Scan[]): string {
  const count = totalElements(model.parameters.filter((parameter) => parameter.path.startsWith(`${box.path}.`)));
  const heads = box.hyperparameters.find(([name]) => name === "heads")?.[1];
  const causal = box.hyperparameters.some(([name, text]) => name === "causal" && text === "true");
  const scan = scans.find(({ carries }) => carries.some(({ name }) => name.startsWith(`${box.path}.`)));
  const called = value.name.split(".").slice(value.name.split(".").indexOf(box.path.split(".").at(-1) as string) + 1, -1)[0];
  const isFunction = called !== undefined && !box.children.some(({ path }) => path === `${box.path}.${called}`) && scan?.carries.every(({ name }) => name !== `${box.path}.${called}`) !== false;
  return [`${box.path.split(".").at(-1)}${isFunction ? `.${called}` : ""}`, ...(heads === undefined ? [] : [`${heads} heads`]), ...(causal ? ["causal"] : []), ...(scan === undefined ? [] : [`scan ${scan.over}`]), ...(count === 0 ? [] : [short(count)])].join(" · ");
}

/** What the source calls it, or where that is no more than the place of a layer or of a function, what is done. */
function stepTitle(value: Value, path: string): string {
  const name = plain(path.slice(path.lastIndexOf(".") + 1));
  if (value.kind !== "equation" || value.body.kind !== "apply") return name;
  const { op, args } = value.body;
  // `return tanh(…)` has the name of its function.
  if (value.reduce === undefined && args.length === 1 && args[0]?.kind === "access" && plain(value.name) === path) return op;
  if (!/^\d+$/.test(name)) return name;
  const [test] = args;
  const isConcat = op === "select" && test?.kind === "apply" && test.op === "ilt" && test.args[0]?.kind === "index";
  return isConcat ? "concat" : (path.split(".").at(-2) ?? name);
}

/** Whether a layer reads the sum of two values from elsewhere, as in `norm(x + attend(x))`, whose sum is no value of its own. */
export function addsBefore(value: Value, key: string, keys: ReadonlyMap<ValueId, string>): boolean {
  let found = false;
  const outside = (expr: Expr): string | undefined => (expr.kind === "access" && keys.get(expr.value) !== key ? keys.get(expr.value) : undefined);
  if (value.kind !== "equation") return false;
  visitExpr(value.body, (node) => {
    if (node.kind !== "apply" || node.op !== "add") return;
    const [a, b] = node.args.map(outside);
    found ||= a !== undefined && b !== undefined && a !== b;
  });
  return found;
}

/** `x + y` of two whole values. */
function isSum(value: Value, values: ReadonlyMap<ValueId, Value>): boolean {
  if (value.kind !== "equation" || value.reduce !== undefined || value.body.kind !== "apply" || value.body.op !== "add") return false;
  return value.body.args.every((arg) => arg.kind === "access" && arg.slots.length === value.shape.length && values.get(arg.value)?.kind === "equation");
}
