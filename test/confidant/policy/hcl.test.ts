import * as assert from 'uvu/assert';
import {
  type HclBody,
  type HclValue,
  isBody,
  MAX_POLICY_LENGTH,
  MAX_POLICY_VALUES,
  parseHcl,
} from '../../../confidant/policy/hcl.ts';
import { SecretStoreError, type SecretStoreErrorCode } from '../../../confidant/secret-store.ts';
import { suite } from '../../support/suite.ts';

const test = suite('hcl');

/** Values as JSON has them, objects as lists of names and values. */
function plain(value: HclValue): unknown {
  if (typeof value !== 'object') return value;
  return isBody(value) ? value.items.map(({ keys, value: one }) => [...keys, plain(one)]) : value.map(plain);
}

function parsed(text: string): unknown {
  return plain(parseHcl(text));
}

function value(text: string): unknown {
  const body: HclBody = parseHcl(`x = ${text}`);
  return plain(body.items[0]?.value ?? '');
}

function refused(text: string, message: string, code: SecretStoreErrorCode = 'invalid'): void {
  try {
    parseHcl(text);
  } catch (error) {
    assert.instance(error, SecretStoreError);
    assert.is((error as SecretStoreError).message, `failed to parse policy: ${message}`, text);
    assert.is((error as SecretStoreError).code, code);
    return;
  }
  assert.unreachable(text);
}

test('attributes, blocks and labels', () => {
  assert.equal(parsed(''), []);
  assert.equal(parsed(' \t\r\n'), []);
  assert.equal(parsed('a = 1'), [['a', 1]]);
  assert.equal(parsed('a = 1 b=2\nc=3, d=4,'), [
    ['a', 1],
    ['b', 2],
    ['c', 3],
    ['d', 4],
  ]);
  assert.equal(parsed('path "x" { a = "b" }'), [['path', 'x', [['a', 'b']]]]);
  assert.equal(parsed('path x-1.y_z {}'), [['path', 'x-1.y_z', []]]);
  assert.equal(parsed('"path" "x" "y" {}'), [['path', 'x', 'y', []]]);
  assert.equal(parsed('a { b { c = [] } }'), [['a', [['b', [['c', []]]]]]]);
  assert.equal(parsed('a = { b = 1 "c" = 2, __proto__ = 3 }'), [
    [
      'a',
      [
        ['b', 1],
        ['c', 2],
        ['__proto__', 3],
      ],
    ],
  ]);
});

test('values', () => {
  const values: readonly (readonly [string, unknown])[] = [
    ['true', true],
    ['false', false],
    ['0', 0],
    ['-5', -5],
    ['1.5', 1.5],
    ['1e3', 1000],
    ['1E+3', 1000],
    ['25e-1', 2.5],
    ['0x1F', 31],
    ['[]', []],
    ['["a", 1, true, ["b"], { c = 1 }]', ['a', 1, true, ['b'], [['c', 1]]]],
    ['["a",]', ['a']],
    ['[ # why\n "a" // b\n , /* c */ "d" ]', ['a', 'd']],
    ['{}', []],
  ];
  for (const [text, want] of values) assert.equal(value(text), want, text);
});

test('strings and their escapes', () => {
  const strings: readonly (readonly [string, string])[] = [
    ['""', ''],
    ['"a b"', 'a b'],
    ['"# no // comment /* here"', '# no // comment /* here'],
    [String.raw`"\a\b\f\n\r\t\v\"\\"`, '\x07\b\f\n\r\t\v"\\'],
    [String.raw`"\101\x41\u0041\U00000041"`, 'AAAA'],
    [String.raw`"\u20ac\U0001f600"`, '€😀'],
    ['"é€😀\t"', 'é€😀\t'],
    ['"{{identity.entity.id}}"', '{{identity.entity.id}}'],
  ];
  for (const [text, want] of strings) assert.is(value(text), want, text);
});

test('heredocs', () => {
  assert.is(value('<<EOF\none\n  two "three"\nEOF\n'), 'one\n  two "three"\n');
  assert.is(value('<<EOF\nEOF'), '');
  assert.is(value('<<EOF\n\nEOF\n'), '\n');
  assert.is(value('<<EOF\r\none\r\nEOF\r\n'), 'one\r\n');
  assert.is(value('<<EOF\nEOF2\n EOF\n'), 'EOF2\n');
  assert.is(value('<<-EOF\n    one\n      two\n    EOF\n'), 'one\n  two\n');
  assert.is(value('<<-EOF\n    one\n  two\n    EOF\n'), '    one\n  two\n');
  assert.equal(parsed('a = <<X\n1\nX\nb = <<Y\n2\nY\n'), [
    ['a', '1\n'],
    ['b', '2\n'],
  ]);
});

test('comments stand wherever a space may', () => {
  const text =
    '# one\n// two\n/* three\n */ path /* four */ "x" /**/ { # five\n a /**/ = /**/ 1 // six\n } /* seven */ #';
  assert.equal(parsed(text), [['path', 'x', [['a', 1]]]]);
});

test('JSON is read into the same tree', () => {
  assert.equal(parsed('{}'), []);
  assert.equal(parsed(' \n{"path": {"x": {"a": ["b", 1, -2.5e1, true, {"c": []}]}}} '), [
    ['path', [['x', [['a', ['b', 1, -25, true, [['c', []]]]]]]]],
  ]);
  assert.equal(parsed(String.raw`{"\u0061\/\"": "\ud83d\ude00"}`), [['a/"', '😀']]);
  assert.equal(parsed('{"__proto__": 1, "__proto__": 2}'), [
    ['__proto__', 1],
    ['__proto__', 2],
  ]);
});

