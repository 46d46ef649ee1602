/** The contract of time, random numbers and byte work. */
import * as assert from 'uvu/assert';
import type { Bytes } from '../../../targets/host.ts';
import { suite } from '../../support/suite.ts';
import { ascii, asciiText, type HostFactory, throwsCode, withHost } from './harness.ts';

export function clockContract(factory: HostFactory): void {
  const test = withHost(suite(`${factory.name}: clock`), factory);

  test('soon comes after the promise jobs that are ready, in order', async ({ host: { clock } }) => {
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      clock.soon(() => seen.push('first'));
      clock.soon(() => {
        seen.push('second');
        resolve();
      });
      let jobs = Promise.resolve();
      for (let job = 0; job < 3; job += 1) jobs = jobs.then(() => void seen.push(`job ${job}`));
    });
    assert.equal(seen, ['job 0', 'job 1', 'job 2', 'first', 'second']);
  });

  test('a timer fires once, and not too early', async ({ host: { clock }, pass }) => {
    const lateness: number[] = [];
    const chain = (async () => {
      for (let round = 0; round < 40; round += 1) {
        // Begins at another fraction of a millisecond each time.
        for (let turn = 0; turn < 7 * round; turn += 1) await new Promise<void>((resolve) => clock.soon(resolve));
        const start = clock.monotonic();
        await new Promise<void>((resolve) => clock.timer(1 + (round % 3), resolve));
        lateness.push(clock.monotonic() - start - 1 - (round % 3));
      }
    })();
    await pass(200);
    await chain;
    assert.is(lateness.length, 40);
    assert.ok(Math.min(...lateness) >= 0, `${Math.min(...lateness)} ms`);
  });

  test('a cancelled timer does not fire', async ({ host: { clock }, pass }) => {
    clock.timer(1, () => assert.unreachable()).cancel();
    const late = clock.timer(1e12, () => assert.unreachable());
    await pass(5);
    late.cancel();
    late.cancel();
  });

  test('the clocks go on', async ({ host: { clock }, pass }) => {
    assert.ok(clock.now() > Date.UTC(2020));
    const start = clock.monotonic();
    await pass(2);
    assert.ok(clock.monotonic() > start);
  });
}

