/** The monoids a reduction may use. argmax and argmin give the position of the first extreme along a single reduced index. */
export type MonoidName = "sum" | "max" | "min" | "any" | "all" | "argmax" | "argmin";
