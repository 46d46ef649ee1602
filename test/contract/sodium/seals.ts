/** What every cipher with a tag must do: XChaCha20-Poly1305, ChaCha20-Poly1305 and AES-GCM. */
import * as assert from 'uvu/assert';
import { suite } from '../../support/suite.ts';
import { ascii, throwsCode } from '../host/harness.ts';
import { counting, fromHex, misaligned, type SodiumFactory, toHex } from './harness.ts';

type Seal = (key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array) => Uint8Array;
type Open = (key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, associated: Uint8Array) => Uint8Array | null;

interface Cipher {
  readonly seal: Seal;
  readonly open: Open;
}

interface Vector {
  readonly key: string;
  readonly nonce: string;
  readonly text: string;
  readonly associated: string;
  readonly sealed: string;
}

/** "Ladies and Gentlemen of the class of '99", of RFC 8439 and the draft for XChaCha. */
const sunscreen = toHex(
  ascii(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  ),
);

/** draft-irtf-cfrg-xchacha-03, A.3.1. */
const xchacha: readonly Vector[] = [
  {
    key: toHex(counting(32, 0x80)),
    nonce: toHex(counting(24, 0x40)),
    text: sunscreen,
    associated: '50515253c0c1c2c3c4c5c6c7',
    sealed: `bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39
      ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9
      21f9664c97637da9768812f615c68b13b52e c0875924c1c7987947deafd8780acf49`,
  },
];

/** RFC 8439, 2.8.2. */
const chacha: readonly Vector[] = [
  {
    key: toHex(counting(32, 0x80)),
    nonce: '070000004041424344454647',
    text: sunscreen,
    associated: '50515253c0c1c2c3c4c5c6c7',
    sealed: `d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b
      1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc
      3ff4def08e4b7a9de576d26586cec64b6116 1ae10b594f09e26a7e902ecbd0600691`,
  },
];

const zeros = '00'.repeat(16);
const mcGrewKey = 'feffe9928665731c6d6a8f9467308308';
const mcGrewText = `d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525
  b16aedf5aa0de657ba637b39`;
const mcGrewRest = {
  nonce: 'cafebabefacedbaddecaf888',
  text: mcGrewText,
  associated: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
};

/** McGrew and Viega, The Galois/Counter Mode of Operation: test cases 1, 2, 4, 13, 14 and 16. */
const gcm: readonly Vector[] = [
  { key: zeros, nonce: zeros.slice(8), text: '', associated: '', sealed: '58e2fccefa7e3061367f1d57a4e7455a' },
  {
    key: zeros,
    nonce: zeros.slice(8),
    text: zeros,
    associated: '',
    sealed: '0388dace60b6a392f328c2b971b2fe78 ab6e47d42cec13bdf53a67b21257bddf',
  },
  {
    ...mcGrewRest,
    key: mcGrewKey,
    sealed: `42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05
      1ba30b396a0aac973d58e091 5bc94fbc3221a5db94fae95ae7121a47`,
  },
  { key: zeros + zeros, nonce: zeros.slice(8), text: '', associated: '', sealed: '530f8afbc74536b9a963b4f1c4cb738b' },
  {
    key: zeros + zeros,
    nonce: zeros.slice(8),
    text: zeros,
    associated: '',
    sealed: 'cea7403d4d606b6e074ec5d3baf39d18 d0d1c8a799996bf0265b98b5d48ab919',
  },
  {
    ...mcGrewRest,
    key: mcGrewKey + mcGrewKey,
    sealed: `522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838
      c5f61e6393ba7a0abcc9f662 76fc6ece0f4e1768cddf8853bb2d551b`,
  },
];

export function sealContract({ name, host }: SodiumFactory): void {
  const { aes } = host;
  checkCipher(`${name}: XChaCha20-Poly1305`, xchacha, { keys: [32], nonce: 24 }, async () => host.sodium());
  checkCipher(`${name}: ChaCha20-Poly1305`, chacha, { keys: [32], nonce: 12 }, async () => {
    const sodium = await host.sodium();
    return { seal: sodium.chachaSeal, open: sodium.chachaOpen };
  });
  checkCipher(`${name}: AES-GCM`, gcm, { keys: [16, 32], nonce: 12 }, async () => {
    return { seal: aes.gcmSeal, open: aes.gcmOpen };
  });
}

