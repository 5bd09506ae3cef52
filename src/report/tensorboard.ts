/**
 * TensorBoard's event files: records of TensorFlow's TFRecord form, each an `Event` of tensorboard/compat/proto/event.proto. Of both only
 * what scalars need.
 */
import { appendFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { LogRow } from "../../runtime/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";

export interface ScalarEvent {
  /** Seconds since 1970. */
  readonly time: number;
  readonly step: number;
  readonly scalars: readonly (readonly [tag: string, value: number])[];
}

/** Where rows of a log go, in a file of its own in the folder; TensorBoard joins those of one run. */
export function openEvents(folder: string): (row: LogRow) => void {
  const now = (): number => Date.now() / 1000;
  const file = path.join(folder, `events.out.tfevents.${Math.floor(now())}.${os.hostname()}.${process.pid}`);
  append(file, record(versionEvent(now())));
  return (row) => append(file, record(scalarEvent({ time: now(), step: row.step, scalars: scalarsOf(row) })));
}

/** `train/loss`, `eval/bleu`: TensorBoard groups curves by what stands before the slash. */
export function scalarsOf(row: LogRow): ScalarEvent["scalars"] {
  return Object.entries(row).flatMap(([name, value]) =>
    name === "step" || typeof value !== "number" ? [] : [[name.startsWith("eval_") ? `eval/${name.slice("eval_".length)}` : `train/${name}`, value] as const],
  );
}

/** The data with their length and the checksums of both. */
export function record(data: Uint8Array): Uint8Array {
  const framed = new Uint8Array(data.length + 16);
  const view = new DataView(framed.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(framed.subarray(0, 8))), true);
  framed.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return framed;
}

/** An Event with `wall_time = 1` and `file_version = 3`: the first of every file. */
export function versionEvent(time: number): Uint8Array {
  return joined(double(1, time), bytes(3, utf8("brain.Event:2")));
}

/** An Event with `wall_time = 1`, `step = 2` and `summary = 5`, whose values (1) have `tag = 1` and `simple_value = 2`. */
export function scalarEvent({ time, step, scalars }: ScalarEvent): Uint8Array {
  const summary = joined(...scalars.map(([tag, value]) => bytes(1, joined(bytes(1, utf8(tag)), float(2, value)))));
  return joined(double(1, time), field(2, 0), varint(step), bytes(5, summary));
}

/** CRC-32C (Castagnoli), as in RFC 3720. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** TFRecord's mask: a checksum of data that hold checksums would be weak. */
export function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const field = (number: number, wire: 0 | 1 | 2 | 5): Uint8Array => Uint8Array.of((number << 3) | wire);
const bytes = (number: number, content: Uint8Array): Uint8Array => joined(field(number, 2), varint(content.length), content);
const double = (number: number, value: number): Uint8Array => joined(field(number, 1), fixed(8, (view) => view.setFloat64(0, value, true)));
const float = (number: number, value: number): Uint8Array => joined(field(number, 5), fixed(4, (view) => view.setFloat32(0, value, true)));

function fixed(length: number, set: (view: DataView) => void): Uint8Array {
  const made = new Uint8Array(length);
  set(new DataView(made.buffer));
  return made;
}

/** Seven bits a byte, the low ones first; of a whole number that is not negative. */
function varint(value: number): Uint8Array {
  const made: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) made.push((rest % 128) | 128);
  return Uint8Array.from([...made, rest]);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function append(file: string, data: Uint8Array): void {
  try {
    appendFileSync(file, data);
  } catch (error) {
    throw new CommandFailure({ code: "file-not-writable", exit: exitCodes.wrong, message: `${file} could not be written: ${error instanceof Error ? error.message : String(error)}`, remedy: "a run goes on from its last checkpoint with --resume" });
  }
}
