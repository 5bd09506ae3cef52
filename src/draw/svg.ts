import { escape } from "../report/text.ts";
import type { Diagram } from "./diagram.ts";
import { layoutOf } from "./layout.ts";
import type { Box, Frame, Wire } from "./layout.ts";

type Colour = keyof typeof LIGHT;

const LIGHT = { ink: "#1d2025", soft: "#646a73", line: "#4a5058", frame: "#f1f1ee", page: "#fff", plain: "#eceef0", attention: "#ffdcb3", feed: "#c9e4f7", norm: "#f3f3b8", embed: "#fadadf", linear: "#dcd9f3", other: "#d5eed9" };
const DARK: typeof LIGHT = { ink: "#e8eaed", soft: "#a1a8b1", line: "#aeb5be", frame: "#202429", page: "#15181b", plain: "#343a41", attention: "#6b4418", feed: "#1f4d6b", norm: "#55551c", embed: "#66333d", linear: "#413b6e", other: "#275232" };

/** What knows no variables, as converters and viewers of pictures do not, draws in light colours. */
const painted = (property: "fill" | "stroke", colour: Colour): string => `${property}:${LIGHT[colour]};${property}:var(--${colour})`;
const variables = (palette: typeof LIGHT): string => Object.entries(palette).map(([name, value]) => `--${name}:${value}`).join(";");

const STYLE = `
.d{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;${variables(LIGHT)}}
@media(prefers-color-scheme:dark){.d{${variables(DARK)}}}
.d .page{${painted("fill", "page")}}.d text{${painted("fill", "ink")};font-size:13px}.d .head{font-size:16px;font-weight:600}
.d .frame{${painted("fill", "frame")};${painted("stroke", "soft")};stroke-width:1.2}.d .name{font-size:11.5px;${painted("fill", "soft")}}.d .times{font-size:19px;font-weight:600}
.d .box{${painted("stroke", "line")};stroke-width:1.2}.d .title{font-weight:600}.d .note,.d .shape{font-size:11px;${painted("fill", "soft")}}.d .note{${painted("fill", "ink")};opacity:.75}
.d .shape{paint-order:stroke;${painted("stroke", "page")};stroke-width:3px}.d .wire{fill:none;${painted("stroke", "line")};stroke-width:1.4}.d .tip{${painted("fill", "line")}}
`;

/** The diagram as an SVG that stands for itself, in light and dark by `prefers-color-scheme`. */
export function diagramSvg(diagram: Diagram): string {
  const { width, height, boxes, frames, wires } = layoutOf(diagram);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="d" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(diagram.title)}">`,
    `<style>${STYLE}</style><defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0.8L7.5 4L0 7.2z"/></marker></defs>`,
    `<rect class="page" width="${width}" height="${height}"/><text class="head" x="20" y="30">${escape(diagram.title)}</text>`,
    ...frames.map(frameSvg),
    ...wires.map(({ points }) => `<path class="wire" marker-end="url(#tip)" d="${rounded(points)}"/>`),
    ...boxes.map(boxSvg),
    ...wires.map(labelSvg),
    "</svg>\n",
  ].join("\n");
}

function frameSvg({ name, title, times, column, left, top, width, height }: Frame): string {
  const [isLeft, right] = [column === 0, left + width];
  const corner = (text: string, atRight: boolean): string => `<text class="name" x="${atRight ? right - 12 : left + 12}" y="${top + 17}" text-anchor="${atRight ? "end" : "start"}">${escape(text)}</text>`;
  const beside = `x="${isLeft ? left - 12 : right + 12}" text-anchor="${isLeft ? "end" : "start"}"`;
  const middle = top + height / 2;
  const label = times > 1 ? `<text class="times" ${beside} y="${middle}">× ${times}</text><text class="name" ${beside} y="${middle + 17}">${escape(name)}</text>` : corner(name, !isLeft);
  return `<rect class="frame" x="${left}" y="${top}" width="${width}" height="${height}" rx="14"/>${corner(title, isLeft)}${label}`;
}

function boxSvg({ node, x, y, width, height }: Box): string {
  if (node.kind === "add") {
    const r = height / 2;
    return `<circle class="box" style="${painted("fill", "page")}" cx="${x}" cy="${y}" r="${r}"/><path class="wire" d="M${x - r + 5} ${y}H${x + r - 5}M${x} ${y - r + 5}V${y + r - 5}"/>`;
  }
  const text = (content: string, at: number, kind: string): string => `<text class="${kind}" x="${x}" y="${at}" text-anchor="middle">${escape(content)}</text>`;
  if (node.kind === "input" || node.kind === "output") return text(node.title, y + 5, "title");
  const box = `<rect class="box" style="${painted("fill", node.kind === "layer" ? colour(`${node.title} ${node.note}`) : "plain")}" x="${x - width / 2}" y="${y - height / 2}" width="${width}" height="${height}" rx="8"/>`;
  return node.note === "" ? `${box}${text(node.title, y + 5, "title")}` : `${box}${text(node.title, y - 3, "title")}${text(node.note, y + 13, "note")}`;
}

/** The colours of the figure in "Attention Is All You Need", by what a layer is and is called. */
function colour(layer: string): Colour {
  if (/attention|attend/i.test(layer)) return "attention";
  if (/feed|mlp|expert|moe/i.test(layer)) return "feed";
  if (/norm/i.test(layer)) return "norm";
  if (/embed|patch|learned|position/i.test(layer)) return "embed";
  return /linear/i.test(layer) ? "linear" : "other";
}

function labelSvg({ label }: Wire): string {
  return label === undefined ? "" : `<text class="shape" x="${label.x}" y="${label.y}" text-anchor="${label.end ? "end" : "start"}">${escape(label.text)}</text>`;
}

/** A path with its corners rounded. */
function rounded(points: readonly (readonly [number, number])[]): string {
  const [start, ...rest] = points;
  if (start === undefined) return "";
  let path = `M${start[0]} ${start[1]}`;
  rest.forEach(([x, y], at) => {
    const before = points[at] as readonly [number, number];
    const after = rest[at + 1];
    if (after === undefined) return void (path += `L${x} ${y}`);
    const near = (other: readonly [number, number]): readonly [number, number] => {
      const length = Math.hypot(other[0] - x, other[1] - y);
      const r = length === 0 ? 0 : Math.min(8, length / 2) / length;
      return [x + (other[0] - x) * r, y + (other[1] - y) * r];
    };
    const [enter, leave] = [near(before), near(after)];
    path += `L${enter[0]} ${enter[1]}Q${x} ${y} ${leave[0]} ${leave[1]}`;
  });
  return path;
}
