/** `d // heads`: who means a division has written a comment, and what stands before it counts alone. */
import type { Comment, File, Name } from "../../grammar/ast.ts";
import { lineText, positionAt } from "../../grammar/source.ts";
import { visitNodes } from "../../grammar/walk.ts";
import * as errors from "./errors.ts";
import type { World } from "./world.ts";

export function warnOfDivided(file: File, world: World): void {
  for (const top of file.tops) {
    const within = file.comments.filter(({ span }) => top.span.start <= span.start && span.end <= top.span.end);
    if (top.kind === "use" || within.length === 0) continue;
    const sizes = new Set((top.params ?? []).map(({ name }) => name.text));
    visitNodes(top, (node) => {
      if (node.kind === "let") sizes.add((node as unknown as { readonly name: Name }).name.text);
    });
    for (const comment of within) if (looksDivided(comment, sizes)) world.report(errors.commentDivides(comment.span));
  }
}

/** A number or a parameter alone, behind a value and at most one blank (canonical are two before a comment). */
function looksDivided({ text, alone, span }: Comment, sizes: ReadonlySet<string>): boolean {
  const divisor = /^\/\/ ?(\w+)$/.exec(text)?.[1];
  if (alone || divisor === undefined || !(sizes.has(divisor) || /^\d+$/.test(divisor))) return false;
  const { line, column } = positionAt(span.file, span.start);
  return /[\w)\]] ?$/.test(lineText(span.file, line).slice(0, column - 1));
}
