import { crc32, deflateSync } from "node:zlib";

/** A PNG file (ISO 15948) of 8-bit samples, 1, 2 (grey and opacity), 3 or 4 channels, rows then columns then channels. */
export function png(width: number, channels: 1 | 2 | 3 | 4, samples: readonly number[]): Uint8Array {
  const row = width * channels, height = samples.length / row;
  const lines = Array.from({ length: height }, (_, r) => Buffer.from([0, ...samples.slice(r * row, (r + 1) * row)]));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, [0, 0, 4, 2, 6][channels] as number, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", header), chunk("IDAT", deflateSync(Buffer.concat(lines))), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4), check = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
