/** UTF-16 units of a part: far below what an array or a regular expression's matches may hold, far above what a call costs. */
const LENGTH = 2 ** 20;

const LINE_END = /[\p{L}\p{N}](?=[\r\n])/gu;

/**
 * A text in parts of about `length` UTF-16 units, for what would need an array as long as the text. Each ends with a letter or digit that stands before a
 * line break, where tokenizers cut: the ids of the parts, one after the other, are those of the text.
 */
export function* partsOf(text: string, length = LENGTH): Generator<string> {
  let from = 0;
  while (text.length - from > length) {
    LINE_END.lastIndex = from + length;
    const end = LINE_END.exec(text);
    if (end === null) break;
    yield text.slice(from, LINE_END.lastIndex);
    from = LINE_END.lastIndex;
  }
  yield text.slice(from);
}
