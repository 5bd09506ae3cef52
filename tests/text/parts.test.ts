import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { DECODERS } from "../../runtime/text/decoders.ts";
import { NORMALIZERS } from "../../runtime/text/normalizers.ts";
import { PRE_TOKENIZERS } from "../../runtime/text/pre-tokenizers.ts";

/** The names that follow in a list of the page, up to its end. */
function named(after: string): readonly string[] {
  const list = readFileSync(new URL("../../docs/data.md", import.meta.url), "utf8").replace(/\s+/g, " ").split(`the ${after} `)[1]?.split(";")[0] ?? "";
  return Array.from(list.matchAll(/`(\w+)`/g), ([, name]) => name as string).sort();
}

it.each<[string, object]>([["normalizers", NORMALIZERS], ["pre-tokenizers", PRE_TOKENIZERS], ["decoders", DECODERS]])("the %s that can be read are those that the page names", (kind, table) => {
  expect(named(kind)).toEqual(Object.keys(table).filter((name) => name !== "Sequence").sort());
});
