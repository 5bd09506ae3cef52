import { expect, it } from "vitest";
import { add, constant, type Dim, evaluate, multiply, named, print, quotient, scale, subtract } from "../../compiler/dim.ts";
import { most } from "../../compiler/plan/room.ts";

const [S, T] = [named("S"), named("T")];
const over = (round: "floor" | "ceil", size: Dim, by: number): Dim => quotient(round, size, constant(by));

it.each([
  [subtract(T, constant(1)), "T - 1"],
  [multiply(T, over("ceil", T, 8)), "T*ceil(T/8)"],
  [subtract(constant(6), T), "6"],
  [subtract(multiply(S, T), S), "S*T"],
  [subtract(T, over("floor", T, 3)), "ceil(2*T/3)"],
  [subtract(T, over("ceil", scale(T, 3), 4)), "floor(T/4)"],
  [over("floor", subtract(constant(9), T), 2), "4"],
  [quotient("floor", T, S), "T"],
  [subtract(constant(2), over("floor", subtract(constant(4), T), 3)), "ceil((T + 2)/3)"],
  [add(constant(3), scale(multiply(S, over("floor", subtract(T, constant(5)), 2)), -1)), "S*ceil(T/2) + 5*S + 3"],
  [add(constant(30), multiply(S, over("floor", subtract(T, constant(5)), 2))), "S*ceil(T/2) + 30"],
])("%# never needs more room than it is given", (size, wanted) => {
  const room = most(size);
  expect(print(room)).toBe(wanted);
  for (let s = 1; s <= 7; s++)
    for (let t = 0; t <= 13; t++)
      for (const [below, under] of [[s, t], [1, 0], [s, 0], [1, t]] as const) expect(evaluate(room, { S: s, T: t })).toBeGreaterThanOrEqual(evaluate(size, { S: below, T: under }));
});
