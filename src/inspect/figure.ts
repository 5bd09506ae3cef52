/** Tables of numbers as an SVG: heat maps or pictures side by side, with what stands along their sides and the scale of the colours. */
import { escape, figure as number } from "../report/text.ts";
import type { Plane } from "./plane.ts";
import { greyPng } from "./png.ts";
import { colourOf, range } from "./terminal.ts";

export interface FigureOptions {
  readonly title: string;
  readonly subtitle?: string;
  /** Names of the sides. */
  readonly across?: string;
  readonly down?: string;
  /** Greys, black the smallest, in the place of colours: for what is a picture. */
  readonly picture?: boolean;
  /** Panels in a row; as many as fit by default. */
  readonly perRow?: number;
  /** The scale, in the place of that of the numbers. */
  readonly scale?: readonly [low: number, high: number];
}

/** Panels at most: more cannot be read. */
export const MOST_PANELS = 64;
const WIDTH = 960;
const GAP = 26;
const PAD = 24;
const FONT = 11;
/** Labels on a side, at most. */
const MOST_LABELS = 64;

/** Stands for itself, on white, for a page of any colour. */
export function figureSvg(panels: readonly Plane[], options: FigureOptions): string {
  const shown = panels.slice(0, MOST_PANELS);
  const { picture = false } = options;
  const [low, high] = options.scale ?? range(shown.flatMap(({ data }) => [...range(data)]));
  const { rows, columns } = { rows: Math.max(1, ...shown.map((plane) => plane.rows)), columns: Math.max(1, ...shown.map((plane) => plane.columns)) };
  // Labels stand on the outer sides only, as all panels have the same.
  const labelled = columns <= MOST_LABELS && rows <= MOST_LABELS;
  const [left, top] = labelled ? [labelRoom(shown[0]?.rowLabels), labelRoom(shown[0]?.columnLabels)] : [0, 0];
  const titled = shown.some(({ title }) => title !== "");
  const wanted = options.perRow ?? Math.ceil(Math.sqrt(shown.length * (shown.length > 4 ? 1.6 : 1)));
  const perRow = Math.max(1, Math.min(shown.length, wanted));
  const hasTokens = left > 0 || top > 0;
  const cell = Math.max(hasTokens ? 12 : 1.5, Math.min(shown.length === 1 ? 30 : 20, (WIDTH - 2 * PAD - left - (perRow - 1) * gap(shown.length)) / perRow / columns, 620 / rows));
  const [width, height] = [columns * cell, rows * cell];
  const stepX = width + gap(shown.length);
  const stepY = height + gap(shown.length) + (titled ? 16 : 0) - (shown.length > 16 ? 6 : 0);
  const lines = Math.ceil(shown.length / perRow);
  const head = options.subtitle === undefined ? 34 : 52;
  const x0 = PAD + Math.max(left, options.down === undefined ? 0 : 6 + textWidth(`${options.down} ↓`, 6.2));
  const y0 = PAD + head + top + (options.across === undefined ? 0 : 16) + (titled ? 14 : 0);
  const fullWidth = Math.max(x0 + perRow * stepX - gap(shown.length) + PAD + (picture ? 0 : 70), textWidth(options.title, 8.6) + 2 * PAD, textWidth(options.subtitle ?? "", 6.2) + 2 * PAD);
  const fullHeight = y0 + lines * stepY - gap(shown.length) + PAD + (shown.length > 16 ? 6 : 0);
  const grey = (value: number): number => Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low || 1))));
  const paint = (value: number): string => {
    if (!Number.isFinite(value)) return "#ff00ff";
    return `#${colourOf(value, low, high).map((part) => part.toString(16).padStart(2, "0")).join("")}`;
  };
  const tells = shown.length * rows * columns <= 900;
  const body = shown.flatMap((plane, at) => {
    const [column, line] = [at % perRow, Math.floor(at / perRow)];
    const [x, y] = [x0 + column * stepX, y0 + line * stepY];
    return [
      ...(plane.title === "" ? [] : [`<text class="s" x="${round(x + width / 2)}" y="${round(y - (line === 0 ? top : 0) - 6)}" text-anchor="middle">${escape(plane.title)}</text>`]),
      ...(labelled && column === 0 ? (plane.rowLabels ?? []).map((label, r) => `<text x="${round(x - 6)}" y="${round(y + (r + 0.5) * cell + FONT * 0.35)}" text-anchor="end">${escape(short(label))}</text>`) : []),
      ...(labelled && line === 0 ? (plane.columnLabels ?? []).map((label, c) => `<text transform="translate(${round(x + (c + 0.5) * cell + FONT * 0.35)} ${round(y - 6)}) rotate(-90)">${escape(short(label))}</text>`) : []),
      ...(picture ? [pictureOf(plane, x, y, cell, grey)] : ['<g shape-rendering="crispEdges">', ...cells(plane, x, y, cell, paint, tells), "</g>"]),
      `<rect class="f" x="${round(x)}" y="${round(y)}" width="${round(plane.columns * cell)}" height="${round(plane.rows * cell)}"/>`,
    ];
  });
  const { across, down, title, subtitle } = options;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.ceil(fullWidth)} ${Math.ceil(fullHeight)}" width="${Math.ceil(fullWidth)}" height="${Math.ceil(fullHeight)}" role="img" aria-label="${escape(title)}">`,
    `<style>text{font:${FONT}px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;fill:#1d2025}.h{font-size:15px;font-weight:600}.s{fill:#666c75}.f{fill:none;stroke:#c9ccd1}</style>`,
    `<rect width="100%" height="100%" fill="#fff"/><text class="h" x="${PAD}" y="${PAD + 12}">${escape(title)}</text>`,
    ...(subtitle === undefined ? [] : [`<text class="s" x="${PAD}" y="${PAD + 30}">${escape(subtitle)}</text>`]),
    ...(across === undefined ? [] : [`<text class="s" x="${round(x0)}" y="${PAD + head}">${escape(across)} →</text>`]),
    ...(down === undefined ? [] : [`<text class="s" x="${round(x0 - 6)}" y="${round(y0 - 8)}" text-anchor="end">${escape(down)} ↓</text>`]),
    ...body,
    ...(picture ? [] : scaleBar(x0 + perRow * stepX - gap(shown.length) + 16, y0, Math.min(160, Math.max(60, height)), low, high, paint)),
    "</svg>\n",
  ].join("\n");
}