test('what is wrong is told with its place', () => {
  refused('null', 'At 1:5: expected = or {, got the end');
  refused('[]', 'At 1:1: expected a name, got "["');
  refused('path "x" {', 'At 1:11: expected a name, got the end');
  refused('path "x" {\n  a = \n}', 'At 3:1: expected a value, got "}"');
  refused('path "x" = 1', 'At 1:10: expected {, got "="');
  refused('path "x" {} ; path "y" {}', 'At 1:13: expected a name, got ";"');
  refused('path x/y {}', 'At 1:7: expected {, got "/"');
  refused('}', 'At 1:1: expected a name, got "}"');
  refused('a = [read]', 'At 1:6: expected a value, got "r"');
  refused('a = ["b" "c"]', 'At 1:10: expected , or ], got "\\""');
  refused('a = [,"b"]', 'At 1:6: expected a value, got ","');
  refused('a = "b', 'At 1:7: string not ended, got the end');
  refused('a = "b\n"', 'At 1:7: string not ended, got "\\n"');
  refused('a = "\\q"', 'At 1:7: unknown escape, got "q"');
  refused('a = "\\/"', 'At 1:7: unknown escape, got "/"');
  refused('a = "\\x4g"', 'At 1:9: unknown escape, got "g"');
  refused('a = "\\u12  "', 'At 1:11: unknown escape, got " "');
  refused('a = "\\U00110000"', 'At 1:15: unknown escape, got "0"');
  refused('a = "\\', 'At 1:7: unknown escape, got the end');
  refused('a = <EOF', 'At 1:9: expected <<NAME alone on its line, got the end');
  refused('a = <<\n', 'At 2:1: expected <<NAME alone on its line, got the end');
  refused('a = <<EOF\nb', 'At 2:2: heredoc not ended, got the end');
  refused('/* a', 'At 1:1: comment not ended, got "/"');
  refused('/ a', 'At 1:1: expected a name, got "/"');
  refused('\ufeffa = 1', 'At 1:1: expected a name, got "\ufeff"');
  for (const number of ['01', '-01', '.5', '-', '1x', '5s', '1_0', 'Infinity', 'NaN', '1e999', '+1', 'null']) {
    refused(`a = ${number}`, `At 1:5: expected a value, got "${number[0]}"`);
  }
});

test('JSON is not read as HCL', () => {
  refused('{"a" = 1}', 'At 1:6: expected :, got "="');
  refused('{"a" {}}', 'At 1:6: expected :, got "{"');
  refused('{"a" "b": {}}', 'At 1:9: expected :, got ":"');
  refused('{a: 1}', 'At 1:2: expected a name, got "a"');
  refused('{"a": nul}', 'At 1:7: expected a value, got "n"');
  refused('{"a": nulls}', 'At 1:7: expected a value, got "n"');
  refused('{"a": [null]}', 'At 1:8: expected a value, got "n"');
  refused('{"a": null', 'At 1:11: expected , or }, got the end');
  refused('{"a": 1', 'At 1:8: expected , or }, got the end');
  refused('{"a":', 'At 1:6: expected a value, got the end');
  refused('{"a": 1 "b": 2}', 'At 1:9: expected , or }, got "\\""');
  refused('{"a": {} "b": {}}', 'At 1:10: expected , or }, got "\\""');
  refused('{} x', 'At 1:4: expected the end, got "x"');
  refused('a : 1', 'At 1:3: expected = or {, got ":"');
});

test('nesting and size are bounded', () => {
  assert.ok(parseHcl(`a = ${'['.repeat(15)}${']'.repeat(15)}`));
  refused(`a = ${'['.repeat(16)}`, 'At 1:20: nested too deeply, got "["');
  refused('a{'.repeat(1000), 'At 1:33: nested too deeply, got "a"');
  refused(`{${'"a":{'.repeat(1000)}`, 'At 1:82: nested too deeply, got "\\""');
  assert.ok(parseHcl(`# ${' '.repeat(MAX_POLICY_LENGTH - 2)}`));
  refused(' '.repeat(MAX_POLICY_LENGTH + 1), `longer than ${MAX_POLICY_LENGTH} characters`, 'too-large');
});

test('the number of values is bounded', () => {
  assert.ok(parseHcl('a{}'.repeat(MAX_POLICY_VALUES)));
  assert.ok(parseHcl(`a=[${'1,'.repeat(MAX_POLICY_VALUES - 1)}]`));
  refused('a{}'.repeat(MAX_POLICY_VALUES + 1), 'At 1:12289: too many values, got "a"');
  refused(`a=[${'1,'.repeat(MAX_POLICY_VALUES)}]`, 'At 1:8194: too many values, got "1"');
});

test('what is repeated as often as fits is read all the same', () => {
  for (const [text, open, close] of [
    ['/**/', '', ''],
    ['#\n', '', ''],
    ['b\n', 'a=<<E\n', 'E'],
    ['\\n', 'a="', '"'],
    ['x', 'a="', '"'],
    ['x', '', '{}'],
  ] as const) {
    const count = Math.floor((MAX_POLICY_LENGTH - 7) / text.length);
    assert.ok(parseHcl(`${open}${text.repeat(count)}${close}`), text);
  }
  assert.is(parseHcl('a=<<E\nE\n'.repeat(MAX_POLICY_VALUES)).items.length, MAX_POLICY_VALUES);
});
