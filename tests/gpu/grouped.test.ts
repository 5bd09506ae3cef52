/** Experts by sorted rows, on the adapter: equal to the interpreter whoever is chosen, by every variant of the kernels. */
import { expect, it } from "vitest";
import { evaluate } from "../../compiler/dim.ts";
import { GraphBuilder } from "../../compiler/ir/builder.ts";
import { access, apply, mul } from "../../compiler/ir/expr.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { choose } from "../../runtime/choose.ts";
import { offerOf } from "../../runtime/device.ts";
import { createPipelines } from "../../runtime/pipelines.ts";
import { openAdapter, openDevice } from "../../src/gpu/adapter.ts";
import { bindingsFor } from "../support/graphs.ts";
import { CHOICES, expertBindings, expertGraph } from "../support/experts.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { expectLike } from "../support/outputs.ts";
import { compiledGraph, type GraphOptions, openGraph } from "../support/run-graph.ts";

/** More than a tile and a workgroup of rows at the last. */
const TOKENS = [0, 1, 7, 33, 75] as const;

async function compare(device: GPUDevice, options: GraphOptions, choices: readonly string[] = Object.keys(CHOICES), sizes = { d: 8, ff: 12 }): Promise<void> {
  const graph = expertGraph(undefined, sizes);
  const compiled = compiledGraph(graph, { T: 75 }, options);
  const opened = await openGraph(device, compiled, graph, { T: 75 });
  try {
    for (const name of choices)
      for (const tokens of TOKENS) {
        const bindings = expertBindings(graph, tokens, CHOICES[name]!);
        expectLike(interpret(graph, bindings).outputs, await opened.run(bindings), `${name}, ${tokens} tokens`);
      }
  } finally {
    opened.dispose();
  }
}

describeGpu("experts by sorted rows", () => {
  it("equal the interpreter", { timeout: 120_000 }, async () => {
    await compare(await gpuDevice(), {});
  });
  it("equal it where nothing comes in fours", { timeout: 120_000 }, async () => {
    await compare(await gpuDevice(), {}, ["mostly one"], { d: 7, ff: 9 });
  });
  it("equal it with a naive kernel for every equation", { timeout: 120_000 }, async () => {
    await compare(await gpuDevice(), { recognise: false }, ["in turn"]);
  });
  // One kernel runs for all: a driver that computes on the CPU takes long to compile a workgroup of 256.
  it("are sound as kernels for a GPU, and the gradient of a matrix equals the interpreter", { timeout: 240_000 }, async () => {
    const device = await gpuDevice();
    const { program } = compiledGraph(expertGraph(undefined, { d: 16, ff: 20 }), { T: 75 }, { kind: "gpu" });
    for (const { name, wgsl } of program.kernels) {
      device.pushErrorScope("validation");
      device.createShaderModule({ code: wgsl });
      expect((await device.popErrorScope())?.message, name).toBeUndefined();
    }
    const b = new GraphBuilder("gradient");
    const choice = b.input("choice", "i32", ["N"], 4), x = b.input("x", "f32", ["N", 16]), dy = b.input("dy", "f32", ["N", 20]);
    b.output("dw", b.sum("dw", [4, 16, 20], ["N"], (_e, i, f, n) => mul(access(x, n!, i!), access(dy, n!, f!)), (e, _i, _f, n) => apply("ieq", access(choice, n!), e!)));
    const graph = b.build();
    const compiled = compiledGraph(graph, { N: 150 }, { kind: "gpu" });
    expect(compiled.program.kernels.some(({ wgsl }) => wgsl.includes("workgroupUniformLoad"))).toBe(true);
    const opened = await openGraph(device, compiled, graph, { N: 150 });
    try {
      for (const tokens of [0, 1, 33, 150]) {
        const bindings = bindingsFor(graph, { N: tokens });
        const wanted = interpret(graph, bindings).outputs["dw"]!.data;
        const got = (await opened.run(bindings))["dw"]!;
        for (const [at, value] of wanted.entries()) expect(Math.abs(got[at]! - value), `${tokens} rows: [${at}]`).toBeLessThan(1e-4);
      }
    } finally {
      opened.dispose();
    }
  });
  it("equal it without features", { timeout: 120_000 }, async () => {
    const device = await openDevice((await openAdapter())!, []);
    try {
      await compare(device, {}, ["one expert without any"]);
    } finally {
      device.destroy();
    }
  });

  it("are not refused by the adapter, so that nothing falls back", async () => {
    const device = await gpuDevice();
    const { program } = compiledGraph(expertGraph(), { T: 75 });
    const made = await createPipelines(device, program, program.kernels.map((_, at) => at));
    for (const [at, { fallback }] of made) expect(fallback, program.kernels[at]!.name).toBe(choose(program.kernels[at]!, offerOf(device))[0]!.fallback);
  });

  it("run kernels with subgroups where there are any, and FLOPs of two experts of four", () => {
    const { fused, kernels } = compiledGraph(expertGraph(undefined, { d: 64, ff: 96 }), { T: 1024 }, {}).stages[0]!;
    const kinds = fused.groups.map(({ kind }) => kind);
    for (const kind of ["prefix", "search", "contract"] as const) expect(kinds).toContain(kind);
    const contracts = kernels.filter(({ kind }) => kind === "contract");
    expect(contracts.length).toBe(6);
    for (const { variants } of contracts) expect(variants[0].features).toEqual(["subgroups"]);
    const flops = contracts.reduce((sum, kernel) => sum + evaluate(kernel.flops, { T: 1024 }), 0);
    // Six products for two of four experts, and less than a tenth for rows of tiles that stay empty.
    const asked = 6 * 2 * 1024 * 2 * 64 * 96;
    expect(flops).toBeGreaterThanOrEqual(asked);
    expect(flops).toBeLessThan(1.1 * asked);
  });
});
