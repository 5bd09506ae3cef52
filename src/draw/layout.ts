/** Where the parts of a diagram stand: columns that are read from the bottom up, as in the figures of papers. */
import { spread } from "./arrivals.ts";
import type { Arriving } from "./arrivals.ts";
import type { Diagram, Edge, Node } from "./diagram.ts";

export interface Box {
  readonly node: Node;
  readonly column: number;
  /** The middle. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Frame {
  readonly name: string;
  readonly title: string;
  readonly times: number;
  readonly column: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Wire {
  /** Corners. */
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly label?: { readonly text: string; readonly x: number; readonly y: number; readonly end: boolean };
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly frames: readonly Frame[];
  readonly wires: readonly Wire[];
}

const BOX = { width: 204 };
const HEIGHTS = { layer: 46, step: 30, state: 30, add: 24, input: 28, output: 28 } as const;
const GAP = 34;
/** Between a frame and what stands outside. */
const FRAME_GAP = 22;
const FRAME_PAD = 26;
const LANE = 14;
/** Between ways that cross over one another to other columns, with room for what they carry. */
const OVER = 22;
const OUTER_LANE = 5;
/** Beside a column, for shapes and branches. */
const MARGIN = 120;
const TOP = 60;

export function layoutOf(diagram: Diagram): Layout {
  const { nodes, stacks } = diagram;
  const edges = diagram.edges.filter(({ loop }) => !loop);
  const loops = diagram.edges.filter(({ loop }) => loop);
  if (nodes.length === 0) return { width: 2 * MARGIN, height: 2 * TOP, boxes: [], frames: [], wires: [] };
  const columns = columnsOf(nodes, edges, stacks);
  const count = Math.max(...columns) + 1;
  const members = Array.from({ length: count }, (_, column) => nodes.map((_, at) => at).filter((at) => columns[at] === column));
  const follows = (a: number, b: number): boolean => edges.some(({ from, to }) => from === a && to === b);

  // From the bottom at 0 upwards, then turned over.
  const heights = members.map((column) => {
    const places = new Map<number, number>();
    let y = 0;
    column.forEach((at, k) => {
      const before = column[k - 1];
      const border = before === undefined ? 0 : (nodes[before]?.stack !== nodes[at]?.stack ? [nodes[before]?.stack, nodes[at]?.stack].filter((stack) => stack !== "").length : 0);
      const height = HEIGHTS[(nodes[at] as Node).kind];
      y += (before === undefined ? 0 : GAP + border * FRAME_GAP) + height / 2;
      places.set(at, y);
      y += height / 2;
    });
    return { places, total: y };
  });
  const tallest = Math.max(...heights.map(({ total }) => total));
  const pitch = BOX.width + 2 * MARGIN;
  const boxes = nodes.map((node, at): Box => {
    const column = columns[at] as number;
    const height = HEIGHTS[node.kind];
    const width = node.kind === "add" ? height : node.kind === "layer" ? BOX.width : Math.max(70, Math.min(BOX.width, 24 + 8 * node.title.length));
    return { node, column, x: MARGIN + BOX.width / 2 + column * pitch, y: TOP + tallest - (heights[column]?.places.get(at) ?? 0), width, height };
  });
  const box = (at: number): Box => boxes[at] as Box;
  const place = new Map(members.flatMap((column) => column.map((at, k) => [at, k] as const)));
  const isNext = ({ from, to }: Edge): boolean => columns[from] === columns[to] && (place.get(to) ?? 0) === (place.get(from) ?? 0) + 1;

  /** The space between columns in which a way turns to its end: 0 is on the right of the first. */
  const crossesTo = ({ from, to }: Edge): number | undefined => {
    const [a, b] = [columns[from] as number, columns[to] as number];
    return a === b ? undefined : b > a ? b - 1 : b;
  };

  const lanes = lanesOf(edges.filter((edge) => columns[edge.from] === columns[edge.to] && !isNext(edge)), nodes, columns, place);
  const gutters = new Map<number, number>();
  const overs = new Map<number, number>();
  const wires = edges.map((edge): Arriving => {
    const { from: a, to: b, shape } = edge;
    const [from, to] = [box(a), box(b)];
    // Branches keep to the outside, shapes to the other side.
    const side = from.column === 0 ? -1 : 1;
    if (isNext(edge)) {
      const [y0, y1] = [from.y - from.height / 2, to.y + to.height / 2];
      // Outside of a frame that the way leaves.
      const leaves = from.node.stack !== "" && from.node.stack !== to.node.stack;
      return { to: b, points: [[from.x, y0], [to.x, y1]], label: { text: shape, x: from.x - side * 9, y: leaves ? y1 + 20 : y0 - 11, end: side > 0 } };
    }
    if (from.column === to.column) {
      const next = members[from.column]?.[(place.get(a) ?? 0) + 1];
      const x = from.x + side * (BOX.width / 2 + 16 + LANE * (lanes.get(edge) ?? 0));
      const end: readonly [number, number] = [to.x + (side * to.width) / 2, to.y];
      // Off the way straight up, or where there is none from the top.
      const isBranch = next !== undefined && follows(a, next);
      const top = from.y - from.height / 2;
      const leaves = from.node.stack !== "" && from.node.stack !== nodes[next ?? -1]?.stack;
      const y = isBranch ? box(next).y + box(next).height / 2 + 12 : top - 12 - (leaves ? FRAME_PAD : 0);
      const isFirst = !isBranch && edges.find((other) => other.from === a) === edge;
      // Of a branch only where the way that it comes off has another.
      const differs = isBranch && edges.some((other) => other.from === a && other.to === next && other.shape !== shape);
      const label = isFirst ? { text: shape, x: from.x - side * 9, y: y + 1, end: side > 0 } : differs ? { text: shape, x: x - side * 6, y: y - 5, end: side > 0 } : undefined;
      return { to: b, points: [[from.x, isBranch ? y : top], ...(isBranch ? [] : [[from.x, y] as const]), [x, y], [x, to.y], end], ...(label === undefined ? {} : { label }) };
    }
    const way = to.column > from.column ? 1 : -1;
    const gutter = crossesTo(edge) as number;
    const used = gutters.get(gutter) ?? 0;
    gutters.set(gutter, used + 1);
    const x = to.x - way * (BOX.width / 2 + 70 + LANE * used);
    const isLast = members[from.column]?.at(-1) === a;
    const end: readonly [number, number] = [to.x - (way * to.width) / 2, to.y];
    const above = isLast ? (overs.get(gutter) ?? 0) : 0;
    if (isLast) overs.set(gutter, above + 1);
    const up = from.y - from.height / 2 - (from.node.stack === "" ? 20 : FRAME_PAD + 14) - OVER * above;
    const start: readonly (readonly [number, number])[] = isLast ? [[from.x, from.y - from.height / 2], [from.x, up], [x, up]] : [[from.x + (way * from.width) / 2, from.y], [x, from.y]];
    const y = (start.at(-1) as readonly [number, number])[1];
    // Near its end; where ways cross there, at its start.
    const isAlone = edges.filter((other) => crossesTo(other) === gutter).length === 1;
    const off = isLast ? 12 : from.node.stack === "" ? from.width / 2 + 8 : BOX.width / 2 + 38;
    const label = isAlone ? { x: x - way * 6, end: way > 0 } : { x: from.x + way * off, end: way < 0 };
    return { to: b, points: [...start, [x, to.y], end], label: { text: shape, y: y - 6, ...label } };
  });

  // Back down on the side that branches leave free.
  const backward = loops.map((edge, at): Arriving => {
    const [from, to] = [box(edge.from), box(edge.to)];
    const side = from.column === 0 ? 1 : -1;
    const x = from.x + side * (BOX.width / 2 + 14 + LANE * loops.slice(0, at).filter(({ to: other }) => other === edge.to).length);
    const isFirst = !loops.slice(0, at).some((other) => other.to === edge.to && other.shape === edge.shape);
    const label = { text: edge.shape, x: x - side * 8, y: to.y - 6, end: side > 0 };
    return { to: edge.to, labelsEnd: true, points: [[from.x + (side * from.width) / 2, from.y], [x, from.y], [x, to.y], [to.x + (side * to.width) / 2, to.y]], ...(isFirst ? { label } : {}) };
  });

  const frames = stacks.map(({ path, name, title, times }): Frame => {
    const inside = boxes.filter(({ node }) => node.stack === path);
    const most = Math.max(0, ...edges.map((edge) => (inside.includes(box(edge.to)) ? (lanes.get(edge) ?? -1) + 1 : 0)));
    const column = inside[0]?.column ?? 0;
    const top = Math.min(...inside.map(({ y, height }) => y - height / 2)) - FRAME_PAD;
    const bottom = Math.max(...inside.map(({ y, height }) => y + height / 2)) + FRAME_PAD;
    const out = 30 + LANE * Math.max(0, most - 1);
    const x = MARGIN + BOX.width / 2 + column * pitch;
    const back = loops.filter(({ to }) => inside.includes(box(to))).length;
    const inner = 16 + LANE * back;
    const [left, right] = column === 0 ? [x - BOX.width / 2 - out, x + BOX.width / 2 + inner] : [x - BOX.width / 2 - inner, x + BOX.width / 2 + out];
    return { name, title, times, column, left, top, width: right - left, height: bottom - top };
  });
  return { width: count * pitch, height: tallest + TOP + 30, boxes, frames, wires: spread([...wires, ...backward], boxes) };
}

