import { deflateSync } from "node:zlib";
import { crc32 } from "../../runtime/training/crc32.ts";

/** A picture in greys as a PNG: one byte for each dot, row by row (PNG, third edition, §5 and §11.2). */
export function greyPng(width: number, height: number, dots: Uint8Array): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  // Each row begins with the number of its filter: 0, none.
  const rows = Buffer.concat(Array.from({ length: height }, (_, row) => Buffer.concat([Buffer.of(0), dots.subarray(row * width, (row + 1) * width)])));
  return Buffer.concat([Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
