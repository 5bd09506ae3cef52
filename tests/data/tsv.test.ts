import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { pairsOf, readPairs } from "../../src/data-sources/tsv.ts";

const folder = mkdtempSync(join(tmpdir(), "tfm-tsv-"));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, "data.tsv");
function reading(content: string | Uint8Array): ReturnType<typeof readPairs> {
  writeFileSync(file, content);
  return readPairs(file);
}
const failure = (code: string, message: string) => ({ ok: false, failure: expect.objectContaining({ code, exit: 1, message }) as unknown });

describe("readPairs", () => {
  const two = { ok: true, value: [{ source: "un", target: "one" }, { source: "deux", target: "two" }] };

  it.each([
    ["lines", "un\tone\ndeux\ttwo\n"], ["no last line break", "un\tone\ndeux\ttwo"], ["CR LF", "un\tone\r\ndeux\ttwo\r\n"],
    ["a byte order mark", "\ufeffun\tone\ndeux\ttwo\n"], ["empty lines at the end", "un\tone\ndeux\ttwo\n\n  \n"],
  ])("reads %s", (_, content) => expect(reading(content)).toEqual(two));

  it("leaves texts as they are, any script", () => {
    expect(reading("l\u2019\u00e9t\u00e9 😀\t 夏 \n")).toEqual({ ok: true, value: [{ source: "l’été 😀", target: " 夏 " }] });
  });

  it("says that a file is missing, or is a folder", () => {
    expect(readPairs(join(folder, "none.tsv"))).toEqual(failure("file-missing", expect.stringContaining("none.tsv") as unknown as string));
    expect(readPairs(folder)).toEqual(failure("file-is-folder", expect.stringContaining(folder) as unknown as string));
  });

  it.each(["", "\n\n", "  \r\n", "\ufeff"])("says that %j holds no pairs", (content) => {
    expect(reading(content)).toEqual(failure("data-empty", `${file} holds no pairs`));
  });

  it("names the line and offset of bytes that are not UTF-8", () => {
    // "un\tone\n" is 7 bytes, "d" one more.
    expect(reading(Buffer.concat([Buffer.from("un\tone\nd"), Buffer.of(0xe9), Buffer.from("ux\ttwo\n")])))
      .toEqual(failure("file-not-utf8", `${file}:2: not UTF-8 (byte 0xe9 at offset 8)`));
    expect(reading(Buffer.of(0xff, 0xfe, 0x75, 0))).toEqual(failure("file-not-utf8", `${file}:1: not UTF-8 (byte 0xff at offset 0)`));
  });

  it("names and shows a line without a tab", () => {
    expect(reading("un\tone\ndeux two\n")).toEqual(failure("data-no-tab", `${file}:2: no tab in "deux two"`));
    expect(reading("un\tone\n\ndeux\ttwo\n")).toEqual(failure("data-no-tab", `${file}:2: the line is empty`));
    expect(reading(`${"é".repeat(70)}\n`)).toEqual(failure("data-no-tab", `${file}:1: no tab in "${"é".repeat(60)}…"`));
  });

  it("names a line with an empty or a third column", () => {
    expect(reading("un\tone\n\ttwo\n")).toEqual(failure("data-empty-column", `${file}:2: the source (before the tab) is empty in "\\ttwo"`));
    expect(reading("un\t\u00a0 \n")).toEqual(failure("data-empty-column", expect.stringContaining("the target (after the tab) is empty") as unknown as string));
    expect(reading("un\tone\teins\n")).toEqual(failure("data-columns", `${file}:1: 3 columns in "un\\tone\\teins"`));
  });

  it("counts lines the same with CR LF", () => {
    expect(pairsOf("a\tb\r\nc\td\r\nbad\r\n", "x")).toEqual(failure("data-no-tab", 'x:3: no tab in "bad"'));
  });
});
