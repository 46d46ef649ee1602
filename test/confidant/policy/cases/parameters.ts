/** Rules on parameters and on wrapping. What each says of single values, OpenBao's own tests say as well. */
import { type AclCase, grant, under } from './case.ts';

const ALL = 'capabilities = ["create", "read", "update", "patch", "delete", "list"]';

function block(path: string, ...lines: string[]): string {
  return `path "${path}" {\n  ${[ALL, ...lines].join('\n  ')}\n}\n`;
}

function given(parameters: Readonly<Record<string, unknown>>, wrapTtl: number | null = null) {
  return { parameters, wrapTtl };
}

const NAMES = [
  block('dev/*', 'allowed_parameters = { "zip" = [] }'),
  block('both', 'allowed_parameters = { "steve" = [] }', 'denied_parameters = { "steve" = [] }'),
  block('all-denied', 'allowed_parameters = { "*" = [] }', 'denied_parameters = { "*" = [] }'),
  block('one-denied', 'allowed_parameters = { "*" = [] }', 'denied_parameters = { "foo" = [] }'),
  block('none', 'allowed_parameters = {}', 'denied_parameters = {}'),
  block('needs', 'required_parameters = ["foo", "BAR"]'),
  block('denied', 'denied_parameters = { "zap" = [] }'),
].join('');

const VALUES = [
  block('good', 'allowed_parameters = { "ALLOW" = ["good", "*end", "start*", "*mid*", "*"] }'),
  block('bad', 'denied_parameters = { "dEny" = ["bad*"] }'),
  block(
    'types',
    'allowed_parameters = { "int" = [1, 2] "bool" = [false] "map" = [{ "good" = "one" }] "list" = [["a", "b"]] }',
  ),
  block('proto', 'allowed_parameters = { "map" = [{ "__proto__" = {} }] }'),
  block('star', 'allowed_parameters = { "*" = [] "bar" = [false] }'),
].join('');

const WRAP = [
  block('between', 'min_wrapping_ttl = 300', 'max_wrapping_ttl = "400s"'),
  block('least', 'min_wrapping_ttl = "5m"'),
  block('most', 'max_wrapping_ttl = 400'),
].join('');

