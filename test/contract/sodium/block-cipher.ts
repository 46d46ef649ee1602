/** AES in the counter mode of streambed. */
import * as assert from 'uvu/assert';
import { suite } from '../../support/suite.ts';
import { ascii, throwsCode } from '../host/harness.ts';
import { counting, fromHex, misaligned, type SodiumFactory, toHex } from './harness.ts';

/** NIST SP 800-38A, F.5.1 and F.5.5: four blocks, of which each is a call here, since it counts in the last bytes. */
const nist = {
  blocks: ['feff', 'ff00', 'ff01', 'ff02'].map((end) => `f0f1f2f3f4f5f6f7f8f9fafbfcfd${end}`),
  text: [
    '6bc1bee22e409f96e93d7e117393172a',
    'ae2d8a571e03ac9c9eb76fac45af8e51',
    '30c81c46a35ce411e5fbc1191a0a52ef',
    'f69f2445df4f9b17ad2b417be66c3710',
  ],
  sealed: {
    '2b7e151628aed2a6abf7158809cf4f3c': [
      '874d6191b620e3261bef6864990db6ce',
      '9806f66b7970fdff8617187bb9fffdff',
      '5ae4df3edbd5d35e5b4f09020db03eab',
      '1e031dda2fbe03d1792170a0f3009cee',
    ],
    '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4': [
      '601ec313775789a5b7a7f504bbf3d228',
      'f443e3ca4d62b59aca84e990cacaf5c5',
      '2b0930daa23de94ce87017ba2d84988d',
      'dfc9c58db67aada613c2dd08457941a6',
    ],
  },
};

export function blockCipherContract({ name, host }: SodiumFactory): void {
  const { aes } = host;
  const test = suite(`${name}: AES counter mode`);

  test('published vectors', () => {
    for (const [key, sealed] of Object.entries(nist.sealed)) {
      for (const [at, want] of sealed.entries()) {
        const [block, text] = [fromHex(nist.blocks[at] as string), fromHex(nist.text[at] as string)];
        assert.is(toHex(aes.ctr(fromHex(key), block, text)), want);
        assert.is(toHex(aes.ctr(misaligned(fromHex(key)), misaligned(block), misaligned(fromHex(want)))), toHex(text));
      }
    }
  });

  // streambed 0.13: a salt of zeros, the counter before it from 1.
  test("streambed's own vector", () => {
    const block = fromHex('00000001000000000000000000000000');
    const sealed = aes.ctr(new Uint8Array(16), block, ascii('The quick brown fox jumps over the lazy dog.'));
    assert.is(
      toHex(sealed),
      'bafc2e0f979c95ebeb6202ffc61631558b5b052e6b5d836a00b2cea50fc5aadd461c7ee09b333a0761a0796e',
    );
  });

  test('the counter is the first four bytes and carries through all of them', () => {
    const key = counting(32);
    for (const first of ['00000001', '000000ff', '0000ffff', '00ffffff', 'fffffffe']) {
      const block = fromHex(`${first}a1a2a3a4a5a6a7a8a9aaabff`);
      const text = counting(16 * 5 + 7);
      const parts: number[] = [];
      for (let at = 0; at < text.length; at += 16) {
        const own = block.slice();
        new DataView(own.buffer).setUint32(0, (Number.parseInt(first, 16) + at / 16) >>> 0, false);
        parts.push(...aes.ctr(key, own, text.subarray(at, at + 16)));
      }
      assert.equal([...aes.ctr(key, block, text)], parts, first);
      assert.equal(aes.ctr(key, block, aes.ctr(key, block, text)), text);
    }
    assert.is(aes.ctr(key, counting(16), new Uint8Array()).length, 0);
  });

  test('keys and blocks of another length are refused', () => {
    for (let length = 0; length < 40; length += 1) {
      if (length !== 16 && length !== 32)
        throwsCode(() => aes.ctr(counting(length), counting(16), counting(1)), 'EINVAL');
      if (length !== 16) throwsCode(() => aes.ctr(counting(16), counting(length), counting(1)), 'EINVAL');
    }
  });
}
