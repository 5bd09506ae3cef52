import { expect, it } from "vitest";
import { chooseContract } from "../../../compiler/kernels/contract/choose.ts";
import { laneKernel } from "../../../compiler/kernels/contract/lanes.ts";
import { panelKernel } from "../../../compiler/kernels/contract/panel.ts";
import { registerKernel } from "../../../compiler/kernels/contract/registers.ts";
import { tileKernel } from "../../../compiler/kernels/contract/tiles.ts";
import type { ContractKernel, ContractSpec } from "../../../compiler/kernels/contract/spec.ts";
import { describeGpu, gpuDevice } from "../../support/gpu.ts";
import { expected, FORMS, productData, productRunner, productSpec } from "./product.ts";
import type { Product, Shape } from "./product.ts";

type Generate = (spec: ContractSpec) => ContractKernel;

// Pipelines are compiled for seconds in all, so each generator takes every form and alignment once, with the folded parts in
// half of them, and each pipeline takes many sizes.
const GENERATORS: Readonly<Record<string, Generate>> = {
  "lanes 32x32": (spec) => laneKernel(spec, { rowsPerLane: 32, columnLanes: 8, width: 4, unroll: 1 }),
  "registers 4x4": (spec) => registerKernel(spec, 4),
  "tiles 64x64": (spec) => tileKernel(spec, { perInvocation: 4, rolled: true }),
};

/** Around the edges of every tile; [batch, rows, columns, depth]. */
const ANY: readonly Shape[] = shapes([
  [1, 1, 1, 1], [2, 3, 7, 9], [1, 7, 3, 33], [1, 8, 9, 31], [3, 9, 8, 7], [1, 31, 33, 8], [1, 33, 31, 65], [1, 63, 65, 3],
  [2, 64, 63, 1], [1, 65, 64, 63], [1, 127, 1, 64], [1, 1, 257, 127], [1, 257, 31, 3], [1, 3, 127, 257],
]);

const MULTIPLES: readonly Shape[] = shapes([
  [1, 4, 4, 4], [2, 8, 12, 36], [1, 32, 36, 8], [3, 36, 32, 4], [1, 64, 68, 12], [1, 68, 64, 64], [1, 128, 4, 128], [1, 4, 256, 32], [1, 260, 28, 20],
]);

describeGpu("products at many sizes", () => {
  for (const [name, generate] of Object.entries(GENERATORS)) {
    for (const [at, [form]] of Object.entries(FORMS).entries()) {
      it(`${name}, ${form}, any size`, () => check(product(form, { fused: at % 2 === 1, aligned: false }), generate, ANY));
      it(`${name}, ${form}, multiples of four`, () => check(product(form, { fused: at % 2 === 0, aligned: true }), generate, MULTIPLES));
    }
  }
});

describeGpu("products by other tiles", () => {
  const tiles = [
    { form: "TN", rowsPerLane: 64, columnLanes: 8, unroll: 2 },
    { form: "NN", rowsPerLane: 16, columnLanes: 8, unroll: 4 },
    { form: "NT", rowsPerLane: 8, columnLanes: 8, unroll: 4 },
    { form: "NT", rowsPerLane: 4, columnLanes: 8, unroll: 2 },
    { form: "NN", rowsPerLane: 16, columnLanes: 4, unroll: 4 },
    { form: "TN", rowsPerLane: 16, columnLanes: 4, unroll: 2 },
    { form: "TN", rowsPerLane: 8, columnLanes: 2, unroll: 1 },
    { form: "NN", rowsPerLane: 4, columnLanes: 1, unroll: 4 },
    { form: "TT", rowsPerLane: 4, columnLanes: 1, unroll: 4 },
  ] as const;
  for (const { form, ...tile } of tiles) {
    it(`lanes ${form} ${JSON.stringify(tile)}`, () => check(product(form, { fused: true, aligned: true }), (spec) => laneKernel(spec, { ...tile, width: 4 }), MULTIPLES));
  }
  it("lanes of one column", async () => {
    const single = (spec: ContractSpec): ContractKernel => laneKernel(spec, { rowsPerLane: 4, columnLanes: 1, width: 1, unroll: 1 });
    await check(product("NN", { fused: true, aligned: false }), single, ANY);
    await check(product("TN", { fused: false, aligned: false }), single, ANY);
  });
  it("lanes, two steps at once, any depth", () =>
    check(product("NT", { fused: true, aligned: false }), (spec) => laneKernel(spec, { rowsPerLane: 8, columnLanes: 8, width: 4, unroll: 2 }), ANY));
  it("registers of one column", () => check(product("NN", { fused: true, aligned: false }), (spec) => registerKernel(spec, 1), ANY));
  it("tiles 128x128", () => check(product("NT", { fused: false, aligned: true }), (spec) => tileKernel(spec, { perInvocation: 8, rolled: true }), MULTIPLES));
});

