import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { findField, LineError } from '../../confidant/cli/payload/json-field.ts';
import { authenticatedCipher, streambedCipher } from '../../confidant/cli/payload/payload-cipher.ts';
import { suite } from '../support/suite.ts';
import { base64, fromBase64, fromHex, hex, utf8 } from '../support/text.ts';
import { ConfidantSession, outOf } from './confidant-session.ts';

const test = suite('confidant encrypt and decrypt');

const PATH = '--path=default/my-secret';
const encrypt = ['encrypt', '--file', '-', PATH];
const decrypt = ['decrypt', '--file', '-', PATH];
const TEXT = 'The quick brown fox jumps over the lazy dog.';
/** Of streambed-rs: key and salt are zeros. */
const SEALED = 'bafc2e0f979c95ebeb6202ffc61631558b5b052e6b5d836a00b2cea50fc5aadd461c7ee09b333a0761a0796e';

test('a pipe of records comes back to the byte, keys of 64 bits and all', async () => {
  const session = new ConfidantSession();
  const lines = [
    '{"topic":"t","headers":[],"timestamp":null,"key":18446744073709551615,"value":"SGkgdGhlcmU=","partition":0}',
    ' {\t"n" : 1.50e+3, "deep": {"value": "x", "a": [{"value": 1}]}, "value" : "" , "\\u0041": "\\"value\\":"} \r',
    '',
    '{"value":null,"key":9007199254740993}',
    '{"\\u0076alue":"AA=="}',
  ];
  const text = `${lines.join('\n')}\n`;
  const sealed = outOf(await session.keyed(encrypt, { input: [text.slice(0, 50), text.slice(50)] }));
  const without = (shown: string, sealedAs: RegExp) => shown.replaceAll(sealedAs, '""');
  assert.is(without(sealed, /"U0JQ[^"]*"/g), without(text, /"(SGkgdGhlcmU=|AA==)"/g));
  assert.not.ok(sealed.includes('SGkgdGhlcmU='));
  assert.is(outOf(await session.keyed(decrypt, { input: [sealed] })), text);
  const key = outOf(await session.keyed(['get', 'default/my-secret', '-field=value']));
  assert.match(key, /^[\da-f]{32}$/);
  const again = outOf(await session.keyed(encrypt, { input: [text] }));
  assert.is.not(again, sealed);
  assert.is(outOf(await session.keyed(['get', 'default/my-secret', '-field=value'])), key);
});

test('other fields, files, a bound on lines', async () => {
  const session = new ConfidantSession();
  const lines = Array.from({ length: 3000 }, (_, i) => `{"value":"plain","data":"${base64(`line ${i}`)}","i":${i}}\n`);
  session.write('/in', lines.join(''));
  const flags = [PATH, '--select', 'data', '--max-line-len', '150'];
  assert.is(outOf(await session.keyed(['encrypt', '--file=/in', '--output=/sealed', ...flags])), '');
  assert.is(outOf(await session.keyed(['decrypt', '--file=/sealed', ...flags])), lines.join(''));
  const short = await session.keyed(['decrypt', '--file=/sealed', ...flags, '--max-line-len=60']);
  assert.equal(short, {
    code: 1,
    out: '',
    err: 'confidant: line 1: longer than 60 bytes, see --max-line-len\n',
  });
});

test('a wrong line is named, those above it are written, none is dropped, nothing of it is told', async () => {
  const session = new ConfidantSession();
  const good = '{"value":"aHVudGVyMg=="}\n';
  const sealed = outOf(await session.keyed(encrypt, { input: [good] }));
  const wrong: readonly (readonly [string, string])[] = [
    ['{"value":"aHVudGVyMg=', 'is not JSON'],
    ['hunter2', 'is not JSON'],
    ['["hunter2"]', 'is no JSON object'],
    ['{"valuE":"hunter2"}', 'has no field value'],
    ['{"deep":{"value":"hunter2"}}', 'has no field value'],
    ['{"value":7}', 'field value is no string'],
    ['{"value":"hunter2!"}', 'field value is not base64 of the standard alphabet, padded'],
    ['{"value":"AAAA","value":"aHVudGVyMg=="}', 'has two fields value'],
  ];
  for (const [line, what] of wrong) {
    const ran = await session.keyed(encrypt, { input: [`${good}${line}\n${good}`] });
    assert.is(ran.err, `confidant: line 2: ${what}\n`, line);
    assert.is(ran.code, 1);
    assert.is(ran.out.split('\n').length, 2);
  }
  const cut = sealed.replace('AWh', 'AXh');
  for (const line of [good, cut === sealed ? sealed.replace(/(.)"}/, (_, c) => `${c === '=' ? 'A' : '='}"}`) : cut]) {
    const ran = await session.keyed(decrypt, { input: [sealed, line, sealed] });
    assert.is(ran.code, 1);
    assert.is(ran.out, good);
    assert.match(ran.err, /^confidant: line 2: field value /);
  }
});

test('every byte of a sealed value counts, and every length', async () => {
  const { host } = new ConfidantSession();
  const cipher = authenticatedCipher(host, await host.sodium(), new Uint8Array(16).fill(7));
  const sealed = cipher.seal(utf8(TEXT));
  assert.equal(cipher.open(sealed), utf8(TEXT));
  for (let at = 0; at < sealed.length; at += 1) {
    const flipped = sealed.slice();
    flipped[at] = flipped[at]! ^ 1;
    assert.is(cipher.open(flipped), null, `byte ${at}`);
    assert.is(cipher.open(sealed.slice(0, at)), null, `cut at ${at}`);
  }
  const other = authenticatedCipher(host, await host.sodium(), new Uint8Array(16).fill(8));
  assert.is(other.open(sealed), null);
});

test('a sealed value of version 1 opens for ever', async () => {
  const { host } = new ConfidantSession();
  const cipher = authenticatedCipher(
    host,
    await host.sodium(),
    Uint8Array.from({ length: 16 }, (_, i) => i),
  );
  assert.is(hex(cipher.open(fromHex(GOLDEN)) ?? new Uint8Array(0)), hex(utf8(TEXT)));
});

const GOLDEN =
  '53425001000102030405060708090a0b0c0d0e0f101112131415161777f26736b3d0e3d0417e40162a18580c79251ba18889e822286421d1868298e78d143501c9063b3a5ad45313e4b5ef26307eb67c1dbab3f3bef15e10';

test("streambed's own format: its vector, both ways, and told apart by the flag alone", async () => {
  const session = new ConfidantSession();
  const { bytes, aes } = session.host;
  const zeros = { fill: (into: Uint8Array) => void into.fill(0) };
  const cipher = streambedCipher({ bytes, aes, random: zeros }, new Uint8Array(16));
  assert.is(hex(cipher.seal(utf8(TEXT))), '00'.repeat(12) + SEALED);
  outOf(await session.keyed(['put', 'default/my-secret', `value=${'00'.repeat(16)}`]));
  const line = `{"value":"${bytes.encodeBase64(fromHex('00'.repeat(12) + SEALED))}"}\n`;
  const plain = `{"value":"${base64(TEXT)}"}\n`;
  assert.is(outOf(await session.keyed([...decrypt, '--cipher=streambed'], { input: [line] })), plain);
  const sealed = outOf(await session.keyed([...encrypt, '-cipher', 'streambed'], { input: [plain] }));
  assert.is(bytes.decodeBase64(JSON.parse(sealed).value).length, 12 + TEXT.length);
  assert.is(outOf(await session.keyed([...decrypt, '--cipher=streambed'], { input: [sealed] })), plain);
  assert.is((await session.keyed(decrypt, { input: [sealed] })).code, 1);
  const short = await session.keyed([...decrypt, '--cipher=streambed'], { input: ['{"value":"AAAA"}\n'] });
  assert.is(short.code, 1);
});

test('the key: absent, deleted, or none', async () => {
  const session = new ConfidantSession();
  outOf(await session.keyed(['put', 'other', 'x=1']));
  const absent = await session.keyed(decrypt, { input: ['{"value":""}\n'] });
  assert.equal(absent, { code: 2, out: '', err: 'confidant: secret/data/default/my-secret: no such secret\n' });
  assert.is((await session.keyed(decrypt)).code, 2, 'also without lines');
  for (const field of ['value=hunter2', 'other=1', `value=${'0'.repeat(33)}`]) {
    outOf(await session.keyed(['put', 'default/my-secret', field]));
    const ran = await session.keyed(encrypt, { input: ['{"value":""}\n'] });
    const want = 'default/my-secret: is no key: its field value must hold 32 hex characters';
    assert.equal(ran, { code: 1, out: '', err: `confidant: ${want}\n` });
  }
  outOf(await session.keyed(['delete', 'default/my-secret']));
  assert.is((await session.keyed(encrypt, { input: ['{"value":""}\n'] })).code, 2);
});

test('a pipe of several shares the store: it is open only until the key was read', async () => {
  const session = new ConfidantSession();
  const seen: (string | null)[] = [];
  const probe = () => {
    const lock = session.host.files.lock('/data/service.lock');
    lock.release();
    seen.push('free');
  };
  outOf(await session.keyed(encrypt, { input: ['{"value":"AA=="}\n'], written: probe }));
  assert.equal(seen, ['free']);
});

test('nobody reads any more: done; interrupted: 130', async () => {
  const session = new ConfidantSession();
  const line = '{"value":"AA=="}\n';
  const gone = await session.keyed(encrypt, { input: [line, line], writesUntilBroken: 1 });
  assert.equal([gone.code, gone.err], [0, '']);
  const interrupt = new AbortController();
  const ran = await session.keyed(encrypt, { input: [line, line], interrupt, written: () => interrupt.abort() });
  assert.equal([ran.code, ran.err, ran.out.split('\n').length], [130, '', 2]);
});

const names = fc.oneof(fc.constantFrom('value', 'constructor', '__proto__', 'toJSON', '', '"', '\\'), fc.string());
const spaces = fc.constantFrom(undefined, 1, '\t', ' ');

test('property: the field of any object is found, and nothing else is touched', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(names, fc.jsonValue())),
      names,
      fc.string(),
      spaces,
      (entries, name, value, space) => {
        const others = entries.filter(([other]) => other !== name);
        const half = Math.floor(others.length / 2);
        const object = new Map([...others.slice(0, half), [name, value] as const, ...others.slice(half)]);
        const text = JSON.stringify(Object.fromEntries(object), null, space);
        const found = findField(text, name);
        assert.is(found.value, value);
        assert.is(text.slice(found.start, found.end), JSON.stringify(value));
        const changed = `${text.slice(0, found.start)}"new"${text.slice(found.end)}`;
        const want = JSON.stringify(
          Object.fromEntries([...object].map(([k, v]) => [k, k === name ? 'new' : v])),
          null,
          space,
        );
        assert.is(changed, want);
      },
    ),
  );
});

test('property: no text makes it throw anything but that the line is wrong', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((text) => text.slice(0, -1)),
    fc.json().map((text) => `{"value":${text}}`),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        const { start, end } = findField(text, 'value');
        JSON.parse(text.slice(start, end));
      } catch (error) {
        assert.instance(error, LineError);
      }
    }),
  );
});

test('property: what was sealed opens, whatever it is', async () => {
  const session = new ConfidantSession();
  const values = fc.array(fc.oneof(fc.uint8Array(), fc.string().map(utf8)), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(values, names, fc.constantFrom('aead', 'streambed'), async (all, name, cipher) => {
      const { bytes } = session.host;
      const text = all.map((value) => `${JSON.stringify(Object.fromEntries([[name, bytes.encodeBase64(value)]]))}\n`);
      const flags = [`--select=${name}`, `--cipher=${cipher}`];
      const sealed = outOf(await session.keyed([...encrypt, ...flags], { input: text }));
      assert.is(outOf(await session.keyed([...decrypt, ...flags], { input: [sealed] })), text.join(''));
    }),
    { numRuns: 20 },
  );
  assert.is(fromBase64(base64(TEXT)), TEXT);
});
