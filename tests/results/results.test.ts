import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { rows } from "../../examples/rows.ts";
import { readResults } from "../../src/results/record.ts";
import type { Results, RunResult } from "../../src/results/record.ts";
import type { Row } from "../../src/results/row.ts";
import { staleRuns } from "../../src/results/stale.ts";
import { withReached } from "../../src/results/readme.ts";
import { resultsTable } from "../../src/results/table.ts";
import { commandLine, reasonToTrain } from "../../src/results/train-run.ts";
import { trainAllOptions } from "../../src/results/options.ts";

const TEXT = "to be or not to be\n".repeat(20);
const real = mkdtempSync(path.join(tmpdir(), "tfm-real-"));
writeFileSync(path.join(real, "a.txt"), TEXT);
afterAll(() => rmSync(real, { recursive: true }));
const places = { data: real, runs: "runs/all" };

const row: Row = {
  name: "gpt",
  runs: {
    first: { train: "examples/gpt/model.tfm --set d=32 --data DATA/a.txt", measure: { held: "eval" } },
    second: { train: "examples/gpt/model.tfm --init-from RUNS/first --data DATA/a.txt", measure: { held: "eval DATA/b.txt" } },
  },
  figures: [{ title: "nats", of: ({ first, second }) => (first?.["held"]?.["nats"] ?? Number.NaN) - (second?.["held"]?.["nats"] ?? Number.NaN), mark: { atLeast: 0.5 }, digits: 2 }],
};

function result(run: string, nats: number, changes: Partial<RunResult> = {}): RunResult {
  const { train, measure } = row.runs[run]!;
  return {
    train, measure, seconds: 125, steps: 2000, adapter: "an adapter", date: run === "first" ? "2026-01-01T10:00:00Z" : "2026-01-01T11:00:00Z",
    measured: { held: { nats } },
    hashes: { recipe: "000000000000", data: createHash("sha256").update(TEXT).digest("hex").slice(0, 12), program: "222222222222" },
    compiled: { file: "examples/gpt/model.tfm", recipe: "shakespeare", set: { d: "32", layers: "1" }, tokenizer: { size: 69, pad: 0, start: 1, end: 2, unk: 3, specials: 4 } },
    ...changes,
  };
}

/** As today's compiler makes them of the same file. */
function standing(run: string, nats: number, changes: Partial<RunResult> = {}): RunResult {
  const made = result(run, nats, changes);
  const reason = /recipe is (\w+) today/.exec(staleRuns({ gpt: { [run]: made } }).get(`gpt/${run}`) ?? "");
  const withRecipe = { ...made, hashes: { ...made.hashes, recipe: reason?.[1] ?? "" } };
  const program = /program is (\w+) today/.exec(staleRuns({ gpt: { [run]: withRecipe } }).get(`gpt/${run}`) ?? "");
  return { ...withRecipe, hashes: { ...withRecipe.hashes, program: program?.[1] ?? "" } };
}

describe("what has to be trained", () => {
  test("a run without a result, with another command, recipe, program or data, or whose first weights are newer", async () => {
    const [first, second] = [standing("first", 2), standing("second", 1)];
    const reason = async (name: string, results: Record<string, RunResult>): Promise<string | undefined> => reasonToTrain(row, name, { gpt: results }, places);
    expect(await reason("first", {})).toBe("not trained yet");
    expect(await reason("first", { first })).toBeUndefined();
    expect(await reason("first", { first: { ...first, train: "examples/gpt/model.tfm" } })).toBe("another command");
    expect(await reason("first", { first: { ...first, hashes: { ...first.hashes, recipe: "x" } } })).toBe("another model or recipe");
    expect(await reason("first", { first: { ...first, hashes: { ...first.hashes, program: "x" } } })).toBe("another program");
    expect(await reason("first", { first: { ...first, hashes: { ...first.hashes, data: "x" } } })).toBe("other data");
    expect(await reason("second", { first, second })).toBeUndefined();
    expect(await reason("second", { first: { ...first, date: "2026-01-01T12:00:00Z" }, second })).toBe("first was trained since");
  });

  test("a hyperparameter, the vocabulary, what is held out and when it is measured change the hashes", () => {
    const first = standing("first", 2);
    expect(staleRuns({ gpt: { first } }).size).toBe(0);
    const { set, tokenizer } = first.compiled;
    const others = [
      { set: { d: "64", layers: "1" } },
      { set: { ...set, "recipe.validation": "0.5" } },
      { set: { ...set, "recipe.evaluate": "5" } },
      { tokenizer: { ...tokenizer, size: 70 } },
    ];
    for (const changed of others) {
      expect([...staleRuns({ gpt: { first: { ...first, compiled: { ...first.compiled, ...changed } } } }).keys()]).toEqual(["gpt/first"]);
    }
  });
});

