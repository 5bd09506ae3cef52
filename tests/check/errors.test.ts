import { expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { CHECK_CODES } from "../../compiler/check/errors.ts";
import { errorFileCodes, expectErrorFile, readErrorFile } from "../support/error-files.ts";
import { library } from "../support/reference.ts";

const std = library();

test("every code of the checker has a file in tests/errors", () => {
  expect(CHECK_CODES.filter((code) => !errorFileCodes().includes(code))).toEqual([]);
});

for (const code of CHECK_CODES.filter((c) => errorFileCodes().includes(c))) {
  test(`tests/errors/${code}.txt`, () => {
    const file = readErrorFile(code);
    const { diagnostics, model } = check(file.source, { std });
    expectErrorFile(file, diagnostics);
    if (diagnostics.some(({ severity }) => severity === "error")) expect(model).toBeUndefined();
  });
}
