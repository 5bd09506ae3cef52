/** Where the parts of a diagram stand: columns that are read from the bottom up, as in the figures of papers. */
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
  readonly layer: string;
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
const HEIGHTS = { layer: 46, step: 30, add: 24, input: 28, output: 28 } as const;
const GAP = 34;
/** Between a frame and what stands outside. */
const FRAME_GAP = 22;
const FRAME_PAD = 26;
const LANE = 14;
const OUTER_LANE = 5;
/** Beside a column, for shapes and branches. */
const MARGIN = 120;
const TOP = 60;

export function layoutOf(diagram: Diagram): Layout {
  const { nodes, edges, stacks } = diagram;
  if (nodes.length === 0) return { width: 2 * MARGIN, height: 2 * TOP, boxes: [], frames: [], wires: [] };
  const columns = columnsOf(nodes, edges);
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

  const lanes = lanesOf(edges.filter((edge) => columns[edge.from] === columns[edge.to] && !isNext(edge)), nodes, columns, place);
  const gutters = new Map<number, number>();
  const wires = sayingOnce(edges, columns, edges.map((edge): Wire => {
    const { from: a, to: b, shape } = edge;
    const [from, to] = [box(a), box(b)];
    // Branches keep to the outside, shapes to the other side.
    const side = from.column === 0 ? -1 : 1;
    if (isNext(edge)) {
      const [y0, y1] = [from.y - from.height / 2, to.y + to.height / 2];
      // Outside of a frame that the way leaves.
      const leaves = from.node.stack !== "" && from.node.stack !== to.node.stack;
      return { points: [[from.x, y0], [to.x, y1]], label: { text: shape, x: from.x - side * 9, y: leaves ? y1 + 20 : y0 - 11, end: side > 0 } };
    }
    if (from.column === to.column) {
      const next = members[from.column]?.[(place.get(a) ?? 0) + 1];
      const x = from.x + side * (BOX.width / 2 + 16 + LANE * (lanes.get(edge) ?? 0));
      const end: readonly [number, number] = [to.x + (side * to.width) / 2, to.y];
      if (next === undefined || !follows(a, next)) return { points: [[from.x + (side * from.width) / 2, from.y], [x, from.y], [x, to.y], end] };
      const y = box(next).y + box(next).height / 2 + 12;
      return { points: [[from.x, y], [x, y], [x, to.y], end] };
    }
    const way = to.column > from.column ? 1 : -1;
    const gutter = Math.min(from.column, to.column);
    const used = gutters.get(gutter) ?? 0;
    gutters.set(gutter, used + 1);
    const x = to.x - way * (BOX.width / 2 + 70 + LANE * used);
    const isLast = members[from.column]?.at(-1) === a;
    const end: readonly [number, number] = [to.x - (way * to.width) / 2, to.y];
    const up = from.y - from.height / 2 - (from.node.stack === "" ? 20 : FRAME_PAD + 14);
    const start: readonly (readonly [number, number])[] = isLast ? [[from.x, from.y - from.height / 2], [from.x, up], [x, up]] : [[from.x + (way * from.width) / 2, from.y], [x, from.y]];
    const y = (start.at(-1) as readonly [number, number])[1];
    return { points: [...start, [x, to.y], end], label: { text: shape, x: x - way * 6, y: y - 6, end: way > 0 } };
  }));

  const frames = stacks.map(({ path, name, layer, times }): Frame => {
    const inside = boxes.filter(({ node }) => node.stack === path);
    const most = Math.max(0, ...edges.map((edge) => (inside.includes(box(edge.to)) ? (lanes.get(edge) ?? -1) + 1 : 0)));
    const column = inside[0]?.column ?? 0;
    const top = Math.min(...inside.map(({ y, height }) => y - height / 2)) - FRAME_PAD;
    const bottom = Math.max(...inside.map(({ y, height }) => y + height / 2)) + FRAME_PAD;
    const out = 30 + LANE * Math.max(0, most - 1);
    const x = MARGIN + BOX.width / 2 + column * pitch;
    const [left, right] = column === 0 ? [x - BOX.width / 2 - out, x + BOX.width / 2 + 16] : [x - BOX.width / 2 - 16, x + BOX.width / 2 + out];
    return { name, layer, times, column, left, top, width: right - left, height: bottom - top };
  });
  return { width: count * pitch, height: tallest + TOP + 30, boxes, frames, wires };
}

/** Ways from one box to the same side into other columns say each shape once, beside the first of them to turn; one shape above the other. */
function sayingOnce(edges: readonly Edge[], columns: readonly number[], wires: readonly Wire[]): readonly Wire[] {
  const away = (at: number): boolean => columns[edges[at]!.from] !== columns[edges[at]!.to];
  return wires.map(({ points, label }, at): Wire => {
    if (label === undefined || !away(at)) return { points, ...(label && { label }) };
    const beside = wires.flatMap((other, k) => (away(k) && edges[k]!.from === edges[at]!.from && other.label?.end === label.end ? [{ k, ...other.label }] : []));
    if (beside.some(({ k, text }) => k < at && text === label.text)) return { points };
    const x = (label.end ? Math.min : Math.max)(...beside.map((other) => other.x));
    const above = new Set(beside.filter(({ k }) => k < at).map(({ text }) => text)).size;
    return { points, label: { ...label, x, y: label.y - 14 * above } };
  });
}

/** A node stands above the latest of what it reads in its own stack, or else anywhere; what reads nothing begins a column. */
function columnsOf(nodes: readonly Node[], edges: readonly Edge[]): readonly number[] {
  const found: number[] = [];
  let count = 0;
  nodes.forEach((node, at) => {
    const read = edges.filter(({ to }) => to === at).map(({ from }) => from);
    const near = read.filter((from) => nodes[from]?.stack === node.stack && node.stack !== "");
    const above = Math.max(...(near.length > 0 ? near : read));
    found.push(read.length === 0 ? count++ : (found[above] as number));
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
    let lane = outside ? OUTER_LANE : 0;
    while (taken.has(lane)) lane++;
    lanes.set(edge, lane);
  }
  return lanes;
}
