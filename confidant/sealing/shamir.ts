/**
 * Shamir's secret sharing as Vault has it: byte by byte over GF(256) with AES's polynomial, a share is the values of all
 * bytes and then the point, 1 to 255. Own code: the libraries there are want a global `crypto`, and look up secret bytes
 * in tables, which takes a time that depends on them.
 */
import type { Random } from '../../targets/host.ts';

/** Any `threshold` of the shares give the secret back, fewer say nothing. 2 <= threshold <= count <= 255. */
export function splitSecret(random: Random, secret: Uint8Array, count: number, threshold: number): Uint8Array[] {
  // Also the highest coefficient may be 0: else fewer shares would exclude some secrets.
  const coefficients = Array.from({ length: threshold - 1 }, () => {
    const drawn = new Uint8Array(secret.length);
    random.fill(drawn);
    return drawn;
  });
  const shares = Array.from({ length: count }, (_, index) => {
    const point = index + 1;
    const share = new Uint8Array(secret.length + 1);
    for (let at = 0; at < secret.length; at += 1) {
      let value = 0;
      for (const drawn of coefficients) value = multiply(value ^ (drawn[at] ?? 0), point);
      share[at] = value ^ (secret[at] ?? 0);
    }
    share[secret.length] = point;
    return share;
  });
  for (const drawn of coefficients) drawn.fill(0);
  return shares;
}

/** The secret, or null when the shares are not of one length or two have the same point. Wrong ones give another. */
export function combineShares(shares: readonly Uint8Array[]): Uint8Array | null {
  const lengthBytes = (shares[0]?.length ?? 0) - 1;
  const points = shares.map((share) => share.at(-1) ?? 0);
  if (lengthBytes < 1 || new Set(points).size < points.length) return null;
  if (shares.some((share) => share.length !== lengthBytes + 1)) return null;
  const secret = new Uint8Array(lengthBytes);
  for (const [index, share] of shares.entries()) {
    const weight = weightAtZero(points, index);
    for (let at = 0; at < lengthBytes; at += 1) secret[at] = (secret[at] ?? 0) ^ multiply(share[at] ?? 0, weight);
  }
  return secret;
}

/** Lagrange's basis polynomial of one point, at 0. */
function weightAtZero(points: readonly number[], index: number): number {
  const own = points[index] ?? 0;
  return points.reduce((weight, other, i) => {
    return i === index ? weight : multiply(weight, multiply(other, inverse(own ^ other)));
  }, 1);
}

/** Always the same steps, whatever the factors are. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit += 1) {
    product ^= -((b >> bit) & 1) & a;
    a = (a << 1) ^ (-(a >> 7) & 0x11b);
  }
  return product;
}

/** The 254th power; of 0 it is 0. */
function inverse(a: number): number {
  let power = a;
  for (let step = 0; step < 6; step += 1) power = multiply(multiply(power, power), a);
  return multiply(power, power);
}
