/** What the interpreter asks for random numbers: each site that draws has a stream of its own, the same at every step. */
import type { Bindings } from "../../compiler/ir/interpret.ts";
import { draws } from "../../runtime/random/philox.ts";

export function drawn(seed: number): NonNullable<Bindings["uniform"]> {
  const streams = new Map<number, { readonly random: ReturnType<typeof draws>; readonly values: number[] }>();
  return (site, _step, _micro, index) => {
    const { random, values } = streams.get(site) ?? { random: draws(seed, site % 2 ** 20), values: [] };
    streams.set(site, { random, values });
    while (values.length <= index) values.push(random.uniform());
    return values[index]!;
  };
}
