import type { Item } from "./ast.ts";

/** The names that the items set, in whatever branch or loop. */
export function targetsIn(items: readonly Item[]): readonly string[] {
  return items.flatMap((item): readonly string[] => {
    switch (item.kind) {
      case "lost":
        return item.names;
      case "assign":
        return item.targets.map((target) => target.name.text);
      case "param":
      case "state":
      case "draw":
      case "let":
      case "field":
        return [item.name.text];
      case "for":
      case "scan":
        return targetsIn(item.body.items);
      case "if":
        return [...targetsIn(item.then.items), ...(item.otherwise ? targetsIn(item.otherwise.kind === "if" ? [item.otherwise] : item.otherwise.items) : [])];
      default:
        return [];
    }
  });
}
