// Three tasks about dates, told apart by the beginning of the source, and a text to corrupt: npm run data -- t5 --from FOLDER
// FOLDER has tinyshakespeare/input.txt (karpathy/char-rnn); it may be left out.
import { draws } from "../../runtime/random/philox.ts";
import type { Draws } from "../../runtime/random/philox.ts";
import { pick } from "../../src/corpus/phrase.ts";
import { normalise } from "../../runtime/text/normalise.ts";
import { dayOf, distinct, tsv } from "../files.ts";
import type { DataFile, DataRequest } from "../files.ts";

const TRAIN = 20_000, HELD_OUT = 500;
const TASKS = ["French", "English", "digits"] as const;
type Language = (typeof TASKS)[number];

/** From the fullest to the shortest; the third is often the second. */
const STYLES = (["full", "long", "medium"] as const).map((dateStyle) => {
  const french = new Intl.DateTimeFormat("fr", { dateStyle, timeZone: "UTC" }), english = new Intl.DateTimeFormat("en", { dateStyle, timeZone: "UTC" });
  return { French: (time: number) => normalise(french.format(time)), English: (time: number) => normalise(english.format(time)), digits };
});

function digits(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/**
 * "in French: Monday, March 4, 2024" is "lundi 4 mars 2024", and "in digits:" of either is "2024-03-04", of which the other two make the
 * date without its weekday. The held-out days occur in no phrase of `tasks.tsv`; each task has a file of them.
 */
export function files({ seed, read }: DataRequest): readonly DataFile[] {
  const tasks = distinct(TRAIN, draws(seed), (random) => task(pick(TASKS, random), random, false));
  const heldOut = TASKS.map((wanted, at) => distinct(HELD_OUT, draws(seed, at + 1), (random) => task(wanted, random, true)));
  return [
    ["tasks.tsv", tsv(tasks)],
    ["heldout.tsv", tsv(heldOut.flat())],
    ...TASKS.map((wanted, at): DataFile => [`heldout-${wanted.toLowerCase()}.tsv`, tsv(heldOut[at] ?? [])]),
    ...shakespeare(read),
  ];
}

function task(wanted: Language, random: Draws, heldOut: boolean): readonly string[] {
  const time = dayOf(random, heldOut);
  const given = pick(TASKS.filter((language) => language !== wanted), random);
  const drawn = given === "digits" ? STYLES[1]! : pick(STYLES, random);
  const source = drawn[given](time);
  // Where two styles say it alike the fuller one is wanted, so that a source has one answer.
  const fullest = given === "digits" ? drawn : STYLES.find((style) => style[given](time) === source)!;
  return [`in ${wanted}: ${source}`, fullest[wanted](time)];
}

function shakespeare(read: DataRequest["read"]): readonly DataFile[] {
  try {
    return [["input.txt", read("tinyshakespeare/input.txt")]];
  } catch {
    return [];
  }
}
