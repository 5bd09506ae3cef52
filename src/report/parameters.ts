import { elementCount } from "../../runtime/size.ts";

/** The parameters of a model as a tree of its layers, in which equal layers of a stack are one. */

export interface NamedShape {
  /** Dotted. */
  readonly path: string;
  readonly shape: readonly number[];
}

export interface ParameterTree {
  /** "attend", or "0 … 5" for six layers that differ in nothing but their values. */
  readonly name: string;
  /** Of the first, where several are one. */
  readonly path: string;
  /** How many it stands for. */
  readonly times: number;
  /** Of a parameter; absent for a layer. */
  readonly shape?: readonly number[];
  readonly children: readonly ParameterTree[];
  /** Elements of one of them. */
  readonly elements: number;
}

/** The children keep the order in which the parameters were made. */
export function parameterTree(parameters: readonly NamedShape[]): ParameterTree {
  return branch("", "", parameters.map(({ path, shape }) => ({ rest: path.split("."), shape })));
}

interface Leaf {
  readonly rest: readonly string[];
  readonly shape: readonly number[];
}

function branch(name: string, path: string, leaves: readonly Leaf[]): ParameterTree {
  const groups = new Map<string, Leaf[]>();
  for (const { rest: [first = "", ...rest], shape } of leaves) groups.set(first, [...(groups.get(first) ?? []), { rest, shape }]);
  const children = [...groups].map(([own, group]): ParameterTree => {
    const place = path === "" ? own : `${path}.${own}`;
    const [only] = group;
    if (only === undefined || only.rest.length > 0) return branch(own, place, group);
    return { name: own, path: place, times: 1, shape: only.shape, children: [], elements: elementCount(only.shape) };
  });
  return { name, path, times: 1, children: folded(children), elements: children.reduce((sum, { elements }) => sum + elements, 0) };
}

/** Neighbours with numbers for names and the same content become one. */
function folded(children: readonly ParameterTree[]): readonly ParameterTree[] {
  const kept: ParameterTree[] = [];
  for (const child of children) {
    const before = kept.at(-1);
    const alike = before !== undefined && isNumber(child.name) && isNumber(before.name.split(" ")[0] ?? "") && content(before) === content(child);
    if (alike) kept[kept.length - 1] = { ...before, name: `${before.name.split(" ")[0]} … ${child.name}`, times: before.times + 1 };
    else kept.push(child);
  }
  return kept;
}

const isNumber = (name: string): boolean => /^\d+$/.test(name);

function content({ children, shape }: ParameterTree): string {
  return JSON.stringify([shape ?? null, ...children.map((child) => [child.name, child.times, content(child)])]);
}
