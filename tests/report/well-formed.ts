/** Throws unless every tag is closed in its order, attributes are quoted, and no `<` or `&` stands for itself. Doctype and `<style>` aside. */
export function assertWellFormed(html: string): void {
  const text = html.replace(/^<!doctype html>/, "").replace(/<style>[^<]*<\/style>/, "");
  const open: string[] = [];
  let at = 0;
  for (const match of text.matchAll(/<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g)) {
    assertText(text.slice(at, match.index));
    assertText(match[3] ?? "");
    at = match.index + match[0].length;
    const [, closes, name = "", , empty] = match;
    if (closes === "/") {
      const expected = open.pop();
      if (expected !== name) throw new Error(`</${name}> closes <${expected}>`);
    } else if (empty !== "/") open.push(name);
  }
  assertText(text.slice(at));
  if (open.length > 0) throw new Error(`not closed: ${open.join(", ")}`);
}

function assertText(text: string): void {
  if (text.includes("<")) throw new Error(`a stray < in ${text.slice(text.indexOf("<"), text.indexOf("<") + 80)}`);
  if (/&(?!(?:amp|lt|gt|quot|#39);)/.test(text)) throw new Error(`a stray & in ${text.slice(0, 80)}`);
}
