import { totalmem } from "node:os";
import { expect, it } from "vitest";
import { sessionDevice } from "../../src/experiment/compiled.ts";
import { fakeDevice } from "../support/fake-device.ts";

it("a GPU says itself what it lacks; memory of the machine is not promised to the last byte", () => {
  const { device } = fakeDevice();
  const budget = (hardware: boolean): number => sessionDevice({ device, adapter: { name: "", hardware } }).memoryBudget!;
  expect(budget(true)).toBe(Number.POSITIVE_INFINITY);
  expect(budget(false)).toBeGreaterThan(2 ** 28);
  expect(budget(false)).toBeLessThanOrEqual(0.75 * totalmem());
});
