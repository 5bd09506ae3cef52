/** What an expression became: its text, how wide it is, and how deep in the loops its variables live. */
import type { ScalarType } from "../../ir/graph.ts";
import type { Affine } from "./affine.ts";

export interface Operand {
  readonly text: string;
  readonly type: ScalarType;
  /** 4: one value for each of the four lanes. */
  readonly width: 1 | 4;
  /** The innermost block whose variables occur in it. */
  readonly depth: number;
  /** i32 only: the same value as a sum of base variables; the text is then printed from it. */
  readonly affine?: Affine;
  /** Its value, where it is a literal. */
  readonly constant?: number;
}

/** The components of a four-wide value. */
export const LANE_NAMES = ["x", "y", "z", "w"] as const;

export function isAtom(text: string): boolean {
  return /^[\w.]+$/.test(text);
}

/** Whether a text binds tighter than any operator: a name, a call or something in parentheses. */
export function isPrimary(text: string): boolean {
  if (isAtom(text)) return true;
  const open = /^\w*\(/.exec(text)?.[0].length;
  if (open === undefined || !text.endsWith(")")) return false;
  let depth = 0;
  for (let at = open - 1; at < text.length; at++) {
    if (text[at] === "(") depth++;
    else if (text[at] === ")" && --depth === 0) return at === text.length - 1;
  }
  return false;
}

export function typeText(type: ScalarType, width: 1 | 4): string {
  return width === 1 ? type : `vec4<${type}>`;
}

export function widened(operand: Operand): Operand {
  if (operand.width === 4) return operand;
  const { affine: _, ...rest } = operand;
  return { ...rest, width: 4, text: `${typeText(operand.type, 4)}(${operand.text})` };
}

export function constantOperand(type: ScalarType, value: number): Operand {
  const rounded = type === "f32" ? Math.fround(value) : value;
  return { text: literal(type, rounded), type, width: 1, depth: 0, constant: rounded };
}

/** A literal that Tint accepts and that means exactly this f32; what is not finite is made at run time, since no constant may be it. */
function literal(type: ScalarType, value: number): string {
  if (type === "bool") return value ? "true" : "false";
  if (type === "i32") return value < 0 ? `(${value})` : String(value);
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) return `tfm_bits(${rounded === Infinity ? "0x7f800000u" : rounded === -Infinity ? "0xff800000u" : "0x7fc00000u"})`;
  if (Math.abs(rounded) > 3.4e38) return rounded < 0 ? "(-0x1.fffffep+127f)" : "0x1.fffffep+127f"; // decimals that round to it are out of range
  const text = shortest(rounded);
  return rounded < 0 || Object.is(rounded, -0) ? `(${text})` : text;
}

/** The fewest digits that read back as the same f32. */
function shortest(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  for (let digits = 1; digits <= 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return /[.e]/.test(text) ? text : `${text}.0`;
  }
  return value.toPrecision(9);
}
