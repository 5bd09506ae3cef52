/**
 * A program as JavaScript source that a person can read: kernels as template literals, a size once and under a name of its own
 * (`$B`, `$64`, `$e3 = 4*B*T`), the commonest records as calls.
 */
import { print } from "../../compiler/dim.ts";
import type { BufferRef, HostExpr, Program } from "../../runtime/program.ts";
import type { Size } from "../../runtime/size.ts";

export interface Literal {
  /** Statements that `text` refers to. */
  readonly declarations: string;
  /** The expression. */
  readonly text: string;
}

/** Same program, same text. */
export function programLiteral(program: Program): Literal {
  const printer = new Printer(sharedHead(program));
  const text = printer.value(program as unknown as Json, "");
  return { declarations: [...printer.helpers(), ...printer.constants()].join("\n"), text };
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** Longer lists and records take a line for each item. */
const WIDTH = 150;

class Printer {
  private readonly head: string | undefined;
  private readonly sizes = new Map<string, { readonly name: string; readonly declaration: string }>();
  private readonly used = new Set<keyof typeof HELPERS>();

  constructor(head: string | undefined) {
    this.head = head;
  }

  helpers(): readonly string[] {
    return Object.entries(HELPERS).flatMap(([name, text]) => (this.used.has(name as keyof typeof HELPERS) ? [text] : []));
  }

  constants(): readonly string[] {
    const head = this.head === undefined ? [] : [`\n// What kernels begin with.\nconst head = ${template(this.head)};`];
    const sizes = [...this.sizes.values()].map(({ declaration }) => declaration);
    return [...head, ...(sizes.length === 0 ? [] : ["\n// Sizes of tensors and counts of workgroups, as sums of terms.", ...sizes])];
  }

  value(value: Json, indent: string): string {
    if (typeof value === "string") return this.string(value);
    if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
    if (typeof value !== "object" || value === null) return String(value);
    if (isList(value)) return isSize(value) ? this.size(value as unknown as Size) : this.list(value, indent);
    return this.call(value) ?? this.record(value, indent);
  }

  private list(items: readonly Json[], indent: string): string {
    const inner = `${indent}  `;
    const texts = items.map((item) => this.value(item, inner));
    const line = `[${texts.join(", ")}]`;
    return fits(line, indent) ? line : `[\n${texts.map((text) => `${inner}${text},\n`).join("")}${indent}]`;
  }

  private record(record: { readonly [key: string]: Json | undefined }, indent: string): string {
    const inner = `${indent}  `;
    const texts = Object.entries(record).flatMap(([key, value]) => (value === undefined ? [] : [`${propertyName(key)}: ${this.value(value, inner)}`]));
    const line = texts.length === 0 ? "{}" : `{ ${texts.join(", ")} }`;
    return fits(line, indent) ? line : `{\n${texts.map((text) => `${inner}${text},\n`).join("")}${indent}}`;
  }

  private string(text: string): string {
    if (!text.includes("\n")) return quoted(text);
    const at = this.head === undefined ? -1 : text.indexOf(this.head);
    if (this.head === undefined || at < 0) return template(text);
    return `\`${escaped(text.slice(0, at))}\${head}${escaped(text.slice(at + this.head.length))}\``;
  }

  /** References to buffers and expressions of the host, of which there are many. */
  private call(record: { readonly [key: string]: Json | undefined }): string | undefined {
    const is = (...keys: string[]): boolean => Object.keys(record).sort().join() === keys.sort().join();
    const kind = record["kind"] as (BufferRef | HostExpr)["kind"] | undefined;
    switch (kind) {
      case "temporary":
      case "input":
      case "table":
      case "index-list":
        return is("kind", "at") ? this.helper(kind === "index-list" ? "list" : kind, record["at"]) : undefined;
      case "state":
        return is("kind", "state", "offset", "length") ? this.helper("state", record["state"], record["offset"], record["length"]) : undefined;
      case "const":
        return is("kind", "value") ? this.helper("number", record["value"]) : undefined;
      case "index":
        return is("kind", "at") ? this.helper("index", record["at"]) : undefined;
      case "apply":
        return is("kind", "op", "args") ? this.helper("apply", record["op"], ...(record["args"] as readonly Json[])) : undefined;
      default:
        return undefined;
    }
  }

  private helper(name: keyof typeof HELPERS, ...args: readonly (Json | undefined)[]): string {
    this.used.add(name);
    return `${name}(${args.map((arg) => this.value(arg as Json, "")).join(", ")})`;
  }

  private size(size: Size): string {
    const key = JSON.stringify(size);
    const known = this.sizes.get(key);
    if (known !== undefined) return known.name;
    const terms = size.map(({ coefficient, factors }) => {
      const texts = factors.map((factor) => {
        if (typeof factor === "string") return quoted(factor);
        this.used.add(factor.round);
        return `${factor.round}(${this.size(factor.numerator)}, ${this.size(factor.denominator)})`;
      });
      this.used.add("term");
      return `term(${[coefficient, ...texts].join(", ")})`;
    });
    const text = print(size);
    const plain = /^(\d+|[A-Za-z_]\w*)$/.test(text);
    const name = plain ? `$${text}` : `$e${[...this.sizes.values()].filter((one) => one.name.startsWith("$e")).length + 1}`;
    // A size called `e1` in the model gives way.
    const taken = new Set([...this.sizes.values()].map((one) => one.name));
    const free = taken.has(name) ? `${name}_${this.sizes.size}` : name;
    this.sizes.set(key, { name: free, declaration: `const ${free} = [${terms.join(", ")}];${plain ? "" : ` // ${text}`}` });
    return free;
  }
}

const HELPERS = {
  term: "const term = (coefficient, ...factors) => ({ coefficient, factors });",
  ceil: 'const ceil = (numerator, denominator) => ({ round: "ceil", numerator, denominator });',
  floor: 'const floor = (numerator, denominator) => ({ round: "floor", numerator, denominator });',
  temporary: 'const temporary = (at) => ({ kind: "temporary", at });',
  input: 'const input = (at) => ({ kind: "input", at });',
  table: 'const table = (at) => ({ kind: "table", at });',
  list: 'const list = (at) => ({ kind: "index-list", at });',
  state: 'const state = (state, offset, length) => ({ kind: "state", state, offset, length });',
  number: 'const number = (value) => ({ kind: "const", value });',
  index: 'const index = (at) => ({ kind: "index", at });',
  apply: 'const apply = (op, ...args) => ({ kind: "apply", op, args });',
} as const;

/** The declaration of the uniform block, where all that have one have the same. */
function sharedHead(program: Program): string | undefined {
  const texts = program.kernels.flatMap(({ wgsl, fallback }) => [wgsl, ...(fallback === undefined ? [] : [fallback.wgsl])]);
  const heads = texts.map((text) => /^struct U \{.*\}\n@group\(0\) @binding\(0\) var<uniform> u: U;\n/m.exec(text)?.[0]);
  const [first] = heads.filter((head) => head !== undefined);
  return heads.filter((head) => head === first).length > 1 ? first : undefined;
}

function isSize(list: readonly Json[]): boolean {
  return list.length > 0 && list.every((item) => typeof item === "object" && item !== null && Object.keys(item).join() === "coefficient,factors");
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}

function fits(line: string, indent: string): boolean {
  return line.length + indent.length <= WIDTH && !line.includes("\n");
}

function propertyName(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) && key !== "__proto__" ? key : `[${quoted(key)}]`;
}

/** A string literal that also stands within a `<script>`. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`).replaceAll("</", "<\\/");
}

function template(text: string): string {
  return `\`${escaped(text)}\``;
}

/** For between backticks. A carriage return would become a line feed. */
function escaped(text: string): string {
  return text.replace(/[\\`]|\$(?=\{)/g, "\\$&").replaceAll("\r", "\\r").replaceAll("</", "<\\/");
}
