/**
 * CRC-32 (ISO 3309, polynomial 0xEDB88320 reflected), as in zip and PNG: finds every error of up to 32 neighbouring bits. It guards
 * against accidents of disks and copies, not against somebody who changes a file on purpose; browsers have no synchronous SHA-256.
 * `crc` continues an earlier sum.
 */
export function crc32(bytes: Uint8Array, crc = 0): number {
  let rest = ~crc;
  for (let i = 0; i < bytes.length; i++) rest = (rest >>> 8) ^ (TABLE[(rest ^ (bytes[i] as number)) & 255] as number);
  return ~rest >>> 0;
}

/** As eight digits. */
export function crcText(sum: number): string {
  return sum.toString(16).padStart(8, "0");
}

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});
