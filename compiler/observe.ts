/**
 * Looking inside: any value of an entry, by its name, as a further output, and the gradient of the loss with respect to it.
 *
 * An output is materialised by the ordinary rules, so a value that fusion would keep inside a kernel gets a buffer, and the kernel is cut
 * there. Nothing else of the compiler knows of observation, and nothing changes where nothing is asked for.
 */
import type { Entry, Model } from "./check/model.ts";
import { noGradient, unknownValue } from "./check/errors.ts";
import { nearest } from "../grammar/suggest.ts";
import { GraphBuilder } from "./ir/builder.ts";
import { add, identityAccess, real, renameValues, replaceAccesses } from "./ir/expr.ts";
import type { Graph, Origin, ScalarType, StateRef, Value, ValueId } from "./ir/graph.ts";
import { partsOf } from "./ir/recurrence.ts";
import { mapExpressions } from "./ir/walk.ts";
import { differentiate } from "./passes/differentiate.ts";
import { prunedGraph } from "./passes/prune.ts";
import type { Dim } from "./dim.ts";
import { sourceFile } from "../grammar/source.ts";
import type { Diagnostic } from "../grammar/diagnostic.ts";

/** What can be asked for. */
export interface Observable {
  /** `encoder.0.attend.weight`; `encoder.0` for what that layer gave. */
  readonly name: string;
  readonly kind: "result" | "value" | "parameter" | "input";
  readonly type: ScalarType;
  readonly shape: readonly Dim[];
  readonly origin?: Origin;
  readonly value: ValueId;
  /** Whether the loss has a gradient with respect to it: real numbers, and no carry of a loop, which stands for what it is at all times. */
  readonly differentiable: boolean;
}

/**
 * By name, in the order of the graph. A name that several values have belongs to the first, the second is `name~2`:
 * the text assigns it again, or the layer is called again.
 */
export function observables(entry: Entry): ReadonlyMap<string, Observable> {
  const { graph, results } = entry.everything();
  const values = new Map(graph.values.map((value) => [value.id, value]));
  const found = new Map<string, Observable>();
  const note = (name: string, kind: Observable["kind"], { id, kind: of, type, shape, origin }: Value): void => {
    if (!found.has(name)) found.set(name, { name, kind, type, shape, value: id, differentiable: type === "f32" && of !== "carry", ...(origin === undefined ? {} : { origin }) });
  };
  for (const { name, value } of graph.outputs) note(name, "result", values.get(value)!);
  // Named otherwise than as the value of the same name is, a result would hide it.
  const taken = new Set(graph.values.map(({ name }) => name));
  for (const { name, value } of results) if (!taken.has(name)) note(name, "result", values.get(value)!);
  const inner = insideCarries(graph);
  for (const value of graph.values) if (!inner.has(value.id)) note(value.name, value.kind === "input" ? "input" : value.kind === "state" ? "parameter" : "value", value);
  return new Map([...found].sort(([, a], [, b]) => a.value - b.value));
}

/** The entry's graph with these values as outputs of their names beside its own; names that it does not have are left out. */
export function observing(entry: Entry, names: readonly string[]): Graph {
  const { graph } = entry.everything();
  const known = observables(entry);
  return withOutputs(graph, [...new Set(names)].flatMap((name) => known.get(name) ?? []));
}

/** The name of the output that holds a gradient. */
export function gradientOutput(name: string): string {
  return `gradient of ${name}`;
}

/**
 * The loss with the values as outputs, and outputs with the gradients of others. A gradient is that of a probe p, which is 0, in the place
 * of all that reads the value:
 *
 *     y = f(x)        x' = x + p;  y = f(x')        dx = dp
 */
