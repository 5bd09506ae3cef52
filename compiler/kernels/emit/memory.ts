/**
 * The bindings of a kernel and how they are declared. A storage range is an array of vec4 when some access loads or stores
 * four aligned elements and none stores a single one; which of the two holds is only known at the end, so a kernel is
 * emitted twice: first to collect the demands, then with the declarations they lead to.
 */
import type { ScalarType, ValueId } from "../../ir/graph.ts";
import type { Dim } from "../../dim.ts";
import type { KernelBinding } from "../kernel.ts";

interface Slot {
  /** `b3`: counted in the order of first access. */
  readonly name: string;
  readonly binding: KernelBinding;
  readonly type: "f32" | "i32";
  read: boolean;
  written: boolean;
  wide: boolean;
  narrowStore: boolean;
}

export type Widths = ReadonlyMap<string, 1 | 4>;

/** Whether the second emission differs from the first. */
export function hasWide(widths: Widths): boolean {
  return [...widths.values()].includes(4);
}

export class Memory {
  /** Whether four neighbouring elements had to be loaded one by one. */
  scattered = false;
  private readonly slots = new Map<string, Slot>();
  private readonly widths: Widths | undefined;

  constructor(widths?: Widths) {
    this.widths = widths;
  }

  /** `wide`: four aligned elements at once. Returns the variable's name and whether it is an array of vec4. */
  access(value: ValueId, type: ScalarType, use: "read" | "write", wide: boolean): { name: string; vec4: boolean } {
    const key = `v${value}`;
    const slot = this.slot(key, { kind: "value", value, access: "read" }, type === "f32" ? "f32" : "i32");
    if (use === "read") slot.read = true;
    else slot.written = true;
    if (wide) slot.wide = true;
    else if (use === "write") slot.narrowStore = true;
    return { name: slot.name, vec4: this.widths?.get(key) === 4 };
  }

  indexList(input: ValueId, rows: Dim): string {
    const key = `l${input}`;
    return this.slot(key, { kind: "index-list", input, rows }, "i32").name;
  }

  /** What the second emission shall declare. */
  demands(): Widths {
    return new Map([...this.slots].map(([key, slot]) => [key, slot.wide && !slot.narrowStore ? 4 : 1]));
  }

  bindings(): KernelBinding[] {
    return [...this.slots.values()].map(({ binding, read, written }) =>
      binding.kind === "index-list" ? binding : { ...binding, access: written ? (read ? "update" : "write") : "read" },
    );
  }

  declarations(): string {
    return [...this.slots]
      .map(([key, { name, type }], at) => {
        const element = this.widths?.get(key) === 4 ? `vec4<${type}>` : type;
        return `@group(0) @binding(${at + 1}) var<storage, read_write> ${name}: array<${element}>;`;
      })
      .join("\n");
  }

  private slot(key: string, binding: KernelBinding, type: "f32" | "i32"): Slot {
    const known = this.slots.get(key);
    if (known) return known;
    const slot: Slot = { name: `b${this.slots.size + 1}`, binding, type, read: false, written: false, wide: false, narrowStore: false };
    this.slots.set(key, slot);
    return slot;
  }
}
