/** Parameters of more elements than a device binds at once: the optimizer goes over them in parts, and the result is the same. */
import { expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import type { Program } from "../../runtime/index.ts";
import { draws } from "../../runtime/random/philox.ts";
import { createSession } from "../../runtime/create-session.ts";
import { ENTRIES, REPORT } from "../../runtime/training/report.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel, relativeError } from "../support/reference.ts";

const SOURCE = `model Net(d = 30, ff = 100, classes = 3) {
  up = Linear(d, ff); out = Linear(ff, classes)

  forward(x: [B, d]) -> [B, classes] = out(gelu(up(x)))
}

train free {
  data  = images("digits", side: 1, channels: 30, classes: 3)
  model = Net()
  loss(image, label) {
    x[b,i] = image[b,0,0,i]
    return cross_entropy(model(x), label)
  }
  optimizer = AdamW(lr: 0.05, decay: 0.1)
  undecayed = "*.bias"; average = 0.9; batch = 4; steps = 30; seed = 3
}
train clipped like free {
  clip = 0.01
}
`;

const STEPS = 5;
/** Of 3,403 parameters. */
const LONGEST = 1024;

function program(recipe: string, longestRange?: number): Program {
  return compile(checkedModel("net.tfm", SOURCE, { recipe }), { profile: { kind: "cpu" }, training: true, entries: [], ...(longestRange === undefined ? {} : { longestRange }) }).program;
}

/** What training leaves: the report of the last step, and all states by name and path. */
async function trained(made: Program) {
  const session = await createSession(made, { device: await gpuDevice(), bounds: { B: 4 }, seed: 3, debug: true });
  let report = new Float32Array();
  for (let step = 1; step <= STEPS; step++) {
    const random = draws(5, step);
    const fields = { image: Float32Array.from({ length: 120 }, () => random.normal()), label: Int32Array.from({ length: 4 }, () => random.below(3)) };
    report = Float32Array.from(await session.runWithReport([{ entries: [ENTRIES.grad, ENTRIES.update], feed: { sizes: { B: 4 }, fields, step } }]));
  }
  const states = await session.readStates(["parameter", "optimizer", "average"]);
  session.dispose();
  return { report, states: new Map(states.map(({ state, path, data }) => [`${state} ${path}`, data])) };
}

/** Elements of states that an entry binds at once. */
function bound({ entries }: Program, name: string): readonly number[] {
  return entries.find((entry) => entry.name === name)!.steps.flatMap(({ bindings }) => bindings.flatMap((ref) => (ref.kind === "state" ? [ref.length] : [])));
}

describeGpu("parameters longer than a binding", () => {
  it("are bound in parts", () => {
    expect(Math.max(...bound(program("clipped"), ENTRIES.update))).toBeGreaterThan(3000);
    expect(Math.max(...bound(program("clipped", LONGEST), ENTRIES.update))).toBe(LONGEST);
  });

  it("are trained to the same bits", async () => {
    const [whole, parts] = [await trained(program("free")), await trained(program("free", LONGEST))];
    expect([...whole.states.keys()].filter((key) => key.endsWith(" up.weight"))).toHaveLength(4);
    expect(parts.states).toEqual(whole.states);
  });

  it("are clipped by the norm of all", async () => {
    const [whole, parts] = [await trained(program("clipped")), await trained(program("clipped", LONGEST))];
    expect(whole.report[REPORT.gradNorm]).toBeGreaterThan(0.01);
    expect(relativeError([parts.report[REPORT.gradNorm]!], [whole.report[REPORT.gradNorm]!], 0)).toBeLessThan(1e-6);
    for (const [key, data] of whole.states) expect(relativeError(parts.states.get(key)!, Float64Array.from(data), 0.01), key).toBeLessThan(2e-6);
  });
});
