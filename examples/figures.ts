/** What `npm run figures` draws: the figure that each paper is known by, from one's own run. */
import { figureSvg, firstExample, meanOf, patchesAsPicture, planesOf, rowsAsGrids, similarities, stacked } from "../src/index.ts";
import { firstOfText } from "../runtime/text/index.ts";
import type { InspectRequest, Observation, Plane, Subject } from "../src/index.ts";
import { escape } from "../src/report/text.ts";

export interface Signature {
  /** As `npm run train:all` names it. */
  readonly run: string;
  readonly title: string;
  draw(look: Look, subject: Subject, title: string): Promise<string>;
}

/** The values by their names, in the order of the request. */
export type Look = (request: InspectRequest) => Promise<readonly Observation[]>;

export const signatures: Readonly<Record<string, Signature>> = {
  translation: {
    run: "runs/all/translation/captions", title: "Cross-attention of the last layer, mean of the heads (Bahdanau et al. 2015, figure 3)",
    draw: async (look, { model }, title) => {
      const last = model.parameters.flatMap(({ path }) => /^decoder\.\d+\.cross/.exec(path) ?? []).at(-1)!;
      const [weight] = await look({ observe: [`${last}.weight`], input: "deux hommes jouent au football dans un parc." });
      return figureSvg([{ ...meanOf(planesOf(firstExample(weight!))), title: "" }], { title, across: "read", down: "written" });
    },
  },
  rnn: {
    run: "runs/all/rnn/attention", title: "What each written character looks at (Bahdanau et al. 2015, figure 3)",
    draw: async (look, _, title) => {
      const [weight] = await look({ observe: ["attend.weight"], input: "mercredi 24 septembre 2025 à 16:39" });
      return figureSvg(planesOf(firstExample(weight!)), { title, across: "read", down: "written" });
    },
  },
  gpt: {
    run: "runs/all/gpt/gpt", title: "What each character looks back at, heads of the last layer (Vig 2019, figure 1)",
    draw: lookingBack,
  },
  llama: {
    run: "runs/all/llama/llama", title: "What each character looks back at, heads of the last layer (Vig 2019, figure 1)",
    draw: lookingBack,
  },
  t5: {
    run: "runs/all/t5/tasks", title: "Learned bias of each head by distance, behind and before (Raffel et al. 2020, section 2.1)",
    draw: async (look, _, title) => {
      const [table] = await look({ observe: ["near.table"] });
      return figureSvg(planesOf(table!), { title, across: "bucket of distances: up to 15 back, from 16 ahead", down: "head" });
    },
  },
  vit: {
    run: "runs/all/vit/vit", title: "Similarity of each position to all others (Dosovitskiy et al. 2021, figure 7)",
    draw: async (look, _, title) => {
      const [table] = await look({ observe: ["place.table"] });
      const grid = Math.sqrt(table!.shape[0]!);
      return figureSvg(planesOf(table!).map(similarities).flatMap((plane) => rowsAsGrids(plane, grid)), { title, perRow: grid });
    },
  },
  moe: {
    run: "runs/all/moe/moe", title: "Share of the tokens that each expert gets, by layer (Mixtral, figure 8)",
    draw: async (look, { model }, title) => {
      const layers = model.parameters.flatMap(({ path }) => /^(.*)\.gate$/.exec(path)?.[1] ?? []);
      const used = await look({ observe: layers.map((layer) => `${layer}.used`), rows: 32 });
      return figureSvg([stacked(used) ?? planesOf(used[0]!)[0]!], { title, across: "expert", scale: [0, Math.max(...used.flatMap(({ data }) => [...data]))] });
    },
  },
  clip: {
    run: "runs/all/clip/clip", title: "Images (down, by their captions) and captions (across): scaled cosines (Radford et al. 2021, figure 3)",
    draw: async (look, _, title) => {
      const [match] = await look({ observe: ["contrast.info_nce.match"], rows: 60 });
      return figureSvg(planesOf(match!).map((plane) => ofEachOne(plane, 12)), { title });
    },
  },
  mae: {
    run: "runs/all/mae/pretrain", title: "Masked, rebuilt, original (He et al. 2022, figure 2)",
    draw: async (look, _, title) => {
      const rows = 8;
      const [rank, rebuilt, pixels, front] = await look({ observe: ["missed.rank", "rebuilt", "encoder.patches.pixels", "rebuilt.front"], rows });
      const kept = front!.shape[1]!, [, patches, width] = pixels!.shape as [number, number, number];
      const isSeen = (at: number): boolean => rank!.data[Math.floor(at / width)]! < kept;
      const pictures = (value: (at: number) => number): readonly Plane[] =>
        planesOf({ ...pixels!, data: Float32Array.from({ length: rows * patches * width }, (_, at) => value(at)) }).map((plane) => ({ ...patchesAsPicture(plane), title: "" }));
      const panels = [pictures((at) => (isSeen(at) ? pixels!.data[at]! : 0.5)), pictures((at) => (isSeen(at) ? pixels! : rebuilt!).data[at]!), pictures((at) => pixels!.data[at]!)];
      return figureSvg(panels.flat(), { title, picture: true, perRow: rows, scale: [0, 1] });
    },
  },
  bert: {
    run: "runs/all/bert/pretrain", title: "The five likeliest tokens where one is masked (Devlin et al. 2019)",
    draw: async (look, subject, title) => {
      const values = await look({ observe: ["noisy", "place", "wanted", "guess"], entry: "loss", rows: 4 });
      return fillMaskSvg(title, gapsOf(values, subject).slice(0, 6));
    },
  },
};

