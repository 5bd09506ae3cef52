/** The nodes of a figure in the order in which they are drawn. */
import type { Diagram, Node } from "./diagram.ts";

export interface Link {
  readonly from: string;
  readonly to: string;
  readonly shape: string;
  /** From one step of a scan to the next. */
  readonly loop: boolean;
}

export interface Nodes {
  readonly nodes: ReadonlyMap<string, Node>;
  readonly links: readonly Link[];
}

/** What lies between two parts of a layer, such as the rotation of its queries, is taken into the layer: no circles are left. */
export function merged(nodes: ReadonlyMap<string, Node>, links: readonly Link[]): Nodes {
  const next = new Map<string, string[]>();
  for (const { from, to, loop } of links) if (!loop) next.set(from, [...(next.get(from) ?? []), to]);
  const reach = (start: string): ReadonlySet<string> => {
    const seen = new Set<string>();
    const open = [...(next.get(start) ?? [])];
    for (let at = open.pop(); at !== undefined; at = open.pop()) if (!seen.has(at)) open.push(...(next.get(at) ?? []), ...(seen.add(at), []));
    return seen;
  };
  const reached = new Map([...nodes.keys()].map((key) => [key, reach(key)]));
  const into = new Map<string, string>();
  for (const key of nodes.keys()) {
    if (reached.get(key)?.has(key) !== true) continue;
    const circle = [...nodes.keys()].filter((other) => reached.get(key)?.has(other) && reached.get(other)?.has(key));
    // The layer of the stack itself, not the helper that many share.
    into.set(key, circle.find((other) => nodes.get(other)?.kind === "layer" && nodes.get(other)?.stack !== "") ?? (circle[0] as string));
  }
  const to = (key: string): string => into.get(key) ?? key;
  const kept = new Map<string, Link>();
  for (const link of links) {
    const changed = { ...link, from: to(link.from), to: to(link.to) };
    if (changed.from !== changed.to && !kept.has(`${changed.from} ${changed.to}`)) kept.set(`${changed.from} ${changed.to}`, changed);
  }
  return { nodes: new Map([...nodes].filter(([key]) => to(key) === key)), links: [...kept.values()] };
}

/** In an order of computation that leaves a stack or a scan only when all of it is done; what leads nowhere is left out. */
export function ordered({ nodes, links }: Nodes): Pick<Diagram, "nodes" | "edges"> {
  const ways = links.filter(({ loop }) => !loop);
  const useful = new Set([...nodes].filter(([, { kind }]) => kind === "output").map(([key]) => key));
  for (let grown = -1; grown !== useful.size; ) {
    grown = useful.size;
    for (const { from, to } of links) if (useful.has(to)) useful.add(from);
  }
  // A count that reads a mask alone, or a start that is zero.
  for (const [key, { kind }] of nodes) if (kind === "step" && !ways.some(({ to }) => to === key)) useful.delete(key);
  const stackOf = (key: string | undefined): string => nodes.get(key ?? "")?.stack ?? "";
  const left = [...nodes.keys()].filter((key) => useful.has(key));
  const order: string[] = [];
  const placed = new Set<string>();
  const waits = (key: string): boolean => ways.some(({ from, to }) => to === key && useful.has(from) && !placed.has(from));
  /** Whether something in its stack needs what stands outside and is not there yet. */
  const isEarly = (key: string): boolean => stackOf(key) !== "" && ways.some(({ from, to }) => stackOf(to) === stackOf(key) && stackOf(from) !== stackOf(key) && useful.has(to) && useful.has(from) && !placed.has(from));
  while (left.length > 0) {
    const ready = left.filter((key) => !waits(key));
    const stack = stackOf(order.at(-1));
    const near = ready.filter((key) => stack !== "" && stackOf(key) === stack);
    const chosen = near.find((key) => ways.some(({ from, to }) => to === key && from === order.at(-1))) ?? near[0] ?? ready.find((key) => !isEarly(key)) ?? ready[0];
    if (chosen === undefined) throw new Error("internal: a diagram goes in circles");
    order.push(chosen);
    placed.add(chosen);
    left.splice(left.indexOf(chosen), 1);
  }
  const at = new Map(order.map((key, place) => [key, place]));
  const edges = links.flatMap(({ from, to, shape, loop }) => (at.has(from) && at.has(to) ? [{ from: at.get(from) as number, to: at.get(to) as number, shape, loop }] : []));
  return { nodes: order.map((key) => nodes.get(key) as Node), edges };
}