/**
 * A node stands above the latest of what it reads in its own stack, or else anywhere; what reads nothing begins a column. What a scan
 * starts with is rarely what it goes along: it stands in the emptiest of the columns that it reads.
 */
function columnsOf(nodes: readonly Node[], edges: readonly Edge[], stacks: Diagram["stacks"]): readonly number[] {
  const found: number[] = [];
  let count = 0;
  const emptiest = (some: readonly number[]): number => some.reduce((least, column) => (found.filter((other) => other === column).length < found.filter((other) => other === least).length ? column : least));
  nodes.forEach((node, at) => {
    const read = edges.filter(({ to }) => to === at).map(({ from }) => from);
    const near = read.filter((from) => nodes[from]?.stack === node.stack && node.stack !== "");
    const above = Math.max(...(near.length > 0 ? near : read));
    const fed = near.length > 0 || node.stack === "" || (read.length > 0 && !stacks.some(({ path, isScan }) => isScan && path === node.stack)) ? [] : edges.flatMap(({ from, to }) => (nodes[to]?.stack === node.stack ? (found[from] ?? []) : []));
    found.push(fed.length > 0 ? emptiest(fed) : read.length === 0 ? count++ : (found[above] as number));
  });
  // What feeds another column stands on its left.
  const before = (a: number, b: number): boolean => edges.some(({ from, to }) => found[from] === a && found[to] === b && a !== b);
  const left = Array.from({ length: count }, (_, column) => column);
  const order: number[] = [];
  while (left.length > 0) {
    const next = left.find((column) => left.every((other) => other === column || !before(other, column))) ?? (left[0] as number);
    order.push(next);
    left.splice(left.indexOf(next), 1);
  }
  return found.map((column) => order.indexOf(column));
}

