/** Training without a compiler behind it: gradients by the interpreter, updates from the papers, all in f64. */
import type { Model } from "../../compiler/check/model.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import type { Feed } from "../../runtime/feed.ts";

export interface HostStep {
  readonly loss: number;
  /** Before clipping. */
  readonly norm: number;
  readonly raw: ReadonlyMap<string, Float64Array>;
  /** Clipped, by path. */
  readonly gradients: ReadonlyMap<string, Float64Array>;
}

/** Loss and gradients of a recipe at these parameters. */
export class HostGradient {
  private readonly graph: Graph;
  private readonly clip: number;

  constructor(model: Model) {
    this.graph = differentiate(model.recipe!.loss.graph);
    this.clip = model.recipe!.clip ?? Number.POSITIVE_INFINITY;
  }

  at(parameters: ReadonlyMap<string, ArrayLike<number>>, { sizes, fields }: Pick<Feed, "sizes" | "fields">): HostStep {
    const states = Object.fromEntries([...parameters].map(([path, data]) => [`parameter/${path}`, data]));
    const { outputs } = interpret(this.graph, { sizes, inputs: fields as Record<string, ArrayLike<number>>, states, step: 1 });
    const raw = new Map(this.graph.outputs.flatMap(({ name, state }) => (state?.kind === "gradient" ? [[state.path, outputs[name]!.data] as const] : [])));
    const norm = Math.sqrt([...raw.values()].reduce((sum, data) => sum + data.reduce((part, value) => part + value * value, 0), 0));
    const scale = Math.min(1, this.clip / norm);
    return { loss: outputs["loss"]!.data[0]!, norm, raw, gradients: new Map([...raw].map(([path, data]) => [path, data.map((value) => value * scale)])) };
  }
}

export interface AdamSettings {
  readonly lr: (step: number) => number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** Decoupled (Loshchilov & Hutter 2019), for the paths that `decays` accepts. */
  readonly decay: number;
  readonly decays: (path: string) => boolean;
  /** What the learning rate of a path is multiplied with; 1 by default. */
  readonly rate?: (path: string, step: number) => number;
}

/** Kingma & Ba 2015, algorithm 1, with decoupled decay. */
export class HostAdam {
  readonly parameters: Map<string, Float64Array>;
  readonly m: Map<string, Float64Array>;
  readonly v: Map<string, Float64Array>;
  private readonly settings: AdamSettings;
  private step = 0;

  constructor(parameters: ReadonlyMap<string, ArrayLike<number>>, settings: AdamSettings) {
    const copy = (data: ArrayLike<number>): Float64Array => Float64Array.from(data);
    this.parameters = new Map([...parameters].map(([path, data]) => [path, copy(data)]));
    this.m = new Map([...parameters].map(([path, data]) => [path, new Float64Array(data.length)]));
    this.v = new Map([...parameters].map(([path, data]) => [path, new Float64Array(data.length)]));
    this.settings = settings;
  }

  /** Parameters without a gradient stay. */
  update(gradients: ReadonlyMap<string, Float64Array>): void {
    const { beta1, beta2, eps, decay, decays } = this.settings;
    const step = ++this.step;
    for (const [path, w] of this.parameters) {
      if (!gradients.has(path)) continue;
      const lr = this.settings.lr(step) * (this.settings.rate?.(path, step) ?? 1);
      const [g, m, v] = [gradients.get(path)!, this.m.get(path)!, this.v.get(path)!];
      for (let at = 0; at < w.length; at++) {
        m[at] = beta1 * m[at]! + (1 - beta1) * g[at]!;
        v[at] = beta2 * v[at]! + (1 - beta2) * g[at]! ** 2;
        const decayed = decays(path) ? w[at]! * (1 - lr * decay) : w[at]!;
        w[at] = decayed - (lr * (m[at]! / (1 - beta1 ** step))) / (Math.sqrt(v[at]! / (1 - beta2 ** step)) + eps);
      }
    }
  }
}