describeGpu("products through a panel", () => {
  // One panel; a part of one; two of equal depth; three with padding.
  for (const [depth, deepest] of [[64, 64], [20, 64], [72, 36], [100, 36]] as const) {
    for (const form of ["NN", "NT"]) {
      it(`${form}, depth ${depth} by ${deepest}`, async () => {
        const sizes = MULTIPLES.map((shape) => ({ ...shape, depth }));
        const family: Product = { form: FORMS[form]!, known: { depth }, aligned: true, fused: form === "NT" };
        await check(family, (spec) => panelKernel(spec, { rows: 32, deepest }), sizes);
      });
    }
  }
});

describeGpu("the chosen products", () => {
  // Those of a small translation model, smaller in what is symbolic there: forward, data gradient, weight gradient.
  const cases: readonly { readonly form: string; readonly known: Partial<Shape>; readonly free: number; readonly aligned: boolean }[] = [
    { form: "NN", known: { columns: 64, depth: 64 }, free: 100, aligned: true },
    { form: "NN", known: { columns: 100, depth: 48 }, free: 37, aligned: true },
    { form: "NT", known: { columns: 64, depth: 200 }, free: 70, aligned: true },
    { form: "TN", known: { rows: 64, columns: 96 }, free: 77, aligned: true },
    { form: "NN", known: { columns: 1, depth: 64 }, free: 70, aligned: false },
    { form: "NN", known: { columns: 16, depth: 64 }, free: 70, aligned: true },
  ];
  for (const { form, known, free, aligned } of cases)
    it(`${form} ${JSON.stringify(known)}`, async () => {
      const sizes: Shape = { batch: 1, rows: free, columns: free, depth: free, ...known };
      const family: Product = { form: FORMS[form]!, known: { batch: 1, ...known }, aligned, fused: true };
      const count = chooseContract(productSpec(family), { kind: "cpu" }).length;
      for (let at = 0; at < count; at++) await check(family, (spec) => chooseContract(spec, { kind: "cpu" })[at]!, [sizes]);
    });
});

function product(form: string, rest: { readonly fused: boolean; readonly aligned: boolean }): Product {
  return { form: FORMS[form]!, known: {}, ...rest };
}

/** The sums must be those of sequential f32 arithmetic, bit for bit; what is made of them close to f64. */
async function check(family: Product, generate: Generate, sizes: readonly Shape[]): Promise<void> {
  const device = await gpuDevice();
  const runner = await productRunner(device, generate(productSpec(family)));
  for (const shape of sizes) {
    const data = productData(shape);
    const want = expected(family, shape, data);
    const got = await runner.run(shape, data);
    const sums = family.fused ? got.sums : got.out;
    const wrong = sums.findIndex((value, at) => value !== want.rounded[at]);
    expect(wrong < 0 ? "equal" : `${JSON.stringify(shape)} differs at ${wrong}: ${sums[wrong]}, not ${want.rounded[wrong]}`).toBe("equal");
    const far = got.out.findIndex((value, at) => !(Math.abs(value - want.out[at]!) <= 1e-5 * (1 + Math.abs(want.out[at]!))));
    expect(far < 0 ? "close" : `${JSON.stringify(shape)} is off at ${far}: ${got.out[far]}, not ${want.out[far]}`).toBe("close");
  }
}

function shapes(rows: readonly (readonly [number, number, number, number])[]): Shape[] {
  return rows.map(([batch, rows, columns, depth]) => ({ batch, rows, columns, depth }));
}
