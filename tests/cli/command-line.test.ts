import { describe, expect, it } from "vitest";
import { parseCommandLine } from "../../src/command-line.ts";
import { optionValues } from "../../src/commands/command.ts";
import type { Command } from "../../src/commands/command.ts";
import { commands, commonOptions } from "../../src/commands/table.ts";
import { exitCodes } from "../../src/exit-codes.ts";

const sample: Command = {
  name: "train",
  summary: "a sample",
  arguments: [{ name: "file", count: "one", doc: "a file" }],
  options: [
    { name: "steps", kind: "integer", value: "N", doc: "steps" },
    { name: "rate", kind: "number", doc: "a rate" },
    { name: "set", kind: "list", value: "NAME=VALUE", doc: "settings" },
    { name: "stop-at", kind: "integer", doc: "an end" },
    { name: "out", kind: "text", value: "DIR", doc: "a folder" },
    { name: "emit", kind: "text", choices: ["ast", "wgsl"], doc: "a stage" },
    { name: "resume", kind: "flag", doc: "go on" },
  ],
  needsAdapter: false,
  run: async () => exitCodes.ok,
};

const talking: Command = {
  name: "say",
  summary: "another",
  arguments: [{ name: "run", count: "one", doc: "a run" }, { name: "texts", count: "any", mayBeEmpty: true, doc: "texts" }],
  options: [{ name: "to", kind: "text", mayBeEmpty: true, doc: "a text" }],
  needsAdapter: false,
  run: async () => exitCodes.ok,
};

/** Of a line in which '' is an empty word. */
async function parse(line: string, table: readonly Command[] = [sample, talking]) {
  const out: string[] = [];
  const err: string[] = [];
  const result = await parseCommandLine(line.split(" ").filter((word) => word !== "").map((word) => (word === "''" ? "" : word)), { version: "1.2.3", commands: table, commonOptions }, { out: (text) => out.push(text), err: (text) => err.push(text) });
  return { result, out: out.join(""), err: err.join("") };
}

describe("a command line", () => {
  it("gives arguments and typed values by the long names", async () => {
    const { result } = await parse("train m.tfm --steps 12 --rate -1e-3 --set a=1 --set b=2 --stop-at 7 --emit ast --resume --quiet --no-color");
    if (!result.ok) throw new Error("refused");
    expect(result.line.arguments).toEqual(["m.tfm"]);
    expect(result.line.color).toBe(false);
    const values = optionValues([...commonOptions, ...sample.options], result.line.options);
    expect([values.number("steps"), values.number("rate"), values.number("stop-at")]).toEqual([12, -0.001, 7]);
    expect(values.list("set")).toEqual(["a=1", "b=2"]);
    expect([values.text("emit"), values.flag("resume"), values.flag("quiet"), values.flag("json")]).toEqual(["ast", true, true, false]);
  });

  it("leaves what is not given undefined, false or empty", async () => {
    const { result } = await parse("--json train m.tfm");
    if (!result.ok) throw new Error("refused");
    const values = optionValues([...commonOptions, ...sample.options], result.line.options);
    expect([values.number("steps"), values.text("emit"), values.flag("resume"), values.list("set"), values.flag("json")]).toEqual([undefined, undefined, false, [], true]);
  });

  it.each([
    ["train m.tfm --step 3", "Did you mean --steps?"],
    ["trian m.tfm", "Did you mean train?"],
    ["train m.tfm --steps 1.5", "It must be a whole number."],
    ["train m.tfm --steps 12x", "It must be a whole number."],
    ["train m.tfm --rate fast", "It must be a number."],
    ["train m.tfm --emit llvm", "Allowed choices are ast, wgsl."],
    ["train", "missing required argument 'file'"],
    ["train a b", "too many arguments"],
    ["train a --steps", "argument missing"],
    ["train ''", "argument 'file'. It must not be empty."],
    ["train a --out ''", "'--out <DIR>' argument '' is invalid. It must not be empty."],
    ["train a --set b=1 --set ''", "It must not be empty."],
    ["train a --emit ''", "Allowed choices are ast, wgsl."],
    ["say ''", "argument 'run'. It must not be empty."],
    ["", "Usage: tfmc"],
  ])("`tfmc %s` is a usage error that helps", async (line, message) => {
    const { result, err, out } = await parse(line);
    expect(result).toEqual({ ok: false, usageError: true });
    expect(err).toContain(message);
    expect(out).toBe("");
  });

  it("may hold empty texts where a text is asked for", async () => {
    const { result } = await parse("say a '' b --to ''");
    expect(result.ok && [result.line.arguments, result.line.options]).toEqual([["a", "", "b"], new Map([["to", ""]])]);
  });

  it("prints help and version on stdout and is done", async () => {
    const help = await parse("train --help");
    expect(help.result).toEqual({ ok: false, usageError: false });
    for (const { name } of [...sample.options, ...commonOptions]) expect(help.out).toContain(`--${name}`);
    expect((await parse("--version")).out).toBe("1.2.3\n");
  });

  it("passes everything after -- on", async () => {
    const { result } = await parse("exec -- node --json x", commands);
    expect(result.ok && result.line.arguments).toEqual(["node", "--json", "x"]);
    expect(result.ok && result.line.options.get("json")).toBe(undefined);
  });

  it("asking for an undeclared option is a bug of ours", () => {
    const values = optionValues(sample.options, new Map());
    expect(() => values.flag("steps")).toThrow("internal: ");
    expect(() => values.text("nothing")).toThrow("internal: ");
  });
});

describe("the table of verbs", () => {
  it("has no name twice, and no option that hides a common one", () => {
    const names = commands.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const command of commands) {
      const options = [...commonOptions, ...command.options].flatMap(({ name, short }) => [name, ...(short === undefined ? [] : [short])]);
      expect(new Set(options).size, command.name).toBe(options.length);
    }
  });

  it("every verb and option is documented in one line, and every verb has help", async () => {
    for (const command of commands) {
      for (const doc of [command.summary, ...command.options.map((option) => option.doc), ...command.arguments.map((argument) => argument.doc)]) expect(doc).toMatch(/^\S[^\n]*[^.\s]$/);
      const { result, out } = await parse(`${command.name} --help`, commands);
      expect(result).toEqual({ ok: false, usageError: false });
      expect(out).toContain(command.summary.slice(0, 30));
    }
  });
});
