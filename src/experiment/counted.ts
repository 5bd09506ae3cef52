/** What the `tokens` of a batch are, where its examples are counted in this unit: a picture is one, and a row of a table, whatever else belongs to it. */
export function countedOf(unit: string): "images" | "rows" | "tokens" {
  return unit === "images" || unit === "rows" ? unit : "tokens";
}
