/** `weights huggingface { … }`: under which names, and with which axes, the files of another program have the model's parameters. */
import type { Assign, Decl, Item, Slots, Target } from "../../grammar/ast.ts";
import type { WeightName, WeightNames } from "../../runtime/training/weight-names.ts";
import * as errors from "./errors.ts";
import { unknownMember } from "./names.ts";
import type { InstanceVal, Val } from "./value.ts";
import { kindOf } from "./value.ts";
import { linesAt } from "./weight-values.ts";
import type { Place } from "./weight-values.ts";
import type { World } from "./world.ts";

/** The blocks of a model that is built. A parameter that its hyperparameters leave out is left out here. */
export function weightBlocks(root: InstanceVal, world: World): readonly WeightNames[] {
  return root.decl.body.items.flatMap((item) => (item.kind === "decl" && item.category === "weights" ? [blockOf(item, root, world)] : []));
}

function blockOf(block: Decl, root: InstanceVal, world: World): WeightNames {
  const parameters: WeightName[] = [];
  const named = new Set<string>();
  for (const item of block.body.items) {
    if (item.kind === "lost") continue;
    if (item.kind !== "assign" || item.targets.length !== 1 || item.values.length !== 1) {
      world.report(errors.weightsLine(item.span));
      continue;
    }
    parameters.push(...linesOf(item, named, root, world));
  }
  return { name: block.name.text, parameters };
}

/** One for each layer that the left side stands for, and for each tensor that it is read from; none after an error. */
function linesOf(item: Assign, named: Set<string>, root: InstanceVal, world: World): readonly WeightName[] {
  const [target, value] = [item.targets[0]!, item.values[0]!];
  const lines: WeightName[] = [];
  for (const place of placesOf(target, root, world)) {
    const own = linesAt(place, value, root, world);
    if (own === undefined) return [];
    const { path } = place.param;
    if (named.has(path)) {
      world.report(errors.namedTwice(item.span, path));
      return [];
    }
    named.add(path);
    lines.push(...own);
  }
  return lines;
}

function placesOf({ name, steps, span }: Target, root: InstanceVal, world: World): readonly Place[] {
  const found: Place[] = [];
  const walk = (value: Val, at: number, layers: ReadonlyMap<string, number>): void => {
    const step = steps[at];
    if (value.kind === "none" || value.kind === "poison") return;
    if (value.kind === "param" && value.state !== "optimizer" && (step === undefined || (step.kind === "slots" && at + 1 === steps.length))) {
      found.push({ param: value, layers, axes: step });
    } else if (value.kind === "instance" && step?.kind === "member") {
      const member = value.members.get(step.name.text);
      if (member) walk(member, at + 1, layers);
      else if (!mayHave(value, step.name.text)) unknownMember(step.name, value.title, heldBy(value), world);
    } else if (value.kind === "stack" && step?.kind === "slots") {
      const items = layersOf(value.items, step, world);
      const again = items.find(([, , index]) => index !== undefined && layers.has(index));
      if (again) world.report(errors.weightsIndex(step.span, again[2]!, "a layer of an outer stack and for one of an inner"));
      else for (const [number, item, index] of items) walk(item, at + 1, index === undefined ? layers : new Map([...layers, [index, number]]));
    } else world.report(errors.weightsPath(span, value.kind === "stack" ? "stack" : kindOf(value)));
  };
  const first = root.members.get(name.text);
  if (first) walk(first, 0, new Map());
  else if (!mayHave(root, name.text)) unknownMember(name, root.title, heldBy(root), world);
  return found;
}

/** The names of what has weights. */
function heldBy({ members }: InstanceVal): readonly string[] {
  return [...members].flatMap(([name, { kind }]) => (kind === "param" || kind === "instance" || kind === "stack" ? [name] : []));
}

/** Whether other hyperparameters would give it such a parameter or layer. */
function mayHave({ decl }: InstanceVal, name: string): boolean {
  const among = (items: readonly Item[]): boolean => items.some((item) => {
    if (item.kind === "param" || item.kind === "state") return item.name.text === name;
    if (item.kind === "assign") return item.targets.some((target) => target.name.text === name);
    if (item.kind === "for") return among(item.body.items);
    return item.kind === "if" && (among(item.then.items) || (item.otherwise !== undefined && among(item.otherwise.kind === "if" ? [item.otherwise] : item.otherwise.items)));
  });
  return among(decl.body.items);
}

/** `blocks[l]` is all of them, `blocks[0]` the first. */
function layersOf(items: readonly InstanceVal[], slots: Slots, world: World): readonly (readonly [number: number, item: InstanceVal, index: string | undefined])[] {
  const [slot] = slots.items;
  if (slots.items.length === 1 && slot?.kind === "name") return items.map((item, number) => [number, item, slot.text] as const);
  const item = slots.items.length === 1 && slot?.kind === "number" ? items[Number(slot.text)] : undefined;
  if (item !== undefined && slot?.kind === "number") return [[Number(slot.text), item, undefined]];
  world.report(errors.stackItem(slots.span, items.length));
  return [];
}
