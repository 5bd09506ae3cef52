import { expect, it } from "vitest";
import { chooseContract } from "../../../compiler/kernels/contract/choose.ts";
import { describeGpu, gpuDevice } from "../../support/gpu.ts";
import { expected, FORMS, productData, productSpec, runProduct } from "./product.ts";
import type { Product, Shape } from "./product.ts";

describeGpu("products", () => {
  for (const [name, form] of Object.entries(FORMS)) {
    it(`${name}`, async () => {
      const device = await gpuDevice();
      for (const shape of [[1, 64, 64, 64], [1, 65, 33, 31], [3, 5, 7, 9], [1, 100, 1, 12], [2, 9, 16, 8]] as const) {
        const [batch, rows, columns, depth] = shape;
        const sizes: Shape = { batch, rows, columns, depth };
        const product: Product = { form, shape: sizes, symbolic: false, prologue: false, epilogue: false };
        const data = productData(sizes);
        const want = expected(product, data);
        for (const kernel of chooseContract(productSpec(product), { kind: "cpu" })) {
          const got = await runProduct(device, kernel, product, data);
          expect(got.out, `${kernel.schedule} ${shape.join("×")}`).toEqual(want.rounded);
        }
      }
    });
  }
});
