/** Unsigned 64-bit little-endian integers that fit a JavaScript number (below 2^53). */

const HIGH = 0x1_0000_0000;

/** A value above 2^53-1 comes out inexact and is refused by whoever checks it for plausibility. */
export function getU64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * HIGH + view.getUint32(at, true);
}

export function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % HIGH, true);
  view.setUint32(at + 4, Math.floor(value / HIGH), true);
}
