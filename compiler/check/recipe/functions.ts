/** The functions of a recipe, lowered: their arguments are fields of the data. */
import type { Method } from "../../../grammar/ast.ts";
import { fitted } from "../arguments.ts";
import type { dataOf } from "../data.ts";
import { learnable } from "../../ir/flow.ts";
import { finishEntry, inputTensor } from "../entry.ts";
import * as errors from "../errors.ts";
import type { Entry } from "../model.ts";
import { nearest } from "../../../grammar/suggest.ts";
import { POISON } from "../value.ts";
import type { Context } from "../world.ts";
import { Run } from "../run.ts";
import type { Settings } from "./settings.ts";

export class Functions {
  /** Paths of the parameters and states that were used so far. */
  readonly reached = new Set<string>();
  private readonly settings: Settings;
  private readonly data: ReturnType<typeof dataOf>;
  /** Whether the last one depended on `training`. */
  private askedTraining = false;

  constructor(settings: Settings, data: ReturnType<typeof dataOf>) {
    this.settings = settings;
    this.data = data;
  }

  private loss(): Entry | undefined {
    const method = this.settings.functions.get("loss");
    if (!method) this.settings.missing("loss");
    const loss = method && this.entry(method, true);
    const [output, second] = loss?.outputs ?? [];
    if (loss && output && method && (second || output.shape.length > 0 || output.type !== "f32")) this.settings.world.report(errors.lossNotScalar(method.name.span, loss.outputs));
    else if (loss && method && !isLearned(loss)) this.settings.world.report(errors.lossNotLearned(method.name.span, readsParameters(loss)));
    return loss;
  }

  /** The loss and, with `training` false, the same to measure with. */
  losses(): { readonly loss: Entry; readonly validationLoss: Entry } | undefined {
    const loss = this.loss();
    const method = this.settings.functions.get("loss");
    if (!loss || !method) return undefined;
    const validationLoss = this.askedTraining ? this.entry(method, false) : loss;
    return validationLoss && { loss, validationLoss: changingNothing(validationLoss) };
  }

  metrics(): readonly Entry[] {
    return [...this.settings.functions.values()].filter((method) => method.name.text !== "loss").flatMap((method) => this.metric(method) ?? []).map(changingNothing);
  }

  private metric(method: Method): Entry | undefined {
    const made = this.entry(method, false);
    const results = made?.outputs.length ?? 1;
    if (results > 1) this.settings.world.report(errors.metricSeveral(method.name.span, method.name.text, results));
    return made;
  }

  private entry(method: Method, training: boolean): Entry | undefined {
    const { data } = this;
    if (!data) return undefined;
    const run = new Run(method.name.text, { training });
    const context = this.settings.context(run, new Map(data.sizes));
    const inputs = method.params.map((param) => {
      const field = data.fields.find(({ input }) => input.name === param.name.text);
      if (!field) {
        const names = data.fields.map(({ input }) => input.name);
        context.world.report(errors.unknownField(param.name.span, param.name.text, data.spec.source, nearest(param.name.text, names), names));
        context.frame.vars.set(param.name.text, POISON);
        return undefined;
      }
      const tensor = inputTensor(field.input, field.sizes, context);
      // The field is of the data's type, which one that is written has to fit.
      const fits = param.type === undefined || fitted(param, tensor, context);
      context.frame.vars.set(param.name.text, fits ? tensor : POISON);
      return field.input;
    });
    const active: Context = { ...context, frame: { ...context.frame, fields: new Set(data.fields.map(({ input }) => input.name)), call: method.name.text, active: [{ what: method, self: undefined }] }, naming: method.name.text };
    const entry = finishEntry(method, inputs.filter((input) => input !== undefined), active);
    for (const path of [...run.reached, ...run.written.keys()]) this.reached.add(path);
    this.askedTraining = run.askedTraining;
    return inputs.includes(undefined) ? undefined : entry;
  }
}

/** Whether a gradient of its first output reaches a parameter. */
function isLearned({ graph }: Entry): boolean {
  const [output] = graph.outputs;
  return output === undefined || learnable(graph).has(output.value);
}

function readsParameters({ graph }: Entry): boolean {
  return graph.values.some((value) => value.kind === "state" && value.state.kind === "parameter");
}

/** To measure with: what layers keep stays as it is. */
function changingNothing(entry: Entry): Entry {
  return { ...entry, graph: { ...entry.graph, outputs: entry.graph.outputs.filter(({ state }) => state === undefined) } };
}
