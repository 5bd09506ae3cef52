/** A walk over the syntax tree that needs to know nothing of its kinds. */

interface AnyNode extends Readonly<Record<string, unknown>> {
  readonly kind: string;
}

/** Where a node says at which places of the file it stands: the file's table of lines is no part of the tree. */
const PLACES: ReadonlySet<string> = new Set(["span", "opSpan"]);

/** Calls `see` with the node and every node below it, in the order of the text. */
export function visitNodes(part: unknown, see: (node: AnyNode) => void): void {
  if (typeof part !== "object" || part === null) return;
  if (Array.isArray(part)) return part.forEach((each) => visitNodes(each, see));
  if ("kind" in part) see(part as AnyNode);
  for (const [name, child] of Object.entries(part)) if (!PLACES.has(name)) visitNodes(child, see);
}

/** The names that expressions read. */
export function namesIn(part: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  visitNodes(part, (node) => {
    if (node.kind === "name") names.add(node["text"] as string);
  });
  return names;
}
