/** 32 bits of the UTF-16 code units, low byte first (Fowler, Noll & Vo). */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    for (const byte of unit < 256 ? [unit] : [unit & 255, unit >> 8]) hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}
