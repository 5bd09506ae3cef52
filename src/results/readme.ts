/** What an example's README says of the figures that were reached: a part of it between two marks, written like `examples/RESULTS.md`. */
import type { Results } from "./record.ts";
import type { Row } from "./row.ts";
import { figureCells, minutesText } from "./table.ts";
import type { Stale } from "./table.ts";

const BEGIN = "<!-- reached: written by npm run train:all -->\n";
const END = "<!-- /reached -->\n";

/** The README with its part as the results have it. Throws where the part is missing. */
export function withReached(readme: string, row: Row, results: Results, stale: Stale): string {
  const [before, rest, ...more] = readme.split(BEGIN);
  const after = rest?.slice(rest.indexOf(END) + END.length);
  if (after === undefined || !rest?.includes(END) || more.length > 0) throw new Error(`internal: examples/${row.name}/README.md has no part between ${BEGIN.trim()} and ${END.trim()}`);
  return `${before}${BEGIN}${reachedLines(row, results, stale).join("\n")}\n${END}${after}`;
}

function reachedLines(row: Row, results: Results, stale: Stale): readonly string[] {
  const trained = Object.keys(row.runs).flatMap((run) => {
    const result = results[row.name]?.[run];
    return result === undefined ? [] : [[run, result] as const];
  });
  // What only averages others takes no time.
  const times = trained.filter(([, { steps }]) => steps > 0).map(([run, { steps, seconds }]) => `\`${run}\` ${steps.toLocaleString("en-US")} steps in ${minutesText(seconds)}`);
  const adapters = [...new Set(trained.map(([, { adapter }]) => adapter))];
  return [
    "| figure | reached | mark | |",
    "| --- | --- | --- | --- |",
    ...row.figures.map((figure) => `| ${figureCells(row, figure, results, stale)} |`),
    ...(trained.length === 0 ? [] : ["", `Trained on ${adapters.join(" and ")}: ${times.join(", ")}. The commands are in [RESULTS.md](../RESULTS.md).`]),
  ];
}