/** Branches that run beside one another get lanes of their own, the shortest the innermost. */
function lanesOf(branches: readonly Edge[], nodes: readonly Node[], columns: readonly number[], positions: ReadonlyMap<number, number>): ReadonlyMap<Edge, number> {
  const span = ({ from, to }: Edge): readonly [number, number] => [positions.get(from) ?? 0, positions.get(to) ?? 0];
  const lanes = new Map<Edge, number>();
  for (const edge of branches.toSorted((a, b) => span(a)[1] - span(a)[0] - (span(b)[1] - span(b)[0]))) {
    const [low, high] = span(edge);
    const taken = new Set([...lanes].filter(([other]) => columns[other.from] === columns[edge.from] && span(other)[0] < high && span(other)[1] > low).map(([, lane]) => lane));
    const stack = (at: number): string => nodes[at]?.stack ?? "";
    const within = (place: number): boolean => nodes.some((node, at) => columns[at] === columns[edge.from] && positions.get(at) === place && node.stack !== "");
    // A branch past a whole frame keeps outside of it and of the number beside it.
    const outside = stack(edge.to) === "" && Array.from({ length: high - low }, (_, k) => low + k).some(within);
    const inner = Math.max(-1, ...[...lanes].filter(([other]) => columns[other.from] === columns[edge.from] && stack(other.to) !== "").map(([, lane]) => lane));
    let lane = outside ? Math.max(OUTER_LANE, inner + 3) : 0;
    while (taken.has(lane)) lane++;
    lanes.set(edge, lane);
  }
  return lanes;
}