interface Lengths {
  readonly keys: readonly number[];
  readonly nonce: number;
}

function checkCipher(name: string, vectors: readonly Vector[], lengths: Lengths, load: () => Promise<Cipher>): void {
  const test = suite(name);

  test('published vectors', async () => {
    const { seal, open } = await load();
    for (const vector of vectors) {
      const [key, nonce, text, associated, sealed] = [
        fromHex(vector.key),
        fromHex(vector.nonce),
        fromHex(vector.text),
        fromHex(vector.associated),
        fromHex(vector.sealed),
      ];
      assert.is(toHex(seal(key, nonce, text, associated)), toHex(sealed));
      assert.is(toHex(open(key, nonce, sealed, associated) ?? ascii('refused')), toHex(text));
      const odd = [key, nonce, text, associated].map(misaligned) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
      assert.is(toHex(seal(...odd)), toHex(sealed));
      assert.is(toHex(open(odd[0], odd[1], misaligned(sealed), odd[3]) ?? ascii('refused')), toHex(text));
    }
  });

  test('what was sealed opens, whatever its length, and no argument is changed', async () => {
    const { seal, open } = await load();
    for (const keyBytes of lengths.keys) {
      for (const length of [0, 1, 15, 16, 17, 63, 64, 65, 127, 129, 1000, 70_001]) {
        const before = [counting(keyBytes), counting(lengths.nonce, 1), counting(length, 2), counting(length % 37, 3)];
        const [key, nonce, text, associated] = before.map((bytes) => bytes.slice()) as [
          Uint8Array,
          Uint8Array,
          Uint8Array,
          Uint8Array,
        ];
        const sealed = seal(key, nonce, text, associated);
        assert.is(sealed.length, length + 16);
        assert.equal(open(key, nonce, sealed, associated), text);
        assert.equal([key, nonce, text, associated], before);
      }
    }
  });

  test('one bit in any place, one byte less, one more: not authentic', async () => {
    const { seal, open } = await load();
    for (const keyBytes of lengths.keys) {
      const parts = [counting(keyBytes, 9), counting(lengths.nonce, 8), new Uint8Array(), counting(21, 7)];
      const [key, nonce, , associated] = parts as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
      const sealed = seal(key, nonce, counting(33), associated);
      parts[2] = sealed;
      for (const [place, part] of parts.entries()) {
        for (let bit = 0; bit < 8 * part.length; bit += 1) {
          const changed = part.slice();
          changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
          const [k, n, s, a] = parts.with(place, changed) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
          assert.is(open(k, n, s, a), null, `argument ${place}, bit ${bit}`);
        }
      }
      for (let length = 0; length < sealed.length; length += 1) {
        assert.is(open(key, nonce, sealed.subarray(0, length), associated), null, `${length} bytes of it`);
      }
      assert.is(open(key, nonce, Uint8Array.of(...sealed, 0), associated), null);
      assert.is(open(key, nonce, sealed, associated.subarray(1)), null);
      assert.equal(open(key, nonce, sealed, associated), counting(33));
    }
  });

  test('keys and nonces of another length are refused', async () => {
    const { seal, open } = await load();
    const [keyBytes = 0] = lengths.keys;
    const none = new Uint8Array();
    for (let length = 0; length < 70; length += 1) {
      const bytes = counting(length);
      if (!lengths.keys.includes(length)) {
        throwsCode(() => seal(bytes, counting(lengths.nonce), none, none), 'EINVAL');
        throwsCode(() => open(bytes, counting(lengths.nonce), counting(16), none), 'EINVAL');
        throwsCode(() => open(bytes, counting(lengths.nonce), none, none), 'EINVAL');
      }
      if (length === lengths.nonce) continue;
      throwsCode(() => seal(counting(keyBytes), bytes, none, none), 'EINVAL');
      throwsCode(() => open(counting(keyBytes), bytes, counting(16), none), 'EINVAL');
    }
  });
}
