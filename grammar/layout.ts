/**
 * Documents that know where they may be broken (Wadler, "A prettier printer", 2003): a group is printed on one line if it
 * fits, otherwise its own lines break; a fill breaks only those that must.
 */
export type Doc = string | readonly Doc[] | Line | Group | Nest | Fill;

interface Line {
  readonly kind: "line";
  /** What stands for it where it does not break. */
  readonly flat: string;
}
interface Group {
  readonly kind: "group";
  readonly doc: Doc;
}
interface Nest {
  readonly kind: "nest";
  /** Columns further in; `here` is the column at which the document begins. */
  readonly by: number | "here";
  readonly doc: Doc;
}
interface Fill {
  readonly kind: "fill";
  readonly docs: readonly Doc[];
  /** Something of it has been printed, so that a blank or a break comes next. */
  readonly begun: boolean;
}

/** Columns of a formatted file. */
export const WIDTH = 120;

export const LINE: Doc = { kind: "line", flat: " " };

export function group(...doc: readonly Doc[]): Doc {
  return { kind: "group", doc };
}

export function nest(by: number | "here", ...doc: readonly Doc[]): Doc {
  return { kind: "nest", by, doc };
}

/** The documents with commas between them, each on the line as long as it fits. */
export function list(docs: readonly Doc[]): Doc {
  return { kind: "fill", docs: docs.map((d, i) => (i < docs.length - 1 ? [d, ","] : d)), begun: false };
}

/** The text on one line, however long. */
export function flat(doc: Doc): string {
  if (typeof doc === "string") return doc;
  if (isArray(doc)) return doc.map(flat).join("");
  switch (doc.kind) {
    case "line":
      return doc.flat;
    case "fill":
      return doc.docs.map(flat).join(" ");
    case "group":
    case "nest":
      return flat(doc.doc);
    default:
      return doc satisfies never;
  }
}

interface Job {
  readonly indent: number;
  readonly broken: boolean;
  readonly doc: Doc;
}

/** The lines of a document whose first line begins at column `start`; all of them carry their blanks. */
export function layout(doc: Doc, width: number, start: number): string[] {
  const lines: string[] = [];
  let text = " ".repeat(start);
  const breakLine = (indent: number): void => {
    lines.push(text.trimEnd());
    text = " ".repeat(indent);
  };
  const jobs: Job[] = [{ indent: start, broken: true, doc }];
  for (let job = jobs.pop(); job !== undefined; job = jobs.pop()) {
    const { indent, broken, doc: d } = job;
    if (typeof d === "string") text += d;
    else if (!broken) text += flat(d);
    else if (isArray(d)) for (let i = d.length - 1; i >= 0; i--) jobs.push({ indent, broken, doc: d[i] as Doc });
    else if (d.kind === "line") breakLine(indent);
    else if (d.kind === "nest") jobs.push({ indent: d.by === "here" ? text.length : indent + d.by, broken, doc: d.doc });
    else if (d.kind === "group") jobs.push({ indent, broken: !fits(d.doc, width - text.length, jobs), doc: d.doc });
    else {
      const [first, ...rest] = d.docs;
      if (first === undefined) continue;
      if (rest.length > 0) jobs.push({ indent, broken, doc: { kind: "fill", docs: rest, begun: true } });
      if (d.begun && fits(first, width - text.length - 1, jobs)) text += " ";
      else if (d.begun) breakLine(indent);
      jobs.push({ indent, broken, doc: group(first) });
    }
  }
  lines.push(text.trimEnd());
  return lines;
}

/** Whether the document on one line, with what follows up to the first possible break, takes at most `room` columns. */
function fits(doc: Doc, room: number, following: readonly Job[]): boolean {
  let left = room;
  const parts: Pick<Job, "broken" | "doc">[] = [{ broken: false, doc }];
  let next = following.length - 1;
  while (left >= 0) {
    const part = parts.pop() ?? following[next--];
    if (part === undefined) return true;
    const { broken, doc: d } = part;
    if (typeof d === "string") left -= d.length;
    else if (isArray(d)) for (let i = d.length - 1; i >= 0; i--) parts.push({ broken, doc: d[i] as Doc });
    else if (d.kind === "group" || d.kind === "nest") parts.push({ broken, doc: d.doc });
    else if (broken && (d.kind === "line" || d.begun)) return true;
    else if (d.kind === "line") left -= d.flat.length;
    else if (broken) parts.push({ broken, doc: d.docs[0] ?? "" });
    else {
      left -= Math.max(0, d.docs.length - 1);
      parts.push({ broken, doc: d.docs });
    }
  }
  return false;
}

function isArray(doc: Doc): doc is readonly Doc[] {
  return Array.isArray(doc);
}
