import { expect, it } from "vitest";
import { progress } from "../../src/progress.ts";

function recorded(isTTY: boolean, columns = 80) {
  const clock = { time: 0 };
  const written: string[] = [];
  const stream = { isTTY, columns, write: (text: string) => written.push(text) };
  return { clock, written, shown: progress(stream, { now: () => clock.time, redrawEvery: 100, lineEvery: 10_000 }) };
}

const ERASE = "\r\u001b[2K";

it("redraws one line on a terminal, at most every 100 ms, and ends with the last", () => {
  const { clock, written, shown } = recorded(true);
  for (const [time, line] of [[0, "step 1"], [50, "step 2"], [100, "step 3"], [120, "step 4"]] as const) {
    clock.time = time;
    shown.update(line);
  }
  expect(written).toEqual([`${ERASE}step 1`, `${ERASE}step 3`]);
  shown.finish();
  expect(written.slice(2)).toEqual([`${ERASE}step 4`, "\n"]);
  shown.finish();
  expect(written.length).toBe(4);
});

it("keeps the redrawn line on one row, of 80 characters where the terminal does not know its width", () => {
  const { written, shown } = recorded(true, 10);
  shown.update("123456789012345");
  expect(written).toEqual([`${ERASE}123456789`]);
  const unknown = recorded(true, 0);
  unknown.shown.update("x".repeat(100));
  expect(unknown.written).toEqual([`${ERASE}${"x".repeat(79)}`]);
});

it("puts a note above the redrawn line", () => {
  const { written, shown } = recorded(true);
  shown.update("step 1");
  shown.note("saved");
  expect(written.join("")).toBe(`${ERASE}step 1${ERASE}saved\n${ERASE}step 1`);
});

it("writes few plain lines where there is no terminal, and never loses the last", () => {
  const { clock, written, shown } = recorded(false);
  for (let step = 1; step <= 25; step++) {
    clock.time = step * 1000;
    shown.update(`step ${step}`);
  }
  shown.note("saved");
  shown.finish();
  expect(written).toEqual(["step 1\n", "step 11\n", "step 21\n", "saved\n", "step 25\n"]);
});

it("says nothing when quiet", () => {
  const written: string[] = [];
  const shown = progress({ isTTY: true, write: (text) => written.push(text) }, { quiet: true });
  shown.update("a");
  shown.note("b");
  shown.finish();
  expect(written).toEqual([]);
});
