import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { shellWord } from "../../src/shell.ts";

it.each(["runs/translation-2", "runs/my run", "it's", "a$HOME`b`", "", "*.tfm", "ünï", "-x; rm"])("a shell reads %j as it was", (name) => {
  expect(spawnSync("sh", ["-c", `printf %s ${shellWord(name)}`], { encoding: "utf8" }).stdout).toBe(name);
});

it("leaves plain names as they are", () => {
  expect(shellWord("examples/gpt/model.tfm")).toBe("examples/gpt/model.tfm");
});
