/** BLAKE2b, HMAC, and the two small ones: comparison and wiping. */
import * as assert from 'uvu/assert';
import type { HmacHash } from '../../../targets/host.ts';
import { suite } from '../../support/suite.ts';
import { ascii, throwsCode } from '../host/harness.ts';
import { counting, fromHex, misaligned, type SodiumFactory, toHex } from './harness.ts';

/** The BLAKE2 authors' known answers for BLAKE2b with the key 00 to 3f. */
const keyed: Readonly<Record<string, string>> = {
  '': `10ebb67700b1868efb4417987acf4690ae9d972fb7a590c2f02871799aaa4786
    b5e996e8f0f4eb981fc214b005f42d2ff4233499391653df7aefcbc13fc51568`,
  '00': `961f6dd1e4dd30f63901690c512e78e4b45e4742ed197c3c5e45c549fd25f2e4
    187b0bc9fe30492b16b0d0bc4ef9b0f34c7003fac09a5ef1532e69430234cebd`,
};

interface HmacVector {
  readonly key: Uint8Array;
  readonly message: Uint8Array;
  readonly want: Readonly<Partial<Record<HmacHash, string>>>;
}

/** RFC 4231, test cases 1, 2 and 6, and streambed's own. */
const hmacs: readonly HmacVector[] = [
  {
    key: new Uint8Array(20).fill(0x0b),
    message: ascii('Hi There'),
    want: {
      'sha2-256': 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
      'sha2-512': `87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde
        daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854`,
    },
  },
  {
    key: ascii('Jefe'),
    message: ascii('what do ya want for nothing?'),
    want: {
      'sha2-256': '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      'sha2-512': `164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554
        9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737`,
    },
  },
  {
    key: new Uint8Array(131).fill(0xaa),
    message: ascii('Test Using Larger Than Block-Size Key - Hash Key First'),
    want: {
      'sha2-256': '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
      'sha2-512': `80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352
        6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598`,
    },
  },
  {
    key: ascii('changeme'),
    message: ascii('The quick brown fox jumps over the lazy dog.'),
    want: { 'sha2-256': 'ed31e94c161aea6ff2300c72b17741f71b616463f294dac0542324bbdbf8a2de' },
  },
];

export function hashContract({ name, host }: SodiumFactory): void {
  const test = suite(`${name}: hashes`);

  test('BLAKE2b: published vectors', async () => {
    const { blake2b } = await host.sodium();
    // RFC 7693, appendix A.
    assert.is(
      toHex(blake2b(ascii('abc'), 64)),
      'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1' +
        '7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923',
    );
    for (const [message, want] of Object.entries(keyed)) {
      assert.is(toHex(blake2b(fromHex(message), 64, counting(64))), toHex(fromHex(want)));
    }
  });

  // RFC 7693, appendix E: every length and every key of it, in one digest.
  test('BLAKE2b: the self-test of the RFC', async () => {
    const { blake2b } = await host.sodium();
    const digests: number[] = [];
    for (const lengthBytes of [20, 32, 48, 64]) {
      for (const messageBytes of [0, 3, 128, 129, 255, 1024]) {
        const message = misaligned(fibonacciBytes(messageBytes));
        digests.push(...blake2b(message, lengthBytes));
        digests.push(...blake2b(message, lengthBytes, misaligned(fibonacciBytes(lengthBytes))));
      }
    }
    assert.is(
      toHex(blake2b(Uint8Array.from(digests), 32)),
      'c23a7800d98123bd10f506c61e29da5603d763b8bbad2e737f5e765a7bccd475',
    );
  });

  test('BLAKE2b: what is too short, too long or no number is refused', async () => {
    const { blake2b } = await host.sodium();
    for (const length of [-1, 0, 15, 65, 1.5, NaN, Infinity, 2 ** 32 + 32]) {
      throwsCode(() => blake2b(ascii('abc'), length), 'EINVAL');
    }
    for (const keyBytes of [0, 1, 15, 65]) throwsCode(() => blake2b(ascii('abc'), 32, counting(keyBytes)), 'EINVAL');
  });

  test('HMAC: published vectors', async () => {
    const { hmac } = await host.sodium();
    for (const { key, message, want } of hmacs) {
      for (const [hash, digest] of Object.entries(want)) {
        assert.is(toHex(hmac(hash as HmacHash, key, message)), toHex(fromHex(digest)));
        assert.is(toHex(hmac(hash as HmacHash, misaligned(key), misaligned(message))), toHex(fromHex(digest)));
      }
    }
    // Both empty, as many have published it.
    assert.is(
      toHex(hmac('sha2-256', new Uint8Array(), new Uint8Array())),
      'b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad',
    );
    for (const hash of ['sha2-1', '', 'toString']) {
      throwsCode(() => hmac(hash as HmacHash, ascii('key'), ascii('message')), 'EINVAL');
    }
  });

  test('equal compares all bytes and the length', async () => {
    const { equal } = await host.sodium();
    assert.ok(equal(new Uint8Array(), new Uint8Array()));
    assert.ok(equal(counting(300), misaligned(counting(300))));
    for (let bit = 0; bit < 8 * 33; bit += 1) {
      const other = counting(33);
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.not(equal(counting(33), other), `bit ${bit}`);
    }
    assert.not(equal(counting(33), counting(32)));
    assert.not(equal(counting(32), counting(33)));
    assert.not(equal(new Uint8Array(), counting(1)));
  });

  test('wipe takes what it is given and nothing beside it', async () => {
    const { wipe } = await host.sodium();
    const bytes = counting(40, 1);
    wipe(bytes.subarray(5, 30));
    wipe(bytes.subarray(0, 0));
    assert.equal(bytes, counting(40, 1).fill(0, 5, 30));
  });
}

function fibonacciBytes(length: number): Uint8Array {
  let [a, b] = [Math.imul(0xdead4bad, length), 1];
  return Uint8Array.from({ length }, () => {
    [a, b] = [b, (a + b) | 0];
    return b >>> 24;
  });
}
