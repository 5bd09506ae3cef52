/** Texts and numbers as a page shows them. */

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** For content and for quoted attributes. Characters that no XML document may hold become a visible mark. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd");
}

/** Four significant digits, without needless zeros: "2.306", "0.005", "4.1e-5", "12,345". */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  if (size !== 0 && size < 1e-4) return value.toExponential(2).replace(/\.?0+e/, "e").replace("e-", "e−");
  return String(Number(value.toPrecision(4)));
}

/** "1.4 M", "12.3 k": for counts that matter by their order. */
export function short(value: number): string {
  return scaled(value, 1000, ["", " k", " M", " G", " T", " P", " E"]);
}

/** "412 KiB". */
export function bytesText(value: number): string {
  return scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB"]);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let rest = value;
  let unit = 0;
  while (Math.abs(rest) >= base && unit < units.length - 1) {
    rest /= base;
    unit++;
  }
  return `${unit === 0 ? String(Math.round(rest * 100) / 100) : String(Number(rest.toPrecision(3)))}${units[unit] as string}`;
}

export function plural(count: number, one: string): string {
  return `${count.toLocaleString("en-US")} ${one}${count === 1 ? "" : "s"}`;
}
