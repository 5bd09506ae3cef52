/** Compiles a graph on its own and runs it on the adapter, to be compared with the interpreter. */
import { compileGraphs, type Compiled } from "../../compiler/compile.ts";
import type { Parameter } from "../../compiler/check/model.ts";
import * as dims from "../../compiler/dim.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import type { Bindings } from "../../compiler/ir/interpret.ts";
import type { ContractProfile } from "../../compiler/kernels/contract/spec.ts";
import { stateKey } from "../../compiler/ir/walk.ts";
import { type Layout, stateLayout } from "../../compiler/plan/layout.ts";
import { createSession } from "../../runtime/create-session.ts";
import type { Session } from "../../runtime/session.ts";
import { sourceFile } from "../../grammar/source.ts";

export type Outputs = Readonly<Record<string, ArrayLike<number>>>;

const NOWHERE = { file: sourceFile("test", ""), start: 0, end: 0 };

export interface GraphOptions {
  readonly kind?: ContractProfile["kind"];
  readonly recognise?: boolean;
}

export function compiledGraph(graph: Graph, sizes: Bindings["sizes"], { kind = "cpu", recognise = true }: GraphOptions = {}): Compiled {
  const inputs = graph.values.flatMap((value) => (value.kind === "input" ? [{ name: value.field, type: value.type, shape: value.shape, ...(value.range && { range: value.range }) }] : []));
  return compileGraphs("test", [{ name: graph.name, graph, source: { inputs, requires: [] } }], layoutOf(graph, sizes), { profile: { kind }, recognise });
}

/** The outputs by name, state outputs read from their states. */
export async function runGraph(device: GPUDevice, compiled: Compiled, graph: Graph, bindings: Bindings): Promise<Outputs> {
  const opened = await openGraph(device, compiled, graph, bindings.sizes);
  try {
    return await opened.run(bindings);
  } finally {
    opened.dispose();
  }
}

export interface OpenGraph {
  readonly session: Session;
  run(bindings: Bindings): Promise<Outputs>;
  dispose(): void;
}

/** For several runs, at sizes up to `bounds`. */
export async function openGraph(device: GPUDevice, compiled: Compiled, graph: Graph, bounds: Bindings["sizes"]): Promise<OpenGraph> {
  const session = await createSession(compiled.program, { device, bounds, seed: 1, debug: true });
  return { session, run: (bindings) => run(session, graph, bindings), dispose: () => session.dispose() };
}

async function run(session: Session, graph: Graph, bindings: Bindings): Promise<Outputs> {
  for (const value of graph.values)
    if (value.kind === "state" && value.state.kind === "parameter")
      session.writeState(value.state.path, Float32Array.from(bindings.states![stateKey(value.state)]!));
  const fields = Object.fromEntries(
    graph.values.flatMap((value) => {
      if (value.kind !== "input") return [];
      const data = bindings.inputs![value.field]!;
      return [[value.field, value.type === "f32" ? Float32Array.from(data) : Int32Array.from(data)]];
    }),
  );
  session.run(graph.name, { sizes: bindings.sizes, fields, step: bindings.step ?? 1 });
  const outputs: Record<string, ArrayLike<number>> = {};
  for (const { name, state } of graph.outputs)
    outputs[name] = state ? await session.readState(state.path, state.kind) : (await session.read(session.output(graph.name, name))).data;
  return outputs;
}

function layoutOf(graph: Graph, sizes: Bindings["sizes"]): Layout {
  const parameters = graph.values.flatMap((value): Parameter[] =>
    value.kind === "state" && value.state.kind === "parameter"
      ? [{ path: value.state.path, shape: value.shape.map((dim) => dims.evaluate(dim, sizes)), init: { kind: "constant", value: 0 }, span: NOWHERE }]
      : [],
  );
  const none: Graph = { name: "update", values: [], outputs: [] };
  return stateLayout(parameters, { optimizer: { name: "none", states: [], groups: [{ name: "decayed", graph: none, paths: parameters.map(({ path }) => path) }] } });
}
