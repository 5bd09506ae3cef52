/** What the `tokens` of a batch are, where its examples are counted in this unit: a picture is one, whatever else belongs to it. */
export function countedOf(unit: string): "images" | "tokens" {
  return unit === "images" ? "images" : "tokens";
}
