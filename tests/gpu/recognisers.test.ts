/**
 * Every form that the fuser recognises, in sizes around those of vectors, tiles and workgroups: it is recognised, and equals the
 * interpreter in f64. So does every variant of it, and a naive kernel for each of its equations.
 */
import { afterAll, expect, it } from "vitest";
import type { Compiled } from "../../compiler/compile.ts";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { access, add, identityAccess, mul, real } from "../../compiler/ir/expr.ts";
import type { GroupKind } from "../../compiler/ir/fused.ts";
import type { Expr, Graph } from "../../compiler/ir/graph.ts";
import { type Bindings, interpret } from "../../compiler/ir/interpret.ts";
import { openAdapter, openDevice } from "../../src/gpu/adapter.ts";
import { bindingsFor } from "../support/graphs.ts";
import { describeGpu, gpuDevice, withoutGpu } from "../support/gpu.ts";
import { compiledGraph, type GraphOptions, openGraph, runGraph } from "../support/run-graph.ts";
import { type Form, FORMS } from "./forms.ts";

const withHardware = !withoutGpu && (await openAdapter())?.hardware === true;
const SIZES = [1, 3, 63, 64, 65] as const;
/** R, C and K apart, one of them long: with those above some 25 cases for each form. */
const UNEVEN = [
  [1, 2, 3], [2, 1, 5], [5, 7, 1], [16, 17, 15], [31, 33, 32], [33, 64, 16], [64, 63, 8], [65, 1, 64], [1, 65, 129], [129, 4, 31],
  [4, 129, 7], [8, 8, 127], [100, 3, 5], [3, 100, 9], [7, 5, 100], [2, 256, 3], [256, 2, 4], [3, 4, 257], [255, 1, 1], [1, 255, 2],
] as const;
const CONTRACTS = FORMS.filter(({ kinds }) => kinds.includes("contract"));

interface Expectation {
  readonly bindings: ReturnType<typeof bindingsFor>;
  readonly outputs: ReturnType<typeof interpret>["outputs"];
}

/** Computed once for all variants of a form. */
const expectations = new Map<string, Expectation>();

function expectation(form: Form, graph: Graph, sizes: Bindings["sizes"], known: "fed" | number): Expectation {
  const id = [form.name, ...Object.values(sizes), known].join();
  const made = expectations.get(id);
  if (made) return made;
  const bindings = bindingsFor(graph, sizes);
  const fresh = { bindings, outputs: interpret(graph, bindings).outputs };
  expectations.set(id, fresh);
  return fresh;
}

