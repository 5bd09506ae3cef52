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
    ["train m.tfm --step 3", "option-unknown", "unknown option `--step`", "did you mean `--steps`? `tfmc train --help` lists all"],
    ["trian m.tfm", "command-unknown", "unknown command `trian`", "did you mean `train`? `tfmc --help` lists all"],
    ["train m.tfm --nothing-alike", "option-unknown", "unknown option `--nothing-alike`", "`tfmc train --help` says what it takes"],
    ["train m.tfm --steps 1.5", "option-value", "option `--steps <N>` argument `1.5` is invalid: it must be a whole number", "`tfmc train --help` says what it takes"],
    ["train m.tfm --steps 12x", "option-value", "it must be a whole number"],
    ["train m.tfm --rate fast", "option-value", "it must be a number"],
    ["train m.tfm --emit llvm", "option-value", "allowed choices are ast, wgsl"],
    ["train", "argument-not-given", "missing required argument `file`"],
    ["train a b", "extra-argument", "too many arguments for `train`: expected 1 argument but got 2"],
    ["train a --steps", "option-value", "option `--steps <N>` argument missing"],
    ["train ''", "option-value", "argument `file`: it must not be empty"],
    ["train a --out ''", "option-value", "`--out <DIR>` argument `` is invalid: it must not be empty"],
    ["train a --set b=1 --set ''", "option-value", "it must not be empty"],
    ["train a --emit ''", "option-value", "allowed choices are ast, wgsl"],
    ["say ''", "option-value", "argument `run`: it must not be empty"],
  ])("`tfmc %s` is a usage error with a code, that helps", async (line, code, message, remedy?: string) => {
    const { result, err, out } = await parse(line);
    if (result.ok || result.failure === undefined) throw new Error("read, or not told");
    expect(result).toMatchObject({ usageError: true, failure: { code, exit: exitCodes.usage } });
    expect(result.failure.message).toContain(message);
    expect(result.failure.remedy).toContain(remedy ?? "--help");
    expect([err, out]).toEqual(["", ""]);
  });

  it("without a verb is a usage error that shows the help", async () => {
    const { result, err, out } = await parse("");
    expect([result, out]).toEqual([{ ok: false, usageError: true }, ""]);
    expect(err).toContain("Usage: tfmc");
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
