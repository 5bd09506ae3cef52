/** The report of a run folder: `run.json` keeps what the log does not say, `report.html` is made of both. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { LogRow } from "../../runtime/index.ts";
import { valueOf } from "../failure.ts";
import { writeAtomically } from "../files.ts";
import type { RunFacts, Sample, Sitting } from "./data.ts";
import { reportHtml } from "./page.ts";

const FACTS = "run.json";
const REPORT = "report.html";
const LOG = "log.jsonl";
/** Samples of an evaluation that a report shows. */
const SAMPLES = 12;

/** What a run folder says of its run; undefined where it says nothing that can be read. */
export function readFacts(folder: string): RunFacts | undefined {
  try {
    const facts = JSON.parse(readFileSync(path.join(folder, FACTS), "utf8")) as RunFacts;
    return facts.format === 1 ? facts : undefined;
  } catch {
    return undefined;
  }
}

/** Makes `report.html` of the facts and the folder's log, and gives its path. */
export function writeReport(folder: string, facts: RunFacts): string {
  const file = path.join(folder, REPORT);
  valueOf(writeAtomically(path.join(folder, FACTS), `${JSON.stringify(facts, null, 1)}\n`));
  valueOf(writeAtomically(file, reportHtml({ facts, rows: readLog(folder) })));
  return file;
}

/** The rows of a log; lines that a crash cut off are no rows. */
function readLog(folder: string): readonly LogRow[] {
  const file = path.join(folder, LOG);
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8").split("\n").flatMap((line): LogRow[] => {
    try {
      const row = JSON.parse(line) as LogRow;
      return typeof row.step === "number" ? [row] : [];
    } catch {
      return [];
    }
  });
}

/** Keeps the report of a run up to date. */
export interface RunReport {
  /** Does the work of a sitting; its report is written however it ends. */
  sitting<R extends { readonly step: number; readonly end: Sitting["end"] }>(from: number, work: () => Promise<R>): Promise<R>;
  /** Writes it again after an evaluation, with some of what the model wrote. */
  evaluated(answers: readonly Sample[]): void;
}

/** A run that goes on keeps the sittings that its folder tells of. */
export function openReport(folder: string, fresh: RunFacts): RunReport {
  let facts: RunFacts = { ...fresh, sittings: [...(readFacts(folder)?.sittings ?? []), ...fresh.sittings] };
  const write = (changed: Partial<RunFacts>): void => {
    facts = { ...facts, ...changed };
    writeReport(folder, facts);
  };
  return {
    sitting: async (from, work) => {
      const started = new Date();
      const before = facts.sittings;
      // A process that is killed leaves a report behind that can be made anew.
      write({});
      const ended = (how: Pick<Sitting, "to" | "end" | "trouble">): void =>
        write({ sittings: [...before, { started: started.toISOString(), seconds: (Date.now() - started.getTime()) / 1000, from, ...how }] });
      let result;
      try {
        result = await work();
      } catch (error) {
        try {
          ended({ to: Math.max(from, readLog(folder).at(-1)?.step ?? 0), end: "failed", trouble: error instanceof Error ? error.message : String(error) });
        } catch {
          // What ended the run is what must be told, such as a full disk.
        }
        throw error;
      }
      ended({ to: result.step, end: result.end });
      return result;
    },
    evaluated: (answers) => write(answers.length === 0 ? {} : { samples: someOf(answers) }),
  };
}

/** Adds what an evaluation wrote to the report of a run that has ended. */
export function refreshReport(folder: string, facts: RunFacts, answers: readonly Sample[]): string {
  return writeReport(folder, answers.length === 0 ? facts : { ...facts, samples: someOf(answers) });
}

/** A few, evenly spread. */
function someOf(answers: readonly Sample[]): readonly Sample[] {
  const count = Math.min(SAMPLES, answers.length);
  return Array.from({ length: count }, (_, at) => answers[Math.floor((at * answers.length) / count)] as Sample).map(({ source, wanted, given }) => ({ source, wanted, given }));
}