describeGpu("a recognised form equals the interpreter", () => {
  let bare: Promise<GPUDevice> | undefined;
  /** Without the features that kernels ask for: everything falls back. */
  const bareDevice = (): Promise<GPUDevice> => (bare ??= openAdapter().then((adapter) => openDevice(adapter!, [])));
  afterAll(async () => (await bare)?.destroy());

  for (const form of FORMS)
    it(`${form.name}, sizes fed`, async () => {
      await compare(form, await gpuDevice(), "fed", {}, UNEVEN.map(([R, C, K]) => ({ R, C, K })));
    });
  for (const form of FORMS)
    it(`${form.name}, a naive kernel for every equation`, async () => {
      await compare(form, await gpuDevice(), "fed", { recognise: false });
    });
  for (const form of FORMS)
    for (const size of form.kinds.includes("stream") ? [64] : [3, 64, 65])
      it(`${form.name}, sizes of ${size} known when compiling`, async () => {
        await compare(form, await gpuDevice(), size);
      });
  for (const form of CONTRACTS)
    it(`${form.name}, without features`, async () => {
      await compare(form, await bareDevice(), "fed");
    });
  // One stands for all where a driver computes on the CPU, which takes seconds to compile a workgroup of 256.
  for (const form of withHardware ? CONTRACTS : CONTRACTS.slice(2, 3))
    it(`${form.name}, as for a GPU`, async () => {
      await compare(form, await gpuDevice(), 64, { kind: "gpu" });
    });

  for (const recognise of [true, false])
    it(`more operands than a kernel may bind${recognise ? "" : ", a naive kernel for every equation"}`, async () => {
      const b = new GraphBuilder("many");
      const terms = Array.from({ length: 20 }, (_, at) => b.input(`x${at}`, "f32", ["R", 3]));
      b.output("y", b.map("y", ["R", 3], terms.map((x, at): Expr => mul(real(at + 1), identityAccess(x))).reduce((a, c) => add(a, c))));
      const graph = b.build();
      const bindings = bindingsFor(graph, { R: 5 });
      const compiled = compiledGraph(graph, { R: 5 }, { recognise });
      expect(Math.max(...compiled.program.kernels.map((kernel) => kernel.bindings))).toBeLessThanOrEqual(8);
      expectClose(await runGraph(await gpuDevice(), compiled, graph, bindings), interpret(graph, bindings).outputs);
    });

  it("columns that are known to be none", async () => {
    const b = new GraphBuilder("none");
    const x = b.input("x", "f32", ["R", 0]), w = b.input("w", "f32", [5, 0]);
    b.output("twice", b.map("twice", ["R", 0], add(identityAccess(x), identityAccess(x))));
    b.output("y", b.sum("y", ["R", 5], [0], (i, j, k) => mul(access(x, i!, k!), access(w, j!, k!))));
    const graph = b.build();
    const bindings = bindingsFor(graph, { R: 3 });
    for (const kind of ["cpu", "gpu"] as const) expectClose(await runGraph(await gpuDevice(), compiledGraph(graph, { R: 3 }, { kind }), graph, bindings), interpret(graph, bindings).outputs);
  });

  it("a product too big to interpret, in some of its elements", async () => {
    const graph = FORMS.find(({ name }) => name === "contract NT")!.build("R", 640, 384);
    const sizes = { R: 1030 };
    const bindings = bindingsFor(graph, sizes);
    const got = await runGraph(await gpuDevice(), compiledGraph(graph, sizes), graph, bindings);
    const { x, w, bias, residual } = bindings.inputs as Record<string, Float64Array>;
    for (let sample = 0; sample < 500; sample++) {
      const [i, j] = [(sample * 7919) % 1030, (sample * 104_729) % 640];
      let total = bias![j]!;
      for (let k = 0; k < 384; k++) total += Math.max(0, x![i * 384 + k]!) * w![j * 384 + k]!;
      expect(Math.abs(got["y"]![i * 640 + j]! - residual![i * 640 + j]! - Math.tanh(total))).toBeLessThan(5e-5);
    }
  });
});

/** One program, at every size: "fed", or the extents of a model's parameters known when compiling. */
async function compare(form: Form, device: GPUDevice, known: "fed" | number, options: GraphOptions = {}, more: readonly Bindings["sizes"][] = []): Promise<void> {
  const graph = known === "fed" ? form.build("R", "C", "K") : form.build(form.kinds.includes("contract") ? "R" : known, known, known);
  const bounds = more.length > 0 ? { R: 257, C: 257, K: 257 } : { R: 65, C: 65, K: 65 };
  const compiled = compiledGraph(graph, bounds, options);
  expectKinds(compiled, options.recognise === false ? compiled.stages[0]!.kernels.map(() => "naive") : form.kinds);
  const sizes = [...SIZES.map((size) => ({ R: size, C: size, K: size })), ...more, ...(known === "fed" ? (form.empty ?? []) : [])];
  const opened = await openGraph(device, compiled, graph, bounds);
  try {
    for (const at of compiled.program.sizes.length > 0 ? sizes : sizes.slice(0, 1)) {
      const { bindings, outputs } = expectation(form, graph, at, known);
      expectClose(await opened.run(bindings), outputs);
    }
  } finally {
    opened.dispose();
  }
}

function expectKinds(compiled: Compiled, kinds: readonly GroupKind[]): void {
  const found = compiled.stages[0]!.fused.groups.map(({ kind }) => kind);
  for (const kind of new Set(kinds)) expect(found.filter((each) => each === kind).length, `${found}`).toBeGreaterThanOrEqual(kinds.filter((each) => each === kind).length);
}

/** Sums of a few hundred terms in f32 round to some 1e-6 of the largest. */
function expectClose(got: Readonly<Record<string, ArrayLike<number>>>, expected: ReturnType<typeof interpret>["outputs"]): void {
  for (const [name, { data }] of Object.entries(expected)) {
    let [scale, worst] = [1e-2, 0];
    for (const [at, value] of data.entries()) {
      scale = Math.max(scale, Math.abs(value));
      // NaN stays.
      worst = Math.max(worst, Math.abs(value - got[name]![at]!));
    }
    expect(got[name]!.length, name).toBe(data.length);
    expect(worst / scale, `${name}: got ${Array.from(got[name]!).slice(0, 6)}, wanted ${data.slice(0, 6)}`).toBeLessThan(2e-5);
  }
}
