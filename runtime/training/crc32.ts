/**
 * CRC-32 (ISO 3309, polynomial 0xEDB88320 reflected), as in zip and PNG: finds every error of up to 32 neighbouring bits. It guards
 * against accidents of disks and copies, not against somebody who changes a file on purpose; browsers have no synchronous SHA-256.
 * `crc` continues an earlier sum. Four bytes at a time (Kounavis and Berry 2005, "slicing"), as a model has hundreds of megabytes.
 */
export function crc32(bytes: Uint8Array, crc = 0): number {
  let rest = ~crc, at = 0;
  for (; at + 3 < bytes.length; at += 4) {
    rest ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    rest = BEHIND_3[rest & 255]! ^ BEHIND_2[(rest >>> 8) & 255]! ^ BEHIND_1[(rest >>> 16) & 255]! ^ TABLE[rest >>> 24]!;
  }
  for (; at < bytes.length; at++) rest = (rest >>> 8) ^ TABLE[(rest ^ bytes[at]!) & 255]!;
  return ~rest >>> 0;
}

/** As eight digits. */
export function crcText(sum: number): string {
  return sum.toString(16).padStart(8, "0");
}

/** What a byte adds to the sum. */
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

/** The same of a byte that so many zeros follow. */
const BEHIND_1 = TABLE.map(followed);
const BEHIND_2 = BEHIND_1.map(followed);
const BEHIND_3 = BEHIND_2.map(followed);

function followed(rest: number): number {
  return (rest >>> 8) ^ TABLE[rest & 255]!;
}
