/** Numbers in the JSON of Vault clients are kept as they are, or refused. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { inexactNumber } from '../../confidant/wire/exact-numbers.ts';
import { vaultApp } from '../../http-api/vault-app.ts';
import { TestServer } from '../confidant/support/server.ts';
import { bytes, random } from '../support/platform.ts';
import { some } from '../support/share.ts';
import { suite } from '../support/suite.ts';
import { utf8 } from '../support/text.ts';

const test = suite('numbers of Vault clients');

async function asking(): Promise<(method: string, path: string, body?: string) => Promise<Response>> {
  const server = await TestServer.start();
  if (server.store === null) throw new Error('no store');
  const report = (line: string): void => void server.reports.push(line);
  const app = vaultApp({
    server: server.store,
    bytes,
    random,
    bodyBytes: 99_999,
    urlLength: 2000,
    report,
  });
  await server.write('sys/mounts/kv1', { type: 'kv' });
  await server.write('sys/mounts/transit', { type: 'transit' });
  return async (method, path, body) => {
    const content = body === undefined ? {} : { body: utf8(body) };
    const headers = { 'x-vault-token': server.rootToken, 'content-type': 'application/merge-patch+json' };
    return app.request(`http://edge.example:8200/v1/${path}`, { method, headers, ...content });
  };
}

test('a number that would be changed is refused on every path, named, and nothing is written', async () => {
  const ask = await asking();
  await ask('POST', 'secret/data/a', '{"data":{"x":1}}');
  const paths = ['POST secret/data/a', 'PATCH secret/data/a', 'POST kv1/a', 'POST cubbyhole/a', 'POST transit/keys/a'];
  for (const number of ['12345678901234567890', '1e400', '-12345678901234567', '0.1000000000000000055']) {
    for (const path of paths) {
      const [method = '', where = ''] = path.split(' ');
      const reply = await ask(method, where, `{"data":{"ok":1,"deep":[[${number}]]}}`);
      const errors = [`the number ${number} cannot be kept exactly: send it as a string`];
      assert.equal([reply.status, await reply.json()], [400, { errors }], path);
    }
  }
  assert.match(await (await ask('GET', 'secret/data/a')).text(), '"data":{"x":1}');
  for (const path of ['kv1/a', 'cubbyhole/a', 'transit/keys/a']) assert.is((await ask('GET', path)).status, 404, path);
  const long = await (await ask('POST', 'kv1/a', `{"x":${'9'.repeat(5000)}}`)).text();
  assert.ok(long.length < 150 && long.includes('the number 99999'), long);
});

test('what is kept is read as it was sent, and texts may have any digits', async () => {
  const ask = await asking();
  const kept =
    '{"a":9007199254740992,"b":-1.1,"c":1e+23,"d":"12345678901234567890, 1e400","12345678901234567":["\\\\",1e-7]}';
  assert.is((await ask('POST', 'kv1/a', kept)).status, 204);
  const { data } = (await (await ask('GET', 'kv1/a')).json()) as { data: unknown };
  const byName = (text: string) => Object.fromEntries(Object.entries(JSON.parse(text)).sort());
  assert.is(JSON.stringify(byName(JSON.stringify(data))), JSON.stringify(byName(kept)));
});

test('a number is judged by what it denotes, not by how it is spelled', () => {
  const judged = (number: string) => inexactNumber(`{"n": ${number}}`);
  for (const number of [
    ...['0', '-0', '0.0', '-0e9', '0e999999999999', '1.10', '123456789012345', '0.123456789012345', '1E2', '1e+2'],
    ...['9007199254740992', '9007199254740994', '10000000000000000', '1e23', '100000000000000000000000', '5e-324'],
    ...['1.7976931348623157e308', '0.1000000000000000000000', '12345678901234568e0'],
    ...[`1${'0'.repeat(308)}`, `0.${'0'.repeat(322)}5`, `1${'0'.repeat(400)}e-400`, `0.${'0'.repeat(400)}1e401`],
  ]) {
    assert.is(judged(number), null, number);
  }
  for (const number of [
    ...['12345678901234567', '9007199254740993', '-9007199254740993', '0.1000000000000000055', '1e309', '-1e400'],
    ...[
      '1e-400',
      '4e-324',
      '1.2345e-320',
      '123456789012345678e-10',
      '1.7976931348623158e308',
      '1e99999999999999999999',
    ],
    ...['1e-99999999999999999999', '9'.repeat(400), `0.${'0'.repeat(400)}1`],
  ]) {
    assert.is(judged(number), number, number);
  }
});

/** Digits and exponent of a decimal number, and whether it is the number that this double is written as. */
function isKept(digits: bigint, exponent: number): boolean {
  const double = Number(`${digits}e${exponent}`);
  if (!Number.isFinite(double)) return false;
  const [, whole = '', fraction = '', power = '0'] = /^-?(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(double)) ?? [];
  const [other, otherExponent] = [BigInt(whole + fraction), Number(power) - fraction.length];
  const common = Math.min(exponent, otherExponent);
  return digits * 10n ** BigInt(exponent - common) === other * 10n ** BigInt(otherExponent - common);
}

