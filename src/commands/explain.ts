import { readdirSync } from "node:fs";
import path from "node:path";
import { exitCodes } from "../exit-codes.ts";
import { readText } from "../files.ts";
import { packageRoot } from "../package-root.ts";
import { nearest } from "../../grammar/suggest.ts";
import type { Command } from "./command.ts";

export const explainCommand: Command = {
  name: "explain",
  summary: "explain a diagnostic by its code, with an example",
  arguments: [{ name: "code", count: "optional", doc: "as it stands in error[CODE]; without one, all codes are listed" }],
  options: [],
  needsAdapter: false,
  run: async ({ arguments: [given], output }) => {
    const codes = knownCodes();
    if (given === undefined) {
      if (output.json) output.dataJson(codes);
      else for (const code of codes) output.data(code);
      return exitCodes.ok;
    }
    const code = given.replace(/^(error|warning)\[(.*)\]:?$/, "$2");
    const text = codes.includes(code) ? readText(path.join(folder(), `${code}.txt`)) : undefined;
    if (text === undefined || !text.ok) {
      const near = nearest(code, codes);
      const remedy = `${near === undefined ? "" : `did you mean \`${near}\`? `}\`tfmc explain\` lists what can be wrong with a .tfm file; other errors say all there is to know where they are told`;
      output.fail({ code: "unknown-code", exit: exitCodes.usage, message: `there is no \`${code}\` among what can be wrong with a .tfm file`, remedy });
      return exitCodes.usage;
    }
    if (output.json) output.dataJson({ code, text: text.value });
    else output.data(text.value.trimEnd());
    return exitCodes.ok;
  },
};

/** The same files that the tests hold the messages against. */
const folder = (): string => path.join(packageRoot, "tests", "errors");

function knownCodes(): readonly string[] {
  try {
    return readdirSync(folder()).filter((name) => name.endsWith(".txt")).map((name) => name.slice(0, -".txt".length)).sort();
  } catch {
    return [];
  }
}
