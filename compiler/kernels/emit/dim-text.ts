/** Sizes as WGSL: named ones are fields of the uniform block `u`, all of them i32. */
import { type Dim, isNonNegative } from "../../dim.ts";
import type { Factor } from "../../../runtime/size.ts";

/** The size that stands for the current time of a loop. */
export const TIME = "@iter";

/** The name of a size's field; user-written names never reach WGSL bare. */
export function sizeField(name: string): string {
  return name === TIME ? "iter" : `s_${name.replace(/[^A-Za-z0-9]/g, "_")}`;
}

/** An i32 expression without outer parentheses; exact for sizes below 2^31. */
export function dimText(dim: Dim): string {
  if (dim.length === 0) return "0";
  return dim
    .map((term, at) => {
      const magnitude = Math.abs(term.coefficient);
      const factors = term.factors.map(factorText);
      const product = [...factors, ...(magnitude === 1 && factors.length > 0 ? [] : [String(magnitude)])].join(" * ");
      return term.coefficient < 0 ? (at === 0 ? `-${product}` : ` - ${product}`) : at === 0 ? product : ` + ${product}`;
    })
    .join("");
}

function factorText(factor: Factor): string {
  if (typeof factor === "string") return `u.${sizeField(factor)}`;
  const [n, d] = [dimText(factor.numerator), dimText(factor.denominator)];
  // WGSL's own division rounds towards 0.
  if (!isNonNegative(factor.numerator)) return factor.round === "floor" ? `tfm_idiv(${n}, ${d})` : `(-tfm_idiv(-(${n}), ${d}))`;
  return factor.round === "floor" ? `((${n}) / (${d}))` : `(((${n}) + (${d}) - 1) / (${d}))`;
}
