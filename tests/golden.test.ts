/**
 * Golden folders: `model.tfm` and every stage of the compiler as text, numbered in flow order, so that one folder read from
 * top to bottom explains the compiler. `UPDATE=1` rewrites them. What a program must keep whatever the files say stands in
 * the model as `// expect: dispatches of ENTRY <= N` and `// expect: no buffer [SHAPE]`; `// without: STAGE` leaves one out.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { check } from "../compiler/check/check.ts";
import { compile } from "../compiler/compile.ts";
import { emitStage, STAGES } from "../compiler/emit.ts";
import { print } from "../compiler/dim.ts";
import { renderDiagnostic } from "../grammar/diagnostic.ts";
import { sourceFile } from "../grammar/source.ts";
import { library } from "./support/reference.ts";

const ROOT = new URL("golden/", import.meta.url);
const update = process.env["UPDATE"] === "1";
const fileOf = (stage: (typeof STAGES)[number]): string => `${STAGES.indexOf(stage) + 1}-${stage}.${stage === "wgsl" ? "wgsl" : "txt"}`;

for (const program of readdirSync(ROOT).sort())
  describe(`golden ${program}`, () => {
    const folder = new URL(`${program}/`, ROOT);
    const text = readFileSync(new URL("model.tfm", folder), "utf8");
    const left = new Set([...text.matchAll(/^\/\/ without: (\w+)$/gm)].map(([, stage]) => stage));
    const stages = STAGES.filter((stage) => !left.has(stage));
    const compiled = () => {
      const { model, diagnostics } = check(sourceFile("model.tfm", text), { std: library() });
      if (!model) throw new Error(diagnostics.map((diagnostic) => renderDiagnostic(diagnostic)).join("\n"));
      return { model, ...compile(model, { profile: { kind: "cpu" }, training: true }) };
    };

    it("says what each stage makes of it", () => {
      const { model, ...rest } = compiled();
      for (const stage of stages) {
        const file = new URL(fileOf(stage), folder);
        const made = emitStage(stage, model, rest);
        if (update) writeFileSync(file, made);
        expect(made, `${program}/${fileOf(stage)} (UPDATE=1 rewrites it)`).toBe(existsSync(file) ? readFileSync(file, "utf8") : "");
      }
    });

    it("has no file that no stage makes", () => {
      const known = new Set(["model.tfm", ...stages.map(fileOf)]);
      const orphans = readdirSync(folder).filter((name) => !known.has(name));
      if (update) for (const name of orphans) rmSync(new URL(name, folder));
      else expect(orphans).toEqual([]);
    });

    for (const [, wish] of text.matchAll(/^\/\/ expect: (.*)$/gm))
      it(`keeps: ${wish}`, () => {
        const { program: made } = compiled();
        const limit = /^dispatches of (\w+) <= (\d+)$/.exec(wish!);
        const shape = /^no buffer (\[.*\])$/.exec(wish!);
        if (limit) expect(made.entries.find(({ name }) => name === limit[1])!.steps.length).toBeLessThanOrEqual(Number(limit[2]));
        else if (shape) {
          const shapes = made.entries.flatMap(({ temporaries }) => temporaries.map((each) => `[${each.shape.map(print).join(", ")}]`));
          expect(shapes).not.toContain(shape[1]);
        } else throw new Error(`nothing is known of "${wish}"`);
      });
  });
