import { expect, it } from "vitest";
import { distance as edits, nearest } from "../../grammar/suggest.ts";

it.each([
  ["", "", 0],
  ["a", "", 1],
  ["kitten", "sitting", 3],
  ["heads", "haeds", 1],
  ["layers", "layer", 1],
  ["ca", "abc", 3],
])("the distance of %j and %j is %d", (a, b, distance) => {
  expect(edits(a, b)).toBe(distance);
  expect(edits(b, a)).toBe(distance);
});

it("suggests the nearest name only where it is near", () => {
  expect(nearest("hedas", ["layers", "heads", "d"])).toBe("heads");
  expect(nearest("Heads", ["layers", "heads"])).toBe("heads");
  expect(nearest("banana", ["layers", "heads"])).toBe(undefined);
  expect(nearest("num_heads", ["kv_heads", "heads"])).toBe("heads");
  expect(nearest("cross_entropy_loss", ["loss", "cross_entropy"])).toBe("cross_entropy");
  expect(nearest("gelu_tahn", ["gelu", "gelu_tanh"])).toBe("gelu_tanh");
  expect(nearest("norm2", ["norm1"])).toBe(undefined);
  expect(nearest("encoder.9", ["encoder.0"])).toBe("encoder.0");
  expect(nearest("nrom2", ["norm1", "norm2"])).toBe("norm2");
  expect(nearest("size-mismach", ["size-mismatch", "rank-mismatch"])).toBe("size-mismatch");
});
