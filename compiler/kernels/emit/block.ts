/** Nested blocks of WGSL under construction. A line goes to the block whose variables it needs, so loop-invariant code is never inside. */
export interface Block {
  /** `for (…)`; written when the block closes, after what moved out of it. */
  readonly header: string;
  readonly lines: string[];
  readonly indent: string;
  /** Expressions already bound in this block, by their text. */
  readonly bound: Map<string, string>;
  /** Values already computed in this block, by value and coordinates. */
  readonly computed: Map<string, unknown>;
}

export class Blocks {
  private stack: Block[] = [newBlock("", "  ")];
  private counter = 0;

  get depth(): number {
    return this.stack.length - 1;
  }

  /** Opens `header {`; what follows goes inside until `close`. */
  open(header: string): void {
    this.stack.push(newBlock(header, `${this.top().indent}  `));
  }

  close(): void {
    const block = this.stack.pop()!;
    this.line(`${block.header} {`);
    this.top().lines.push(...block.lines);
    this.line("}");
  }

  line(text: string, depth = this.depth): void {
    const block = this.stack[depth]!;
    block.lines.push(block.indent + text);
  }

  /** A fresh name: `v12`; never `i32`, which is a type. */
  fresh(prefix: string): string {
    const name = `${prefix}${this.counter++}`;
    return name === "i32" ? this.fresh(prefix) : name;
  }

  /** The name of a `let` with this text in the block at `depth`, made if it is not there. */
  bind(text: string, depth: number): string {
    for (let at = depth; at >= 0; at--) {
      const known = this.stack[at]!.bound.get(text);
      if (known) return known;
    }
    const name = this.fresh("v");
    this.line(`let ${name} = ${text};`, depth);
    this.stack[depth]!.bound.set(text, name);
    return name;
  }

  recall<T>(key: string): T | undefined {
    for (let at = this.depth; at >= 0; at--) {
      const known = this.stack[at]!.computed.get(key);
      if (known !== undefined) return known as T;
    }
    return undefined;
  }

  remember(key: string, value: unknown, depth: number): void {
    this.stack[depth]!.computed.set(key, value);
  }

  /** Runs `body` as if the blocks deeper than `depth` were not open yet: its lines stand before them. */
  at<T>(depth: number, body: () => T): T {
    const deeper = this.stack.splice(depth + 1);
    const result = body();
    this.stack.push(...deeper);
    return result;
  }

  /** All lines; every opened block must be closed. */
  text(): string {
    if (this.stack.length !== 1) throw new Error("internal: a block of the kernel is still open");
    return this.stack[0]!.lines.join("\n");
  }

  private top(): Block {
    return this.stack[this.stack.length - 1]!;
  }
}

function newBlock(header: string, indent: string): Block {
  return { header, lines: [], indent, bound: new Map(), computed: new Map() };
}
