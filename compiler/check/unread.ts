/** Variables that a function gives a value and nothing of it reads: what a slip of the pen, or a change half made, leaves behind. */
import type { Assign, Callable, File, Name } from "../../grammar/ast.ts";
import { namesIn, visitNodes } from "../../grammar/walk.ts";
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
  let isWhole = true;
  visitNodes(body, (node) => {
    if (node.kind === "lost") isWhole = false;
    if (node.kind !== "assign") return;
    const { targets: [first, ...others] } = node as unknown as Assign;
    if (first && others.length === 0) assigned.push(first.name);
  });
  if (!isWhole) return;
  const read = namesIn(body);
  const unread = new Map(assigned.filter(({ text }) => !read.has(text) && !members.has(text)).map((name) => [name.text, name]));
  for (const name of unread.values()) world.report(errors.unread(name.span, name.text));
}
