import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { crc32c, masked, openEvents, record, scalarEvent, versionEvent } from "../../src/report/tensorboard.ts";

describe("crc32c", () => {
  // RFC 3720, appendix B.4, whose checksums stand there with the low byte first.
  it.each([
    ["32 bytes of 0", new Uint8Array(32), 0x8a9136aa],
    ["32 bytes of 255", new Uint8Array(32).fill(255), 0x62a8ab43],
    ["0 to 31", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ["31 to 0", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ])("of %s", (_, data, expected) => {
    expect(crc32c(data)).toBe(expected);
  });

  it("of the digits, the check value of the polynomial's catalogue entry", () => {
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  });

  it("is masked by a rotation and a constant", () => {
    // 0x00008000 rotated right by 15 is 1.
    expect(masked(0x8000)).toBe(0xa282ead9);
    expect(masked(0)).toBe(0xa282ead8);
    // 0x5d7d1528 + ... wraps at 32 bits: 0xffffffff rotated is itself, and adding it takes one away.
    expect(masked(0xffffffff)).toBe(0xa282ead7);
  });
});

const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");

describe("events", () => {
  it("are the bytes that Protocol Buffers ask for", () => {
    // 1: f64 1.0; 3: 13 bytes "brain.Event:2".
    expect(hex(versionEvent(1))).toBe(`09${"000000000000f03f"}1a0d${Buffer.from("brain.Event:2").toString("hex")}`);
    // 1: f64 2.0; 2: varint 300 = ac 02; 5: 10 bytes { 1: 8 bytes { 1: "a"; 2: f32 0.5 } }.
    expect(hex(scalarEvent({ time: 2, step: 300, scalars: [["a", 0.5]] }))).toBe("090000000000000040" + "10ac02" + "2a0a" + "0a08" + "0a0161" + "150000003f");
  });

  it("count steps above 2^31", () => {
    expect(hex(scalarEvent({ time: 0, step: 2 ** 32, scalars: [] }))).toBe("090000000000000000" + "108080808010" + "2a00");
  });

  it("are framed by their length and two checksums", () => {
    const framed = record(Uint8Array.of(1, 2, 3));
    expect(framed).toHaveLength(8 + 4 + 3 + 4);
    expect(hex(framed.subarray(0, 8))).toBe("0300000000000000");
    expect(hex(framed.subarray(12, 15))).toBe("010203");
  });

  it("of a run's rows are read back", () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "tfm-events-"));
    try {
      const write = openEvents(folder);
      write({ step: 10, loss: 2.5, learning_rate: 0.25, grad_norm: 1, tokens_per_second: 1200, ms: 8 });
      write({ step: 20, eval_bleu: 61.5 });
      const [file = ""] = readdirSync(folder);
      expect(file).toMatch(/^events\.out\.tfevents\.\d+\./);
      const [version, training, evaluation, ...others] = decoded(readFileSync(path.join(folder, file)));
      expect(others).toEqual([]);
      expect(version?.version).toBe("brain.Event:2");
      expect(Math.abs((version?.time ?? 0) - Date.now() / 1000)).toBeLessThan(60);
      expect(training).toMatchObject({ step: 10, scalars: { "train/loss": 2.5, "train/learning_rate": 0.25, "train/grad_norm": 1, "train/tokens_per_second": 1200, "train/ms": 8 } });
      expect(evaluation).toMatchObject({ step: 20, scalars: { "eval/bleu": 61.5 } });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

interface Decoded {
  time: number;
  step: number;
  version: string;
  scalars: Record<string, number>;
}

/** Reads records and events by the formats' definitions, checksums included. */
function decoded(file: Buffer): readonly Decoded[] {
  const events: Decoded[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    expect(file.readUInt32LE(at + 8)).toBe(masked(crc32c(file.subarray(at, at + 8))));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(file.readUInt32LE(at + 12 + length)).toBe(masked(crc32c(data)));
    const event: Decoded = { time: 0, step: 0, version: "", scalars: {} };
    for (const [number, content] of fields(data)) {
      if (number === 1) event.time = (content as Buffer).readDoubleLE();
      if (number === 2) event.step = content as number;
      if (number === 3) event.version = String(content);
      if (number !== 5) continue;
      for (const [, value] of fields(content as Buffer)) {
        const parts = new Map(fields(value as Buffer));
        event.scalars[String(parts.get(1))] = (parts.get(2) as Buffer).readFloatLE();
      }
    }
    events.push(event);
    at += 16 + length;
  }
  return events;
}

function fields(data: Buffer): readonly (readonly [number, number | Buffer])[] {
  const found: (readonly [number, number | Buffer])[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = data[at++] as number;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Buffer => data.subarray(at, (at += length));
  while (at < data.length) {
    const key = varint();
    const wire = key & 7;
    found.push([key >> 3, wire === 0 ? varint() : take(wire === 1 ? 8 : wire === 5 ? 4 : varint())]);
  }
  return found;
}
