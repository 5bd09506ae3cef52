import type { EntryInput, Model } from "../../compiler/check/model.ts";
import { visitExpr } from "../../compiler/ir/expr.ts";
import type { Expr, Graph, Value, ValueId } from "../../compiler/ir/graph.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { expressionsOf, operandsOf, valuesById } from "../../compiler/ir/walk.ts";
import { prunedGraph } from "../../compiler/passes/prune.ts";
import type { TrainingBatch } from "../../runtime/index.ts";
import { philox4x32, unitFloat } from "../../runtime/random/philox.ts";

/** What a recipe makes of a batch by drawing, before any parameter is read: masked ids, chosen places, mixed images. */
export interface Drawn {
  readonly field: EntryInput;
  readonly values: Int32Array | Float32Array;
}

/**
 * The values of the loss that follow from draws and the batch alone and that something with parameters reads, by the interpreter, with
 * the very draws that the step has on the device, or the micro-batch of it. Real ones count only where they hold some of the batch, as
 * dropout's masks do not, or are a number drawn for all of it, and what the model's layers compute for themselves is theirs.
 */
export function drawnValues({ root, recipe }: Pick<Model, "root" | "recipe">, { sizes, fields }: TrainingBatch, step: number, micro = 0): readonly Drawn[] {
  if (recipe === undefined) return [];
  const { loss, seed } = recipe;
  const { graph } = loss.everything();
  const values = valuesById(graph);
  // A stack's name is the beginning of its layers' paths.
  const layers = new Set(root.children.map(({ path }) => path.split(".")[0] as string));
  const inLayer = ({ name }: Value): boolean => name.includes(".") && layers.has(name.split(".")[0] as string);
  // What is drawn and then not used, as a setting turns it off, has no part in what is trained.
  const used = new Set(loss.graph.values.flatMap(sites));
  const found = frontier(graph, inLayer).filter((value) => (isForAll(value) && sites(value).some((site) => used.has(site))) || value.shape[0]?.some(({ factors }) => factors.includes("B")));
  if (found.length === 0) return [];
  const outputs = found.map(({ id }) => ({ name: `value ${id}`, value: id }));
  const uniform = (site: number, at: number, part: number, element: number): number => unitFloat(philox4x32([element >>> 0, 0, at, part], [seed, site])[0]);
  // A batch of data holds numbers, nothing that is still on the device.
  const inputs = fields as Readonly<Record<string, ArrayLike<number>>>;
  const computed = interpret(prunedGraph({ ...graph, outputs }), { sizes, inputs, step, micro, uniform });
  const words = new Map<ValueId, EntryInput | undefined>();
  return found.map(({ id, name, type, shape }) => {
    const { data } = computed.outputs[`value ${id}`]!;
    const range = type === "i32" ? spelt(id, values, loss.inputs, words)?.range : undefined;
    return { field: { name, type, shape, ...(range === undefined ? {} : { range }) }, values: type === "f32" ? Float32Array.from(data) : Int32Array.from(data) };
  });
}

/** Values drawn, free of parameters and of no layer, that parameters or layers meet, and the numbers drawn for all; the first of each name. */
function frontier(graph: Graph, inLayer: (value: Value) => boolean): readonly Value[] {
  const drawn = new Set<ValueId>(), fed = new Set<ValueId>(), learnt = new Set<ValueId>();
  for (const value of graph.values) {
    const from = operandsOf(value);
    if (value.kind === "input" || from.some((id) => fed.has(id))) fed.add(value.id);
    if (value.kind === "state" || value.kind === "carry" || inLayer(value) || from.some((id) => learnt.has(id))) learnt.add(value.id);
    if (from.some((id) => drawn.has(id)) || sites(value).length > 0) drawn.add(value.id);
  }
  const free = (id: ValueId): boolean => drawn.has(id) && !learnt.has(id);
  const read = new Set(graph.values.filter(({ id }) => learnt.has(id)).flatMap(operandsOf));
  const seen = new Set<string>();
  return graph.values.filter((value) => {
    const { id, name, type } = value;
    const isMet = read.has(id) && (type !== "f32" || fed.has(id));
    if (!free(id) || !(isMet || isForAll(value)) || seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

/** A draw without axes, such as the share of a mixture: the whole batch has the same. */
function isForAll(value: Value): boolean {
  return value.shape.length === 0 && sites(value).length > 0;
}

/** Of the draws in a value's own expressions. */
function sites(value: Value): readonly number[] {
  const found: number[] = [];
  for (const expr of expressionsOf(value)) visitExpr(expr, (node) => void (node.kind === "draw" && found.push(node.site)));
  return found;
}

/** The field whose elements a value holds in some of its places, if it holds any. */
function spelt(id: ValueId, values: ReadonlyMap<ValueId, Value>, inputs: readonly EntryInput[], known: Map<ValueId, EntryInput | undefined>): EntryInput | undefined {
  if (known.has(id)) return known.get(id);
  known.set(id, undefined);
  const value = values.get(id)!;
  const of = (expr: Expr): EntryInput | undefined => {
    if (expr.kind === "access") return spelt(expr.value, values, inputs, known);
    return expr.kind === "apply" && expr.op === "select" ? (of(expr.args[1]!) ?? of(expr.args[2]!)) : undefined;
  };
  const found = value.kind === "input" ? inputs.find(({ name }) => name === value.field) : value.kind === "equation" && !value.reduce ? of(value.body) : undefined;
  known.set(id, found);
  return found;
}
