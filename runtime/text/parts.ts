/** UTF-16 units of a part: far below what an array or a regular expression's matches may hold, far above what a call costs. */
const LENGTH = 2 ** 20;

/** A space is what JavaScript or Unicode takes for one: U+0085 is to Unicode alone. */
const LINE_END = /[^\s\u0085](?=[\r\n])/g;

/**
 * A text in parts of about `length` UTF-16 units, for what would need an array as long as the text. Each ends with a sign that is no space and stands before a
 * line break, where every tokenizer cuts: the ids of the parts, one after the other, are those of the text.
 */
export function* partsOf(text: string, length = LENGTH): Generator<string> {
  let from = 0;
  while (text.length - from > length) {
    LINE_END.lastIndex = from + length;
    const end = LINE_END.exec(text);
    if (end === null) break;
    yield text.slice(from, end.index + 1);
    from = end.index + 1;
  }
  yield text.slice(from);
}