/** Dots as one image: thousands of rectangles would be megabytes. */
function pictureOf({ rows, columns, data }: Plane, x: number, y: number, cell: number, grey: (value: number) => number): string {
  const png = greyPng(columns, rows, Uint8Array.from(data, grey)).toString("base64");
  return `<image x="${round(x)}" y="${round(y)}" width="${round(columns * cell)}" height="${round(rows * cell)}" style="image-rendering:pixelated" preserveAspectRatio="none" href="data:image/png;base64,${png}"/>`;
}

/** Neighbours of one colour in a row are one rectangle; in small figures each cell tells its number. */
function cells({ rows, columns, data, rowLabels, columnLabels }: Plane, x: number, y: number, cell: number, paint: (value: number) => string, tells: boolean): readonly string[] {
  const made: string[] = [];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; ) {
      const value = data[r * columns + c]!;
      const fill = paint(value);
      let end = c + 1;
      if (!tells) while (end < columns && paint(data[r * columns + end]!) === fill) end++;
      const rect = `<rect x="${round(x + c * cell)}" y="${round(y + r * cell)}" width="${round((end - c) * cell + 0.3)}" height="${round(cell + 0.3)}" fill="${fill}"`;
      made.push(tells ? `${rect}><title>${escape(`${rowLabels?.[r] ?? r}, ${columnLabels?.[c] ?? c}: ${number(value)}`)}</title></rect>` : `${rect}/>`);
      c = end;
    }
  }
  return made;
}

function scaleBar(x: number, y: number, height: number, low: number, high: number, paint: (value: number) => string): readonly string[] {
  const parts = 24;
  const from = low >= 0 ? 0 : low;
  const bars = Array.from({ length: parts }, (_, at) => `<rect x="${round(x)}" y="${round(y + (height * at) / parts)}" width="10" height="${round(height / parts + 0.4)}" fill="${paint(high - ((high - from) * (at + 0.5)) / parts)}"/>`);
  return [...bars, `<rect class="f" x="${round(x)}" y="${round(y)}" width="10" height="${round(height)}"/>`, `<text class="s" x="${round(x + 15)}" y="${round(y + 9)}">${number(high)}</text>`, `<text class="s" x="${round(x + 15)}" y="${round(y + height)}">${number(from)}</text>`];
}

function gap(panels: number): number {
  return panels > 16 ? 8 : GAP;
}

function textWidth(text: string, each: number): number {
  return [...text].length * each;
}

function labelRoom(labels: readonly string[] | undefined): number {
  return labels === undefined ? 0 : Math.max(0, ...labels.map((label) => [...short(label)].length)) * FONT * 0.6 + 10;
}

function short(label: string): string {
  const characters = [...label];
  return characters.length <= 24 ? label : `${characters.slice(0, 23).join("")}…`;
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
