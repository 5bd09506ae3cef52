import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { normalise } from "../../runtime/text/index.ts";
import { corpus, writeCorpus } from "../../src/corpus/index.ts";
import { say } from "../../src/corpus/phrase.ts";
import { draws } from "../../runtime/random/philox.ts";
import { readPairs } from "../../src/data-sources/tsv.ts";

// CLDR's wording changes with Node's version: nothing here asserts a phrase or a hash.
const whole = corpus();
const both = [...whole.train, ...whole.heldout];
const KINDS = ["dates", "relative", "units", "money", "lists", "compact"];

describe("the corpus", () => {
  it("has 20,000 pairs to train on and 2,000 held out, and no source phrase twice", () => {
    expect([whole.train.length, whole.heldout.length]).toEqual([20_000, 2_000]);
    expect(new Set(both.map((entry) => entry.french)).size).toBe(22_000);
  });

  it("has all six kinds in both parts; a quarter of the held-out ones at least are lists", () => {
    const share = (entries: readonly { readonly kind: string }[], kind: string): number => entries.filter((entry) => entry.kind === kind).length / entries.length;
    for (const kind of KINDS) for (const entries of [whole.train, whole.heldout]) expect(share(entries, kind)).toBeGreaterThan(0.03);
    expect(share(whole.heldout, "lists")).toBeGreaterThanOrEqual(0.25);
    // No kind can have more phrases than were drawn of it.
    for (const kind of KINDS) expect(both.filter((entry) => entry.kind === kind).length).toBeLessThanOrEqual(whole.drawn);
  });

  it("is normalised, in both columns, and holds no tab or line break", () => {
    for (const { french, english } of both) for (const text of [french, english]) {
      expect(text).toBe(normalise(text));
      expect(text).toMatch(/^[^\t\n\r\u00a0\u202f\u2009’]+$/);
    }
  });

  it("depends on the seed, and on nothing else", () => {
    const small = { train: 300, heldout: 40 };
    expect(corpus(3, small)).toEqual(corpus(3, small));
    expect(corpus(4, small)).not.toEqual(corpus(3, small));
  });

  it("is shuffled: each kind stands in every twentieth of the training pairs", () => {
    for (let part = 0; part < 20; part++) {
      expect(new Set(whole.train.slice(part * 1000, (part + 1) * 1000).map((entry) => entry.kind)).size).toBe(6);
    }
  });

  it("gives measures and amounts the same digits in both languages", () => {
    const digits = (text: string): string => (text.match(/\d/g) ?? []).sort().join("");
    for (const { kind, french, english } of both) {
      if (kind === "units" || kind === "money") expect([french, digits(english)]).toEqual([french, digits(french)]);
    }
  });

  it("joins the names of each list by a conjunction", () => {
    for (const { kind, french, english } of both) {
      if (kind !== "lists") continue;
      expect(french).toMatch(/ (et|ou) /);
      expect(english).toMatch(/ (and|or) /);
    }
  });
});

describe("say", () => {
  it("takes the fuller of two styles that French says alike", () => {
    const styles = [
      { french: (n: number) => `${n} mai`, english: (n: number) => `May ${n}, in full` },
      { french: (n: number) => (n === 1 ? "1 mai" : `${n} m.`), english: (n: number) => `M ${n}` },
    ];
    for (let stream = 0; stream < 20; stream++) {
      expect(say(styles, 1, draws(0, stream)).english).toBe("May 1, in full");
      const { french, english } = say(styles, 2, draws(0, stream));
      expect([french, english]).toEqual(english.startsWith("M 2") ? ["2 m.", "M 2"] : ["2 mai", "May 2, in full"]);
    }
  });
});

describe("writeCorpus", () => {
  const folder = mkdtempSync(join(tmpdir(), "tfm-corpus-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("writes two files and a manifest that describes them", () => {
    const target = join(folder, "deep", "corpus");
    const written = writeCorpus(target);
    if (!written.ok) throw new Error(written.failure.message);
    const manifest = written.value;
    expect(readdirSync(target).sort()).toEqual(["heldout.tsv", "manifest.json", "train.tsv"]);
    expect(JSON.parse(readFileSync(join(target, "manifest.json"), "utf8"))).toEqual(manifest);
    expect(manifest.cldr).toBe(process.versions["cldr"]);
    for (const [part, entries] of [[manifest.train, whole.train], [manifest.heldout, whole.heldout]] as const) {
      const content = readFileSync(join(target, part.file));
      expect(createHash("sha256").update(content).digest("hex")).toBe(part.sha256);
      expect(part.pairs).toBe(entries.length);
      expect(Object.values(part.kinds).reduce((sum, count) => sum + count, 0)).toBe(entries.length);
      expect(readPairs(join(target, part.file))).toEqual({ ok: true, value: entries.map(({ french, english }) => ({ source: french, target: english })) });
    }
  });

  it("says why it cannot write", () => {
    writeFileSync(join(folder, "file"), "");
    expect(writeCorpus(join(folder, "file", "below"))).toEqual({ ok: false, failure: expect.objectContaining({ code: "file-not-writable" }) as unknown });
  });
});

describe("the phrases typed by hand", () => {
  const typed = readPairs(new URL("../../examples/translation/typed.tsv", import.meta.url).pathname);

  it("are sixty different ones, and few stand in the corpus", () => {
    if (!typed.ok) throw new Error(typed.failure.message);
    const sources = typed.value.map((pair) => pair.source);
    expect(new Set(sources).size).toBe(60);
    const known = new Set(both.map((entry) => entry.french));
    expect(sources.filter((source) => known.has(source)).length).toBeLessThanOrEqual(12);
  });
});