export function bytesContract(factory: HostFactory): void {
  const base = withHost(suite(`${factory.name}: bytes`), factory);
  const test = (title: string, body: (bytes: Bytes) => void): void => {
    base(title, async ({ host }) => body(host.bytes));
  };

  base('random bytes fill, and differ', async ({ host: { random } }) => {
    const bytes = new Uint8Array(100);
    random.fill(bytes.subarray(10, 90));
    assert.ok(bytes.subarray(0, 10).every((byte) => byte === 0));
    assert.ok(bytes.subarray(90).every((byte) => byte === 0));
    assert.ok(new Set(bytes.subarray(10, 90)).size > 40);
  });

  // The vectors of RFC 3720 B.4, "123456789", and what UBIFS leaves behind.
  test('crc32c has the published values', ({ crc32c }) => {
    const ascending = Uint8Array.from({ length: 32 }, (_, at) => at);
    const command = fromHex(
      '01c00000 00000000 00000000 00000000 14000000 00000400 00000014 00000018 28000000 00000000 02000000 00000000',
    );
    const vectors: [Uint8Array, number][] = [
      [ascii('123456789'), 0xe3069283],
      [new Uint8Array(32), 0x8a9136aa],
      [new Uint8Array(32).fill(0xff), 0x62a8ab43],
      [ascending, 0x46dd794e],
      [ascending.slice().reverse(), 0x113fdb5c],
      [command, 0xd9963a56],
      [new Uint8Array(6), 0x572a7c8a],
      [new Uint8Array(0), 0],
    ];
    for (const [bytes, crc] of vectors) assert.is(crc32c(bytes, 0, bytes.length).toString(16), crc.toString(16));
  });

  test('crc32c takes a range and goes on', ({ crc32c }) => {
    const bytes = Uint8Array.from({ length: 200 }, (_, at) => (at * 37) & 0xff);
    const bitwise = (start: number, end: number): number => {
      let crc = -1;
      for (let at = start; at < end; at += 1) {
        crc ^= bytes[at] as number;
        for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
      }
      return ~crc >>> 0;
    };
    for (let start = 0; start < 20; start += 1) {
      for (let end = start; end <= start + 40; end += 1) assert.is(crc32c(bytes, start, end), bitwise(start, end));
      assert.is(crc32c(bytes, start, 200, crc32c(bytes, 5, start + 5)), continued(start));
    }
    function continued(start: number): number {
      const joined = new Uint8Array([...bytes.subarray(5, start + 5), ...bytes.subarray(start)]);
      return crc32c(joined, 0, joined.length);
    }
    assert.is(crc32c(bytes.subarray(50), 3, 70), bitwise(53, 120));
  });

  test('UTF-8 goes both ways', ({ encodeUtf8, decodeUtf8 }) => {
    const texts = ['', 'a', 'ü€😀', '\0', '\ufeffmarked', '\uffff\u{10ffff}', 'x'.repeat(10_000), '道'.repeat(5000)];
    for (const text of texts) assert.is(decodeUtf8(encodeUtf8(text)), text);
    assert.equal([...encodeUtf8('ü€😀')], [0xc3, 0xbc, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80]);
    assert.equal([...encodeUtf8('a\ud800b')], [0x61, 0xef, 0xbf, 0xbd, 0x62]);
    assert.is(encodeUtf8('a').constructor, Uint8Array);
    assert.is(decodeUtf8(ascii('abcdef'), 2, 4), 'cd');
    assert.is(decodeUtf8(ascii('abcdef').subarray(1), 2), 'def');
    assert.is(decodeUtf8(ascii('abc'), 3, 3), '');
  });

  test('what is not UTF-8 is refused', ({ decodeUtf8 }) => {
    const bad = ['80', 'c3', 'c328', 'c080', 'e0809f', 'eda080', 'f08080af', 'f4908080', 'f8888080 80', 'ff', '61c3'];
    for (const hex of bad) throwsCode(() => decodeUtf8(fromHex(hex)), 'EILSEQ');
    throwsCode(() => decodeUtf8(fromHex('61c3bc'), 0, 2), 'EILSEQ');
    assert.is(decodeUtf8(fromHex('61c3bcc3'), 1, 3), 'ü');
  });

  // RFC 4648, section 10.
  test('base64 goes both ways', ({ encodeBase64, decodeBase64 }) => {
    const vectors = {
      '': '',
      f: 'Zg==',
      fo: 'Zm8=',
      foo: 'Zm9v',
      foob: 'Zm9vYg==',
      fooba: 'Zm9vYmE=',
      foobar: 'Zm9vYmFy',
    };
    for (const [text, encoded] of Object.entries(vectors)) {
      assert.is(encodeBase64(ascii(text)), encoded);
      assert.is(asciiText(decodeBase64(encoded)), text);
    }
    assert.is(encodeBase64(fromHex('fbff')), '+/8=');
    assert.is(encodeBase64(ascii('xfoox').subarray(1, 4)), 'Zm9v');
    assert.is(decodeBase64('Zg==').constructor, Uint8Array);
    const all = Uint8Array.from({ length: 1000 }, (_, at) => at & 0xff);
    assert.equal(decodeBase64(encodeBase64(all)), all);
  });

  test('base64 is strict', ({ decodeBase64 }) => {
    const bad = [
      'Z',
      'Zg',
      'Zg=',
      'Zh==',
      'Zm9=',
      'Zg==Zg==',
      'Zm9v\n',
      ' Zm9v',
      'Zm 9v',
      '-_8=',
      'Zm9v=',
      '====',
      '=',
      'Zg===',
    ];
    for (const text of [...bad, 'Zm9vYmFé', 'Zm9vYmF\u{1f600}']) throwsCode(() => decodeBase64(text), 'EILSEQ');
  });

  test('compare follows unsigned bytes, a prefix first', ({ compare }) => {
    const ordered = ['', '\0', '\0\0', 'a', 'ab', 'b', '\x7f', '\x80', '\xff', '\xff\0'].map(ascii);
    for (const [i, a] of ordered.entries()) {
      for (const [j, b] of ordered.entries()) assert.is(Math.sign(compare(a, b)), Math.sign(i - j), `${i} and ${j}`);
    }
  });
}

function fromHex(hex: string): Uint8Array {
  const digits = hex.replaceAll(' ', '');
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) =>
    Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16),
  );
}
