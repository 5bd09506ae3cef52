import { expect, test } from "vitest";
import { GRAMMAR_CODES, parse } from "../../grammar/index.ts";
import { errorFileCodes, expectErrorFile, readErrorFile } from "../support/error-files.ts";

test("every code of the grammar has a file in tests/errors", () => {
  expect(GRAMMAR_CODES.filter((code) => !errorFileCodes().includes(code))).toEqual([]);
});

for (const code of GRAMMAR_CODES.filter((c) => errorFileCodes().includes(c))) {
  test(`tests/errors/${code}.txt`, () => {
    const file = readErrorFile(code);
    const { diagnostics } = parse(file.source);
    expectErrorFile(file, diagnostics);
  });
}