test("commands name the folder of real data and the runs that they start from", () => {
  expect(commandLine("a.tfm --data DATA/x  --init-from RUNS/first", row, places)).toEqual(["a.tfm", "--data", path.join(real, "x"), "--init-from", "runs/all/gpt/first"]);
  expect(commandLine("", row, places)).toEqual([]);
});

describe("the table", () => {
  const table = (results: Results, stale = new Map<string, string>()): readonly string[] => resultsTable([row], results, stale).split("\n");
  const figure = (lines: readonly string[]): string | undefined => lines.find((line) => line.startsWith("| [gpt]"));

  test("says what was reached, missed, not trained, and what no longer stands", () => {
    expect(figure(table({}))).toBe("| [gpt](gpt/README.md) | nats |  | ≥ 0.50 | not trained yet |");
    expect(figure(table({ gpt: { first: result("first", 2), second: result("second", 1.5) } }))).toBe("| [gpt](gpt/README.md) | nats | 0.50 | ≥ 0.50 | reached |");
    const missed = { gpt: { first: result("first", 2), second: result("second", 1.75) } };
    expect(figure(table(missed))).toBe("| [gpt](gpt/README.md) | nats | 0.25 | ≥ 0.50 | missed |");
    const stale = table(missed, new Map([["gpt/second", "the program is 333 today"]]));
    expect(figure(stale)).toBe("| [gpt](gpt/README.md) | nats | 0.25 | ≥ 0.50 | missed, stale |");
    expect(stale).toContain("**Stale: the program is 333 today.**");
  });

  test("gives each run's time, machine, hashes and commands", () => {
    const lines = table({ gpt: { first: result("first", 2) } });
    expect(lines).toContain(`\`first\`: 2,000 steps in 2:05 on an adapter, 2026-01-01; recipe 000000000000, data ${result("first", 2).hashes.data}, program 222222222222`);
    expect(lines).toContain("    npx --no-install tfmc train examples/gpt/model.tfm --set d=32 --data DATA/a.txt");
    expect(lines).toContain("    npx --no-install tfmc eval RUNS/first");
  });
});

describe("the part of a README", () => {
  const readme = (part: string): string => `# GPT

Reads letters.

<!-- reached: written by npm run train:all -->
${part}<!-- /reached -->

## More
`;
  const twoFigures: Row = { ...row, figures: [...row.figures, { title: "nats of `second`", of: ({ second }) => second?.["held"]?.["nats"] ?? Number.NaN, mark: { atMost: 1.2 }, digits: 1 }] };

  test("has each figure with its mark, and what was trained; the rest stays", () => {
    const results = { gpt: { first: result("first", 2), second: result("second", 1.3, { steps: 500, seconds: 3725, adapter: "another" }) } };
    expect(withReached(readme("what was there\n"), twoFigures, results, new Map([["gpt/second", "the program is 333 today"]]))).toBe(readme(`| figure | reached | mark | |
| --- | --- | --- | --- |
| nats | 0.70 | ≥ 0.50 | reached, stale |
| nats of \`second\` | 1.3 | ≤ 1.2 | missed, stale |

Trained on an adapter and another: \`first\` 2,000 steps in 2:05, \`second\` 500 steps in 62:05. The commands are in [RESULTS.md](../RESULTS.md).
`));
    expect(withReached(readme(""), row, {}, new Map())).toBe(readme(`| figure | reached | mark | |
| --- | --- | --- | --- |
| nats |  | ≥ 0.50 | not trained yet |
`));
  });

  test("is not made up where its marks are missing", () => {
    for (const wrong of ["# GPT\n", readme("").replace("<!-- /reached -->", ""), readme("") + readme("")]) {
      expect(() => withReached(wrong, row, {}, new Map())).toThrow("examples/gpt/README.md has no part between <!-- reached: written by npm run train:all --> and <!-- /reached -->");
    }
  });
});

test("examples/RESULTS.md and the examples' READMEs tell which rows no longer stand (npm run train:all -- --mark writes them)", () => {
  const results = readResults("examples/results.json");
  const stale = staleRuns(results);
  expect(readFileSync("examples/RESULTS.md", "utf8")).toBe(resultsTable(rows, results, stale));
  for (const row of rows) {
    const readme = readFileSync(`examples/${row.name}/README.md`, "utf8");
    expect(withReached(readme, row, results, stale)).toBe(readme);
  }
});

test("every row is an example", () => {
  for (const { name } of rows) expect(() => readFileSync(`examples/${name}/model.tfm`)).not.toThrow();
});

test("options", () => {
  expect(trainAllOptions(["rnn", "vit", "--mark"])).toEqual({ names: ["rnn", "vit"], data: "../shared/data", again: false, markOnly: true });
  expect(() => trainAllOptions(["--nonsense"])).toThrow(/nonsense/);
});