const number = fc
  .record({
    digits: fc.oneof(
      fc.bigInt(0n, 10n ** 16n),
      fc.bigInt(0n, 10n ** 24n),
      fc
        .double({ noNaN: true, noDefaultInfinity: true, min: 0, max: 2 ** 80 })
        .map((double) => BigInt(Math.floor(double))),
    ),
    exponent: fc.oneof(fc.integer({ min: -30, max: 8 }), fc.integer({ min: -360, max: 330 })),
    zeros: fc.nat(20),
    spelling: fc.constantFrom('e', 'E', 'e+', 'point', 'integer'),
    sign: fc.constantFrom('', '-'),
  })
  .map(({ digits, exponent, zeros, spelling, sign }) => {
    if (spelling === 'integer') return { text: sign + digits, kept: isKept(digits, 0) };
    const kept = isKept(digits, exponent);
    if (spelling !== 'point') {
      const shown = spelling === 'e+' && exponent < 0 ? 'e' : spelling;
      return { text: `${sign}${digits}.${'0'.repeat(zeros + 1)}${shown}${exponent}`, kept };
    }
    const text = digits.toString().padStart(Math.max(0, -exponent) + 1, '0');
    if (exponent >= 0) return { text: sign + text + '0'.repeat(exponent), kept };
    return { text: `${sign}${text.slice(0, exponent)}.${text.slice(exponent)}${'0'.repeat(zeros)}`, kept };
  });

test('for all numbers: refused exactly when it is not the number that its double is written as', () => {
  fc.assert(
    fc.property(number, fc.constantFrom(' ', '', '\n\t'), ({ text, kept }, space) => {
      assert.is(inexactNumber(`{"n":${space}${text}}`), kept ? null : text);
      assert.is(inexactNumber(`[0,${space}${text}${space},{}]`), kept ? null : text);
    }),
    { numRuns: some(2000) },
  );
});

test('for all values: a text that JSON.stringify has made is kept, and a bad number in it is found', () => {
  const name = fc.oneof(fc.constantFrom('"', '\\', '\\"', '1e400', ': 1e400', '__proto__', 'toJSON'), fc.string());
  const leaf = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger(), name);
  const value = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('value')), fc.dictionary(name, tie('value'))),
  })).value;
  fc.assert(
    fc.property(value, value, fc.nat(4), (before, after, indent) => {
      assert.is(inexactNumber(JSON.stringify([before, after], null, indent)), null);
      const bad = `{"a":${JSON.stringify(before, null, indent)},"12345678901234567":-1e400,"b":${JSON.stringify(after)}}`;
      JSON.parse(bad);
      assert.is(inexactNumber(bad), '-1e400');
    }),
    { numRuns: some(1000) },
  );
});

test('long zeros cost time by their number, not by its square', () => {
  const zeros = '0'.repeat(500_000);
  assert.is(inexactNumber(`[0.${zeros}1]`)?.length, zeros.length + 3);
  assert.is(inexactNumber(`[1${zeros}1]`)?.length, zeros.length + 2);
});