/** The first row and column of each label, at most so many. */
function ofEachOne(plane: Plane, most: number): Plane {
  const labels = [...new Set(plane.rowLabels)].slice(0, most);
  const places = labels.map((label) => plane.rowLabels!.indexOf(label));
  return { title: "", rows: places.length, columns: places.length, data: Float64Array.from(places.flatMap((r) => places.map((c) => plane.data[r * plane.columns + c]!))), rowLabels: labels, columnLabels: labels };
}

async function lookingBack(look: Look, { model }: Subject, title: string): Promise<string> {
  const last = model.parameters.flatMap(({ path }) => /^blocks\.\d+\.attend/.exec(path) ?? []).at(-1)!;
  const [weight] = await look({ observe: [`${last}.weight`], input: "But, soft! what light" });
  return figureSvg(planesOf(firstExample(weight!)), { title, across: "read", down: "at", perRow: 2 });
}

interface Gap {
  readonly before: string;
  readonly after: string;
  readonly wanted: string;
  readonly best: readonly { readonly token: string; readonly probability: number }[];
}

/** Each masked place of each row with what stands around it. */
function gapsOf([noisy, place, wanted, guess]: readonly Observation[], { tokenizer }: Subject): readonly Gap[] {
  const [rows, length] = noisy!.shape as [number, number];
  const [, places, vocab] = guess!.shape as [number, number, number];
  const text = (some: ArrayLike<number>): string => Array.from(some, (id) => (id === tokenizer!.mask ? " ▢" : id === tokenizer!.end ? " ·" : id < firstOfText(tokenizer!) ? "" : ` ${tokenizer!.token(id)}`)).join("").replaceAll(" ##", "").replace(/^[ ·]+|[ ·]+$/g, "");
  return Array.from({ length: rows * places }, (_, k) => k).flatMap((k) => {
    const ids = noisy!.data.slice(Math.floor(k / places) * length, (Math.floor(k / places) + 1) * length);
    const at = place!.data[k]!;
    if (ids[at] !== tokenizer!.mask) return [];
    const logits = Array.from(guess!.data.slice(k * vocab, (k + 1) * vocab));
    const top = logits.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
    const total = logits.reduce((sum, value) => sum + Math.exp(value - top), 0);
    const best = logits.map((value, id) => ({ token: tokenizer!.token(id), probability: Math.exp(value - top) / total })).toSorted((a, b) => b.probability - a.probability).slice(0, 5);
    return [{ before: text(ids.slice(0, at)), after: text(ids.slice(at + 1)), wanted: tokenizer!.token(wanted!.data[k]!), best }];
  });
}

function fillMaskSvg(title: string, gaps: readonly Gap[]): string {
  const [width, block] = [780, 136];
  const end = (text: string, most: number): string => (text.length > most ? `…${text.slice(-most)}` : text);
  const begin = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}…` : text);
  const body = gaps.flatMap(({ before, after, wanted, best }, at) => {
    const y = 62 + at * block;
    const bars = best.map(({ token, probability }, k) => {
      const top = y + 14 + k * 20;
      const right = token === wanted;
      return `<text class="m" x="150" y="${top + 12}" text-anchor="end">${escape(token)}</text><rect x="160" y="${top + 2}" width="${Math.max(1, probability * 440).toFixed(1)}" height="13" rx="2" fill="${right ? "#1f7a44" : "#2f66c9"}"/><text class="s" x="${(168 + probability * 440).toFixed(1)}" y="${top + 12}">${(100 * probability).toFixed(1)} %${right ? ", as in the text" : ""}</text>`;
    });
    const missed = best.some(({ token }) => token === wanted) ? [] : [`<text class="s" x="${width - 24}" y="${y + 26}" text-anchor="end">in the text: ${escape(wanted)}</text>`];
    return [`<text x="24" y="${y}">${escape(end(before, 52))} <tspan fill="#b3261e" font-weight="600">[MASK]</tspan> ${escape(begin(after, 44))}</text>`, ...missed, ...bars];
  });
  const height = 62 + gaps.length * block;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(title)}">`,
    `<style>text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;fill:#1d2025}.h{font-size:15px;font-weight:600}.s{font-size:11px;fill:#666c75}.m{font-size:12px}</style>`,
    `<rect width="100%" height="100%" fill="#fff"/><text class="h" x="24" y="30">${escape(title)}</text>`,
    ...body,
    "</svg>\n",
  ].join("\n");
}
