/** A caller's value, as a message shows it: callers may be JavaScript, so that it can be anything. */
export function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value !== "string" && (typeof value !== "object" || value === null)) return String(value);
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  const text = ["String", "Array", "Object"].includes(kind) ? jsonOf(value) : undefined;
  return text === undefined ? `${/^[AEIOU]/.test(kind) ? "an" : "a"} ${kind}` : text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

const LONGEST = 80;

/** Undefined where it has no JSON, as with a cycle or a BigInt within. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value) as string | undefined;
  } catch {
    return undefined;
  }
}
