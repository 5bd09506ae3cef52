/** The ways of decoding behind one name, as a recipe's `generate` chooses between them. */
import { beam } from "./beam.ts";
import type { BeamWidth } from "./beam.ts";
import type { ExtendOptions } from "./extend.ts";
import { greedy } from "./greedy.ts";
import type { DecodeRequest, NextLogits } from "./next-logits.ts";
import { sample } from "./sample.ts";
import type { Sampling } from "./sample.ts";

export type Decoding = { readonly method: "greedy" } | ({ readonly method: "beam" } & BeamWidth) | ({ readonly method: "sample" } & Sampling);

/** Those of a `generate` that says nothing of them. */
const DEFAULT_BEAM: BeamWidth = { width: 4, lengthPenalty: 0.6 };

/** A method with options by the names that recipes use: `width`, `length_penalty`, `temperature`, `top_k`, `top_p`, `seed`. */
export function decodingOf(method: Decoding["method"], options: Readonly<Record<string, number>>): Decoding {
  const { width = DEFAULT_BEAM.width, length_penalty: lengthPenalty = DEFAULT_BEAM.lengthPenalty, temperature, top_k: topK, top_p: topP, seed } = options;
  switch (method) {
    case "greedy":
      return { method };
    case "beam":
      return { method, width, lengthPenalty };
    case "sample":
      return {
        method,
        ...(temperature === undefined ? {} : { temperature }),
        ...(topK === undefined ? {} : { topK }),
        ...(topP === undefined ? {} : { topP }),
        ...(seed === undefined ? {} : { seed }),
      };
    default:
      return method satisfies never;
  }
}

/** The new ids of each request, without its prefix and without `end`. `onId` is not called where ids can still change: by beam search. */
export async function decode(model: NextLogits, requests: readonly DecodeRequest[], decoding: Decoding, options: ExtendOptions): Promise<readonly (readonly number[])[]> {
  switch (decoding.method) {
    case "greedy":
      return greedy(model, requests, options);
    case "beam": {
      const answers = (await beam(model, requests, decoding, options)).map(([best]) => best?.ids ?? []);
      answers.forEach((ids, request) => options.onEnd?.(request, ids));
      return answers;
    }
    case "sample":
      return sample(model, requests, decoding, options);
    default:
      return decoding satisfies never;
  }
}
