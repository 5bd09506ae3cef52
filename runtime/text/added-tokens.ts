import { literally } from "./expression.ts";
import { withoutSpaceBefore, withoutSpaceBehind } from "./normalizers.ts";
import type { Normalizer } from "./normalizers.ts";
import type { AddedToken } from "./tokenizer.ts";

/** A text as what stands between the tokens that it spells, none of it empty, and their ids. */
export type Extraction = (text: string) => readonly (string | number)[];

/**
 * Finds added tokens in texts: what they spell is never cut or joined. `spelt` is what is done to a text before they are looked for. Where
 * two begin at one place, the longer is meant; those with `lstrip` and `rstrip` take the space beside them along.
 */
export function extraction(added: readonly AddedToken[], spelt: Normalizer = (text) => text): Extraction {
  if (added.length === 0) return (text) => (text === "" ? [] : [text]);
  const byContent = new Map(added.map((token) => [spelt(token.content), token]));
  const expression = literally(...[...byContent.keys()].filter((content) => content !== "").sort((a, b) => b.length - a.length));
  return (text) => {
    const parts: (string | number)[] = [];
    let end = 0, behind: AddedToken | undefined;
    const add = (to: number, token?: AddedToken): void => {
      let between = text.slice(end, to);
      if (behind?.rstrip === true) between = withoutSpaceBefore(between);
      if (token?.lstrip === true) between = withoutSpaceBehind(between);
      if (between !== "") parts.push(between);
      if (token !== undefined) parts.push(token.id);
      behind = token;
    };
    for (const { 0: content, index } of text.matchAll(expression)) {
      add(index, byContent.get(content));
      end = index + content.length;
    }
    add(text.length);
    return parts;
  };
}
