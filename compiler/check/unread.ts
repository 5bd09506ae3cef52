/** Variables that a function gives a value and nothing of it reads: what a slip of the pen, or a change half made, leaves behind. */
import type { Callable, File, Name } from "../../grammar/ast.ts";
import * as errors from "./errors.ts";
import type { World } from "./world.ts";

export function warnOfUnread(file: File, world: World): void {
  for (const top of file.tops) {
    if (top.kind === "fn") warnWithin(top, new Set(), world);
    if (top.kind !== "decl") continue;
    const methods = top.body.items.filter((item) => item.kind === "method");
    // What is assigned may be a state of the layer.
    const members = new Set(top.body.items.flatMap((item) => (item.kind === "state" || item.kind === "param" ? [item.name.text] : [])));
    for (const method of methods) warnWithin(method, members, world);
  }
}

/** Of several results some are often not wanted. */
function warnWithin({ body }: Callable, members: ReadonlySet<string>, world: World): void {
  const assigned: Name[] = [];
  const read = new Set<string>();
  let isWhole = true;
  visit(body, (node) => {
    if (node.kind === "lost") isWhole = false;
    if (node.kind === "name") read.add(node["text"] as string);
    if (node.kind === "assign" && (node["targets"] as readonly unknown[]).length === 1) assigned.push((node["targets"] as readonly [{ readonly name: Name }])[0].name);
  });
  if (!isWhole) return;
  const unread = new Map(assigned.filter(({ text }) => !read.has(text) && !members.has(text)).map((name) => [name.text, name]));
  for (const name of unread.values()) world.report(errors.unread(name.span, name.text));
}

interface Node extends Readonly<Record<string, unknown>> {
  readonly kind: string;
}

/** Every node below, whatever its kind. */
function visit(part: unknown, see: (node: Node) => void): void {
  if (typeof part !== "object" || part === null) return;
  if (Array.isArray(part)) return part.forEach((each) => visit(each, see));
  if ("kind" in part) see(part as Node);
  for (const [name, child] of Object.entries(part)) if (name !== "span") visit(child, see);
}
