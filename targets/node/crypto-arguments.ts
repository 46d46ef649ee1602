/** What the members of the port that do cryptography refuse: everything but bytes and numbers in the range they name. */
import { hostError } from './host-error.ts';

/** `lengths` are the only ones that are allowed. */
export function demandLength(name: string, bytes: Uint8Array, ...lengths: readonly number[]): void {
  if (!lengths.includes(bytes.length)) {
    throw hostError('EINVAL', `${name}: ${bytes.length} bytes, want ${lengths.join(' or ')}`);
  }
}

export function demandRange(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw hostError('EINVAL', `${name}: ${value}, want ${least} to ${most}`);
  }
}

/** Node's buffers are views of a pool: the port gives arrays of their own. */
export function ownBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
