/** A recipe that writes texts with a model that looks ahead: it is told before hours are spent on it. */
import type { Fix, Label } from "../../grammar/diagnostic.ts";
import { lineText, spanText } from "../../grammar/source.ts";
import type { SourceFile, Span } from "../../grammar/source.ts";
import type { Equation } from "../ir/graph.ts";
import { lookingAhead } from "../ir/looks-ahead.ts";
import * as errors from "./errors.ts";
import { beside } from "./message.ts";
import type { Model } from "./model.ts";
import type { InstanceVal, Val } from "./value.ts";
import type { World } from "./world.ts";

/** `asked`: the recipe's `generate`. */
export function warnOfLookingAhead({ entries, recipe, file }: Model, root: InstanceVal, asked: Span | undefined, world: World): void {
  const entry = entries.find(({ name }) => name === recipe?.generate?.entry);
  const grows = entry?.inputs[0];
  const found = asked && entry && grows && lookingAhead(entry.graph, grows.name);
  if (!found) return;
  const owners = ownersOf(found, root);
  const open = owners.find((owner) => isOpen(owner));
  world.report(errors.looksAhead(asked, grows.name, seen(found, owners, file), open && causalIn(open, file)));
}

/** The layers that it is in, from the outermost. */
function ownersOf({ name }: Equation, root: InstanceVal): readonly InstanceVal[] {
  const owners: InstanceVal[] = [];
  let at: Val | undefined = root;
  for (const part of name.split(".")) {
    at = at?.kind === "instance" ? at.members.get(part) : at?.kind === "stack" ? at.items[Number(part)] : undefined;
    if (at?.kind === "instance") owners.push(at);
  }
  return owners;
}

/** Whether it has a `causal` that is not set. */
function isOpen({ members }: InstanceVal): boolean {
  const causal = members.get("causal");
  return causal?.kind === "tensor" && causal.type === "bool" && causal.body.kind === "const" && causal.body.value === 0;
}

/** Where it is: the layer where the file builds it, or the line of the model's own function. */
function seen({ name, origin }: Equation, owners: readonly InstanceVal[], file: SourceFile): Label | string {
  const built = owners.findLast(({ span }) => span.file.path === file.path) ?? owners[0];
  if (built) return beside(built.span, `\`${owners.at(-1)!.path}\` takes all places together`);
  if (origin?.path !== file.path) return `\`${name}\` takes later places${origin ? ` (${origin.path}:${origin.line})` : ""}`;
  const start = file.lineStarts[origin.line - 1]!, line = lineText(file, origin.line);
  return beside({ file, start: start + line.length - line.trimStart().length, end: start + line.trimEnd().length }, "this takes later places");
}

/** How a layer that has a `causal` is told to be so, where the file builds it. */
function causalIn({ span, decl }: InstanceVal, file: SourceFile): Fix {
  const call = spanText(span), text = `make it causal: \`${decl.name.text}(…, causal: true)\``;
  if (span.file.path !== file.path || !call.endsWith(")") || call.includes("causal")) return { text };
  return { text, edit: { span: { ...span, start: span.end - 1 }, replacement: `${call.endsWith("()") ? "" : ", "}causal: true)` } };
}
