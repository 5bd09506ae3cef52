// Text to pre-train on, sentences with their sentiment, and dates for the other heads: npm run data -- bert --from FOLDER
// FOLDER has sst2/{train,dev}.tsv (Socher et al. 2013) and multi30k-fr-en/train.tsv (Elliott et al. 2016).
import { draws, shuffle } from "../../runtime/random/philox.ts";
import type { Draws } from "../../runtime/random/philox.ts";
import { normalise } from "../../runtime/text/normalise.ts";
import { pick } from "../../src/corpus/phrase.ts";
import { dayOf, distinct, linesOf, tsv } from "../files.ts";
import type { DataFile, DataRequest } from "../files.ts";

const TRAIN = 8_000, HELD_OUT = 1_000;
/** How often each review stands in the text: it is for them that the model is pre-trained, and there are four captions to each. */
const REVIEWS = 4;

/**
 * `text.txt` and `sst2*.tsv` from the folder; and for each of the other heads, from what Unicode CLDR says of dates in American and
 * British English, a file to train on and one of days that occur in no other: `pairs` (is it the same day?), `tags` (weekday, day, month,
 * year, hour), `questions` (which part of the phrase is asked for) and `choices` (which of four phrases is the same day).
 */
export function files({ seed, read }: DataRequest): readonly DataFile[] {
  const train = linesOf(read("sst2/train.tsv")), dev = linesOf(read("sst2/dev.tsv"));
  const captions = linesOf(read("multi30k-fr-en/train.tsv")).map((line) => line.split("\t")[1] ?? "");
  const reviews = train.map((line) => line.split("\t")[0] ?? "");
  const sentences = [...Array.from({ length: REVIEWS }, () => reviews).flat(), ...captions].map(normalise);
  shuffle(sentences, draws(seed));
  const header = ["sentence", "label"];
  return [
    ["text.txt", sentences.map(document).join("\n")],
    ["sst2.tsv", tsv([header, ...train.map((line) => line.split("\t"))])],
    ["sst2-dev.tsv", tsv([header, ...dev.map((line) => line.split("\t"))])],
    ...both("pairs", ["a", "b", "label"], pair, 2, seed),
    ...both("tags", undefined, tagged, 1, seed),
    ...both("questions", ["question", "context", "answer"], question, 2, seed),
    ...both("choices", ["question", "choice1", "choice2", "choice3", "choice4", "label"], choice, 1, seed),
  ];
}

/** The sentences have no order: those of twelve words and more are cut at the comma or space next to their middle, so that something follows. */
function document(sentence: string): string {
  const words = sentence.split(" "), middle = words.length / 2;
  if (words.length < 12) return `${sentence}\n`;
  const ends = words.flatMap((word, at) => (at > 0 && at < words.length - 1 && word.endsWith(",") ? [at + 1] : []));
  const [near = Math.round(middle)] = ends.filter((at) => Math.abs(at - middle) <= words.length / 4).sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
  return `${words.slice(0, near).join(" ")}\n${words.slice(near).join(" ")}\n`;
}

type Maker = (random: Draws, heldOut: boolean) => readonly string[];

function both(name: string, header: readonly string[] | undefined, make: Maker, key: number, seed: number): readonly DataFile[] {
  return [false, true].map((heldOut, at): DataFile => {
    const random = draws(seed, 1000 * name.length + name.charCodeAt(0) + at * 100_000);
    const rows = distinct(heldOut ? HELD_OUT : TRAIN, random, () => make(random, heldOut), key);
    // Tagged sentences are lines of their own, with an empty one between them.
    return [`${name}${heldOut ? "-heldout" : ""}.tsv`, header === undefined ? rows.map(([sentence]) => `${sentence}\n\n`).join("") : tsv([header, ...rows])];
  });
}

const LANGUAGES = ["en-US", "en-GB"];
const DATES = LANGUAGES.flatMap((language) => (["full", "long", "medium"] as const).map((dateStyle) => new Intl.DateTimeFormat(language, { dateStyle, timeZone: "UTC" })));
const TIMES = LANGUAGES.flatMap((language) => (["full", "long", "medium"] as const).map((dateStyle) => new Intl.DateTimeFormat(language, { dateStyle, timeStyle: "short", timeZone: "UTC" })));

function say(time: number, random: Draws): string {
  return normalise(pick(DATES, random).format(time));
}

/** Another day: each of year, month and day of the month is drawn anew with chance 2/3. */
function other(time: number, random: Draws): number {
  for (;;) {
    const another = new Date(time);
    if (random.below(3) > 0) another.setUTCFullYear(1990 + random.below(50));
    if (random.below(3) > 0) another.setUTCMonth(random.below(12));
    if (random.below(3) > 0) another.setUTCDate(1 + random.below(31));
    if (another.getTime() !== time) return another.getTime();
  }
}

function pair(random: Draws, heldOut: boolean): readonly string[] {
  const time = dayOf(random, heldOut), same = random.below(2);
  return [say(time, random), say(same === 1 ? time : other(time, random), random), String(same)];
}

function choice(random: Draws, heldOut: boolean): readonly string[] {
  const time = dayOf(random, heldOut);
  const days = [time, other(time, random), other(time, random), other(time, random)];
  shuffle(days, random);
  return [say(time, random), ...days.map((day) => say(day, random)), String(days.indexOf(time))];
}

const PARTS = ["weekday", "day", "month", "year", "hour"];

function phrase(random: Draws, heldOut: boolean): readonly Intl.DateTimeFormatPart[] {
  return pick([...DATES, ...TIMES], random).formatToParts(dayOf(random, heldOut) + random.below(24 * 12) * 300_000);
}

/** A word, a tab and its tag on each line: 0, or 1 and on in the order of the parts. */
function tagged(random: Draws, heldOut: boolean): readonly string[] {
  const words = phrase(random, heldOut).flatMap(({ type, value }) => normalise(value).split(" ").filter((word) => word !== "").map((word) => `${word}\t${PARTS.indexOf(type) + 1}`));
  return [words.join("\n")];
}

/** Asks for a part that the phrase has, and that stands nowhere before its own place. */
function question(random: Draws, heldOut: boolean): readonly string[] {
  for (;;) {
    const parts = phrase(random, heldOut), context = normalise(parts.map(({ value }) => value).join(""));
    const asked = pick(PARTS, random), at = parts.findIndex(({ type }) => type === asked);
    const answer = parts[at]?.value ?? "";
    const before = parts.slice(0, Math.max(0, at)).map(({ value }) => value).join("").length;
    if (answer !== "" && context.indexOf(answer) === before) return [`which ${asked}?`, context, answer];
  }
}
