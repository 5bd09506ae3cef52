/**
 * What the wanted tokens cost under logits [..., size]: the sum of -log softmax, in nats, over all places whose wanted token is not
 * `ignored`, and how many those are. In f64, whatever the size of the logits.
 */
export function surprise(logits: ArrayLike<number>, wanted: ArrayLike<number>, size: number, ignored?: number): { readonly nats: number; readonly tokens: number } {
  if (logits.length !== wanted.length * size) throw new Error(`internal: ${logits.length} logits for ${wanted.length} tokens of ${size}`);
  let nats = 0, tokens = 0;
  for (let at = 0; at < wanted.length; at++) {
    const token = wanted[at] as number;
    if (token === ignored) continue;
    const from = at * size;
    let largest = -Infinity;
    for (let i = 0; i < size; i++) largest = Math.max(largest, logits[from + i] as number);
    let sum = 0;
    for (let i = 0; i < size; i++) sum += Math.exp((logits[from + i] as number) - largest);
    nats += largest + Math.log(sum) - (logits[from + token] as number);
    tokens++;
  }
  return { nats, tokens };
}