export const PARAMETER_CASES: readonly AclCase[] = [
  ...under(NAMES, [
    ['update', 'dev/x', 'yes', 'the parameter is among the allowed', given({ zip: 1 })],
    ['create', 'dev/x', 'yes', 'for create as for update', given({ zip: 1 })],
    ['update', 'dev/x', 'yes', 'names are compared without regard to case', given({ ZIP: 1 })],
    ['update', 'dev/x', 'no', 'a parameter is not among the allowed', given({ zap: 1 })],
    ['patch', 'dev/x', 'no', 'for patch, too', given({ zip: 1, zap: 1 })],
    ['read', 'dev/x', 'no', 'and for reading, by what stands in the query', given({ zap: '1' })],
    ['delete', 'dev/x', 'yes', 'for delete parameters do not count', given({ zap: 1 })],
    ['list', 'dev/x/', 'yes', 'nor for lists', given({ zap: 1 })],
    ['update', 'dev/x', 'yes', 'a request without parameters has none that is wrong', given({})],
    ['update', 'both', 'no', 'what is allowed and denied is denied', given({ steve: '' })],
    ['update', 'all-denied', 'no', 'a denied star denies all', given({ one: '' })],
    ['update', 'all-denied', 'yes', 'but not a request without any', given({})],
    ['update', 'one-denied', 'yes', 'an allowed star allows what is not denied', given({ one: '' })],
    ['update', 'one-denied', 'no', 'and no more', given({ one: '', foo: '' })],
    ['update', 'none', 'yes', 'empty maps say nothing', given({ four: '' })],
    ['update', 'needs', 'no', 'a required parameter is missing', given({ foo: '' })],
    ['update', 'needs', 'yes', 'both are there, whatever their value', given({ foo: '', bar: null, more: 1 })],
    ['update', 'needs', 'no', 'required are those also of a request without parameters', given({})],
    ['read', 'needs', 'no', 'for reading, too', given({})],
    ['delete', 'needs', 'yes', 'but not for delete', given({})],
    ['update', 'denied', 'no', 'the parameter is denied with any value', given({ Zap: 'x' })],
    ['update', 'denied', 'yes', 'others are not', given({ zip: 'x' })],
    ['update', 'denied', 'yes', 'nor is what every object has', given({ constructor: 'x', toString: 1 })],
    ['update', 'dev/x', 'no', 'which is not allowed either', given({ constructor: 'x' })],
  ]),
  ...under(VALUES, [
    ['update', 'good', 'yes', 'the value is among the allowed', given({ allow: 'good' })],
    ['update', 'good', 'no', 'another value', given({ allow: 'Good' })],
    ['update', 'good', 'yes', 'a star in front: the end is compared', given({ allow: 'the end' })],
    ['update', 'good', 'yes', 'a star at the end: the start is', given({ allow: 'starting' })],
    ['update', 'good', 'yes', 'a star at both: anywhere', given({ allow: 'a mid b' })],
    ['update', 'good', 'no', 'a star alone is only a star', given({ allow: 'other' })],
    ['update', 'good', 'yes', 'which a value may be', given({ allow: '*' })],
    ['update', 'good', 'no', 'null is no text', given({ allow: null })],
    ['update', 'good', 'no', 'a list of an allowed value is another value', given({ allow: ['good'] })],
    ['update', 'bad', 'no', 'the value is among the denied', given({ deny: 'bad' })],
    ['update', 'bad', 'no', 'by its star', given({ deny: 'bad glob' })],
    ['update', 'bad', 'yes', 'another value is not denied', given({ deny: 'good' })],
    ['update', 'bad', 'yes', 'null is none of the denied', given({ deny: null })],
    ['update', 'bad', 'yes', 'and other parameters are free', given({ allow: 'bad' })],
    ['update', 'types', 'yes', 'booleans are compared as such', given({ bool: false })],
    ['update', 'types', 'no', 'the other one', given({ bool: true })],
    ['update', 'types', 'no', 'text is no boolean', given({ bool: 'false' })],
    ['update', 'types', 'yes', 'maps are compared by content', given({ map: { good: 'one' } })],
    ['update', 'types', 'no', 'another content', given({ map: { bad: 'one' } })],
    ['update', 'types', 'no', 'more content', given({ map: { good: 'one', bad: 'one' } })],
    ['update', 'types', 'yes', 'lists are compared by content', given({ list: ['a', 'b'] })],
    ['update', 'types', 'no', 'in order', given({ list: ['b', 'a'] })],
    ['update', 'proto', 'no', 'what every object has is no content', given({ map: { x: 1 } })],
    ['update', 'star', 'yes', 'the star allows other names', given({ anything: true })],
    ['update', 'star', 'yes', 'and the named one with its value', given({ bar: false })],
    ['update', 'star', 'no', 'but not with another', given({ bar: true })],
  ]),
  ...under(VALUES, [
    ['update', 'types', 'yes', 'numbers are compared by value', given({ int: 1 })],
    ['update', 'types', 'no', 'another number', given({ int: 3 })],
    ['update', 'types', 'no', 'text is no number', given({ int: '1' })],
  ]),
  ...under(WRAP, [
    ['read', 'between', 'no', 'wrapping is asked for', given({})],
    ['read', 'between', 'no', 'for longer than this', given({}, 50)],
    ['read', 'between', 'yes', 'as long as the least', given({}, 300)],
    ['update', 'between', 'yes', 'for writing as for reading', given({ x: 1 }, 350)],
    ['read', 'between', 'yes', 'as long as the most', given({}, 400)],
    ['read', 'between', 'no', 'longer than the most', given({}, 450)],
    ['delete', 'between', 'no', 'also what has no reply has to be wrapped', given({})],
    ['read', 'least', 'yes', 'no bound above', given({}, 100_000)],
    ['read', 'least', 'no', 'the bound below', given({}, 299)],
    ['read', 'most', 'no', 'a bound above asks for wrapping, too', given({})],
    ['read', 'most', 'no', 'and zero seconds are no wrapping', given({}, 0)],
    ['read', 'most', 'yes', 'no bound below', given({}, 1)],
  ]),
  ...under(
    [block('m', 'allowed_parameters = { "a" = ["1"] }'), block('m', 'allowed_parameters = { "a" = ["2"] "b" = [] }')],
    [
      ['update', 'm', 'yes', 'values of one name from several policies add up', given({ a: '1' })],
      ['update', 'm', 'yes', 'both ways', given({ a: '2' })],
      ['update', 'm', 'no', 'and no others are added', given({ a: '3' })],
      ['update', 'm', 'yes', 'names add up, too', given({ b: 'any' })],
    ],
  ),
  ...under(
    [block('m', 'allowed_parameters = { "a" = ["1"] }'), block('m', 'allowed_parameters = { "a" = [] }')],
    [['update', 'm', 'yes', 'any value of one policy is any value of both', given({ a: '3' })]],
  ),
  ...under(
    [block('m'), block('m', 'allowed_parameters = { "a" = [] }')],
    [['update', 'm', 'no', 'a limit of one policy holds although the other has none', given({ b: 1 })]],
  ),
  ...under(
    [block('m', 'denied_parameters = { "a" = ["1"] }'), block('m', 'denied_parameters = { "b" = [] }')],
    [
      ['update', 'm', 'no', 'what one policy denies stays denied', given({ a: '1' })],
      ['update', 'm', 'no', 'what the other denies, too', given({ b: '1' })],
      ['update', 'm', 'yes', 'and no more', given({ a: '2' })],
    ],
  ),
  ...under(
    [block('m', 'required_parameters = ["a"]'), block('m', 'required_parameters = ["b", "a"]')],
    [
      ['update', 'm', 'no', 'what either policy requires is required', given({ a: 1 })],
      ['update', 'm', 'yes', 'both are there', given({ a: 1, b: 1 })],
    ],
  ),
  ...under(
    [
      block('m', 'min_wrapping_ttl = 100', 'max_wrapping_ttl = 300'),
      block('m', 'min_wrapping_ttl = 50', 'max_wrapping_ttl = 200'),
    ],
    [
      ['read', 'm', 'yes', 'of two least bounds the lesser counts', given({}, 60)],
      ['read', 'm', 'no', 'of two most bounds the lesser, too', given({}, 250)],
    ],
  ),
  ...under(
    [block('m', 'min_wrapping_ttl = 100'), block('m', 'max_wrapping_ttl = 50')],
    [['read', 'm', 'no', 'bounds that exclude each other allow nothing', given({}, 75)]],
  ),
  ...under(
    [block('m', 'allowed_parameters = { "a" = [] }'), grant('m', 'deny')],
    [['update', 'm', 'no', 'a deny wins whatever the parameters', given({ a: 1 })]],
  ),
];
