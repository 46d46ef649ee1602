/** Shamir's secret sharing, as Vault has it. */
import * as assert from 'uvu/assert';
import { combineShares, splitSecret } from '../../../confidant/sealing/shamir.ts';
import { random } from '../../support/platform.ts';
import { suite } from '../../support/suite.ts';
import { fromHex, hex } from '../../support/text.ts';

const test = suite('Shamir');

const SECRET = fromHex('01264b7095badf00ff4e7398bde2072c51769bc0e50a2f54799ec3e80d32577c');

/** By the threshold. Made by `Split` of hashicorp/vault v1.0.0, shamir/shamir.go; the last by shamir-secret-sharing 0.0.4. */
const VECTORS: readonly (readonly [what: string, threshold: number, shares: readonly string[]])[] = [
  [
    'Vault, 2 of 2',
    2,
    [
      'e46dd9aee8c6acd3306e63ab3f8ba709fae3bc59e79128e21cc6192c32a2aacc74',
      'da178a910e4f6671ca21c9ffc660cf8e76a6e5ee39f83e5905a78132942f6b0ea8',
    ],
  ],
  [
    'Vault, 3 of 5',
    3,
    [
      '034da9e9469dedafb31d300ef38cd58bb17fa1dc3f33baf7b70d5c0f5ee6bf27dc',
      'e8c567eed9c00718f26d1756012e520d5de78839da2c09d7a7683a2e20c9b937f5',
      'd1488998078e9a2b424c9f1e4ec5cb4d4ffac2eba894adc5e044442a2f9d6f9afa',
      '0e6c73813d8c253469c701cedf03c4c93191df77307c1f9b8babe72dfe733f98a9',
      '2c76f521b57dbe1bcb2998916848b500c01ed4de389d53b3c01012cb9302e3e879',
    ],
  ],
  [
    'Vault, 7 of 255',
    7,
    [
      '791de769e77e73fc0ca9d6dce52d0a2083515eece006ea0e6db047105ac3ebd26d',
      '49a35551feaba2b8aa34c11d8ead7984a3eef294b14597b53e9439246f5119af20',
      'd176d3d14e308679025d9fd49cf6b6ff420878faaf858d852ae6b6357988cca586',
      '3488b5a99677035fb3a93c3bc582b244a92ee8aebce13bc722985b7cdaf0025afb',
      '316f6a12a30e0ebc567fa8ccba06aceea7ad68a68afc716ff251d3672f6dbf2f79',
      '5cb54cc59213c927b90e1485690b2bc581e14263f20584481e7d869ee5e796aab8',
      '329191d946cff6f1dffaf622de6d9a9c8d7f65c8fced16bbcdc9195cc984bf5470',
    ],
  ],
  [
    'shamir-secret-sharing, 3 of 4',
    3,
    [
      'cbfb6ace4f6c18803729cf7e0b64ddae3c43fb7e9c10d255a941a6ee5a60739069',
      '994de11a1092431f69bbd5e54e82216e639d359b6540b6cdcb19bd2f2b47627f4b',
      '15d54ddeb3cbadf4570c6619dd6ca8c78eaa790f86cc0cc9e81ee4012a91783e2b',
      '71270a3a7e348454efd701e423a098519e4d1244c6468c44f93a9e0e696bd23655',
    ],
  ],
];

function choose<T>(from: readonly T[], count: number): T[][] {
  if (count === 0) return [[]];
  return from.flatMap((first, i) => choose(from.slice(i + 1), count - 1).map((rest) => [first, ...rest]));
}

for (const [what, threshold, encoded] of VECTORS) {
  test(`any ${threshold} shares are enough, fewer are not: ${what}`, () => {
    const shares = encoded.map(fromHex);
    for (const some of [...choose(shares, threshold), shares, [...shares].reverse()]) {
      assert.is(hex(combineShares(some) ?? new Uint8Array(0)), hex(SECRET));
    }
    for (const few of choose(shares, threshold - 1)) assert.is.not(hex(combineShares(few) ?? SECRET), hex(SECRET));
  });
}

test('what is split is combined', () => {
  for (const [count, threshold] of [
    [2, 2],
    [3, 2],
    [5, 3],
    [9, 9],
    [255, 4],
    [30, 30],
  ] as const) {
    const secret = new Uint8Array(32);
    random.fill(secret);
    const shares = splitSecret(random, secret, count, threshold);
    assert.equal(
      shares.map((share) => [share.length, share[32]]),
      shares.map((_, i) => [33, i + 1]),
    );
    const start = Math.min(2, count - threshold);
    assert.equal(combineShares(shares.slice(start, start + threshold)), secret);
    assert.equal(combineShares(shares.slice(-Math.max(threshold, 9))), secret);
    assert.not.equal(combineShares(shares.slice(0, threshold - 1)), secret);
  }
});

test('one share less says nothing: every value of a byte is as likely', () => {
  const secret = Uint8Array.of(0x5a);
  const seen = new Set<number>();
  for (let round = 0; round < 6000; round += 1) seen.add(splitSecret(random, secret, 2, 2)[0]?.[0] ?? -1);
  assert.is(seen.size, 256, 'the secret itself and any other byte'); // Missing one has a chance of 256 * e^-23.
});

test('the product is that of the field', () => {
  // By Vault's own test of its field, 3 * 7 = 9; through a share: f(x) = 0 + 7x at the point 3.
  const drawn = { fill: (into: Uint8Array): void => void into.fill(7) };
  assert.is(splitSecret(drawn, Uint8Array.of(0), 3, 2)[2]?.[0], 9);
});

test('shares that do not go together', () => {
  const shares = splitSecret(random, SECRET, 3, 2);
  const [first = SECRET, second = SECRET] = shares;
  assert.is(combineShares([]), null);
  assert.is(combineShares([first, first]), null);
  assert.is(combineShares([first, second.subarray(1)]), null);
  assert.is(combineShares([first.subarray(32), second.subarray(32)]), null);
});