export function observingGradients(loss: Entry, names: readonly string[], wrt: readonly string[]): Graph {
  const graph = observing(loss, [...names, ...wrt]);
  const known = observables(loss);
  const asked = wrt.flatMap((name) => known.get(name) ?? []);
  const refs = new Map<string, StateRef>();
  const builder = new GraphBuilder(graph.name);
  const probed = new Map<ValueId, ValueId>();
  const probes = new Set<ValueId>();
  let free = 1 + graph.values.reduce((highest, { id }) => Math.max(highest, id), 0);
  for (const value of graph.values) {
    builder.push(mapExpressions(value, (expr) => renameValues(expr, (id) => probed.get(id) ?? id)));
    const names = asked.filter((one) => one.value === value.id).map(({ name }) => name);
    if (names.length === 0) continue;
    const state: StateRef = value.kind === "state" ? value.state : { kind: "parameter", path: `probe of ${value.name}` };
    for (const name of names) refs.set(name, state);
    if (value.kind === "state") continue;
    const probe = builder.push({ kind: "state", id: free++, name: state.path, type: "f32", shape: value.shape, state });
    const shifted = builder.push({ kind: "equation", id: free++, name: value.name, type: "f32", shape: value.shape, body: add(identityAccess(value), identityAccess(probe)) });
    probes.add(probe.id);
    probed.set(value.id, shifted.id);
  }
  const kept = graph.outputs.filter(({ name }) => names.includes(name) || loss.outputs.some((own) => own.name === name));
  builder.outputs.push(...kept.map((output) => ({ ...output, value: probed.get(output.value) ?? output.value })));
  const wanted = new Map([...refs.values()].map((ref) => [ref.path, ref]));
  const derived = differentiate(builder.build(), [...wanted.values()]);
  const outputs = derived.outputs.flatMap((output) => {
    if (output.state === undefined) return [output];
    const { path } = output.state;
    return [...refs].filter(([, ref]) => ref.path === path).map(([name]) => ({ name: gradientOutput(name), value: output.value }));
  });
  const values = derived.values.map((value) => mapExpressions(value, (expr) => replaceAccesses(expr, (node) => (probes.has(node.value) ? real(0) : undefined))));
  return distinct(prunedGraph({ ...derived, values, outputs }));
}

/** One diagnostic for each name that no entry here has, and for each without a gradient. */
export function checkObserved(entries: readonly Entry[], names: readonly string[], wrt: readonly string[] = [], loss?: Entry): readonly Diagnostic[] {
  const known = entries.map(observables);
  const all = [...new Set(known.flatMap((map) => [...map.keys()]))];
  const span = (name: string) => ({ file: sourceFile("--at", name), start: 0, end: name.length });
  const ofLoss = loss && observables(loss);
  return [
    ...names.filter((name) => !known.some((map) => map.has(name))).map((name) => unknownValue(span(name), name, meant(name, all))),
    ...wrt.filter((name) => !ofLoss?.has(name)).map((name) => unknownValue(span(name), name, meant(name, [...(ofLoss?.keys() ?? [])]), "of what the loss computes")),
    ...wrt.filter((name) => ofLoss?.get(name)?.differentiable === false).map((name) => noGradient(span(name), name, ofLoss!.get(name)!.type === "f32" ? "the carry of a loop; ask for a value that it is computed from" : "not a value of real numbers")),
  ];
}

/** The entries of a model that can be looked into, by the names that they have in a program. */
export function observableEntries({ entries, recipe }: Model, metricName: (name: string) => string): readonly Entry[] {
  return [...entries, ...(recipe?.metrics ?? []).map((entry) => ({ ...entry, name: metricName(entry.name) }))];
}

/** What is nearest in spelling, then what has the same last name. */
function meant(name: string, all: readonly string[]): readonly string[] {
  const near = nearest(name, all);
  const last = name.split(".").at(-1)!;
  const alike = all.filter((one) => one !== near && (one === last || one.endsWith(`.${last}`)));
  return [...(near === undefined ? [] : [near]), ...alike].slice(0, 5);
}

/** First contents of carries and what follows them are parts of the carry. */
function insideCarries({ values }: Graph): ReadonlySet<ValueId> {
  return new Set(values.flatMap((value) => (value.kind === "carry" ? [value.init, value.next] : [])));
}

function withOutputs(graph: Graph, asked: readonly Observable[]): Graph {
  const more = asked.filter(({ name }) => !graph.outputs.some((output) => output.name === name)).map(({ name, value }) => ({ name, value }));
  return distinct(prunedGraph({ ...graph, outputs: [...graph.outputs, ...more] }));
}

/** Leaves, what a loop computes time by time, and the second output of a value become outputs as copies. */
function distinct(graph: Graph): Graph {
  const byId = new Map(graph.values.map((value) => [value.id, value]));
  const inLoops = new Set(partsOf(graph).flatMap((part) => ("members" in part ? [...part.carries, ...part.members].map(({ id }) => id) : [])));
  const taken = new Set<ValueId>();
  const builder = new GraphBuilder(graph.name, { values: graph.values, outputs: [] });
  for (const output of graph.outputs) {
    const value = byId.get(output.value)!;
    const own = value.kind === "equation" && !inLoops.has(value.id) && !taken.has(value.id);
    taken.add(value.id);
    builder.output(output.name, own ? value : builder.map(output.name, value.shape, identityAccess(value)));
  }
  return builder.build();
}
