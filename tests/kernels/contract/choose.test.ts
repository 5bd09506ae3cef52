import { describe, expect, it } from "vitest";
import { evaluateSize } from "../../../runtime/size.ts";
import { chooseContract } from "../../../compiler/kernels/contract/choose.ts";
import type { ContractKernel } from "../../../compiler/kernels/contract/spec.ts";
import { FORMS, productSpec, sizesOf } from "./product.ts";
import type { Shape } from "./product.ts";

const WIDTH = 64;
const TOKENS: Partial<Shape> = { batch: 1 };

/** The products of a training step at width 64: rows are tokens where the form is NN or NT, the depth is where it is TN. */
const STEP: readonly { readonly form: string; readonly known: Partial<Shape> }[] = [
  { form: "NN", known: { ...TOKENS, columns: WIDTH, depth: WIDTH } },
  { form: "NN", known: { ...TOKENS, columns: 4 * WIDTH, depth: WIDTH } },
  { form: "NN", known: { ...TOKENS, columns: WIDTH, depth: 4 * WIDTH } },
  { form: "NN", known: { ...TOKENS, columns: 800, depth: WIDTH } },
  { form: "NT", known: { ...TOKENS, columns: WIDTH, depth: 800 } },
  { form: "TN", known: { ...TOKENS, rows: WIDTH, columns: 4 * WIDTH } },
  { form: "TN", known: { ...TOKENS, rows: WIDTH, columns: 800 } },
];

function chosen(form: string, known: Partial<Shape>, kind: "cpu" | "gpu" | "any", aligned = true): readonly ContractKernel[] {
  return chooseContract(productSpec({ form: FORMS[form]!, known, aligned, fused: true }), { kind });
}

describe("the choice of a product's kernel", () => {
  it("always ends with one that needs no features", () => {
    for (const kind of ["cpu", "gpu"] as const)
      for (const { form, known } of STEP)
        for (const aligned of [true, false]) expect(chosen(form, known, kind, aligned).at(-1)!.features).toEqual([]);
  });

  it("for an adapter that is not known, prefers a CPU's where its subgroups are those, else takes a GPU's", () => {
    for (const { form, known } of STEP) {
      const any = chosen(form, known, "any");
      expect([any[0], any.at(-1)]).toEqual([chosen(form, known, "cpu")[0], chosen(form, known, "gpu").at(-1)]);
      expect(any.at(-1)!.features).toEqual([]);
    }
  });

  it("depends on nothing but its arguments", () => {
    for (const { form, known } of STEP) expect(chosen(form, known, "cpu")).toEqual(chosen(form, known, "cpu"));
  });

  it("executes at most a tenth more multiplications than needed in a training step", () => {
    for (const kind of ["cpu", "gpu"] as const) {
      let [needed, executed] = [0, 0];
      for (const { form, known } of STEP) {
        const shape: Shape = { batch: 1, rows: 750, columns: 750, depth: 750, ...known };
        needed += 2 * shape.rows * shape.columns * shape.depth;
        executed += evaluateSize(chosen(form, known, kind)[0]!.flops, sizesOf(shape));
      }
      expect(executed / needed).toBeLessThan(1.1);
    }
  });

  it("gives two cores several tiles each", () => {
    for (const { form, known } of STEP) {
      const shape: Shape = { batch: 1, rows: 700, columns: 700, depth: 700, ...known };
      expect(evaluateSize(chosen(form, known, "cpu")[0]!.groups, sizesOf(shape))).toBeGreaterThanOrEqual(6);
    }
  });

  it("keeps the text short, which is what the driver's compile time follows", () => {
    for (const { form, known } of STEP)
      for (const kernel of chosen(form, known, "cpu")) expect(kernel.wgsl.length, kernel.schedule).toBeLessThan(14_000);
  });

  it("gives narrow products lanes over rows", () => {
    const [narrow] = chosen("NN", { batch: 1, columns: 4, depth: 256 }, "cpu");
    expect(narrow!.schedule).toBe("lanes 32x4");
  });

  it("has no tile for an empty product", () => {
    for (const kernel of chosen("NN", { batch: 1, columns: 64, depth: 64 }, "cpu")) {
      expect(evaluateSize(kernel.groups, { Z: 1, M: 0, N: 64, K: 64 })).toBe(0);
    }
  });
});
