/** Which rule counts. The orders of patterns and the list rules are facts that OpenBao's own tests state, too. */
import { type AclCase, grant, under } from './case.ts';

const EXACT_AND_PREFIX = [
  grant('secret/data/app/*', 'read', 'list'),
  grant('secret/data/app/db', 'update'),
  grant('secret/data/*', 'create', 'read', 'update', 'delete', 'list'),
  grant('secret/data/app/closed/*', 'deny'),
  grant('secret/data/app/closed/door', 'read'),
  grant('kv/fo*', 'read'),
].join('');

const PLUS = [
  grant('test/+/segment', 'read'),
  grant('+/segment/at/front', 'read'),
  grant('test/segment/at/end/+', 'read'),
  grant('test/segment/at/end/v2/+/', 'read'),
  grant('test/+/wildcard/+/*', 'read'),
  grant('a+b/c', 'read'),
  grant('x/+y', 'read'),
].join('');

const DEPTHS = [grant('1/2/*', 'create'), grant('1/2/+', 'read'), grant('1/2/+/+', 'update')].join('');

/** Two rules that both match: the first gives `read`, the second `update`, and the second is the closer one. */
function closer(wide: string, close: string, path: string, why: string): AclCase[] {
  return under(grant(wide, 'read') + grant(close, 'update'), [
    ['update', path, 'yes', why],
    ['read', path, 'no', `${why}: the other rule adds nothing`],
  ]);
}

const METADATA = [
  grant('foo/metadata/*', 'list'),
  grant('foo/metadata/private/*', 'deny'),
  grant('foo/metadata/private/granted/*', 'list'),
].join('');

export const CHOICE_CASES: readonly AclCase[] = [
  ...under(EXACT_AND_PREFIX, [
    ['read', 'secret/data/other', 'yes', 'the prefix secret/data/* is all that matches'],
    ['read', 'secret/data/a/b/c', 'yes', 'a star crosses slashes'],
    ['read', 'secret/data/', 'yes', 'a star stands for nothing, too'],
    ['read', 'secret/data', 'no', 'the prefix ends in a slash, which the path has not'],
    ['read', 'secret', 'no', 'no rule at all: refused'],
    ['read', '', 'no', 'no rule for the empty path'],
    ['read', 'Secret/data/x', 'no', 'paths are told apart by case'],
    ['delete', 'secret/data/other', 'yes', 'the one rule that counts has delete'],
    ['patch', 'secret/data/other', 'no', 'patch is a capability of its own, update does not imply it'],
    ['read', 'secret/data/app/web', 'yes', 'the longer of two prefixes counts'],
    ['update', 'secret/data/app/web', 'no', 'the shorter prefix has update, but only the longer one counts'],
    ['update', 'secret/data/app/db', 'yes', 'an exact path goes before any prefix'],
    ['read', 'secret/data/app/db', 'no', 'the exact rule has no read, and the prefix that has it does not count'],
    ['update', 'secret/data/app/db/x', 'no', 'an exact path says nothing of what is below it'],
    ['read', 'secret/data/app/db/x', 'yes', 'below the exact path the prefix counts again'],
    ['read', 'secret/data/app/closed/x', 'no', 'the longest prefix denies'],
    ['update', 'secret/data/app/closed/x', 'no', 'deny refuses every operation'],
    ['read', 'secret/data/app/closed/door', 'yes', 'an exact path counts before a prefix that denies'],
    ['read', 'secret/data/app/closed', 'yes', 'without its slash the path is outside of what is denied'],
    ['read', 'kv/foo/bar', 'yes', 'a prefix may end within a segment'],
    ['read', 'kv/f', 'no', 'and what is shorter does not start with it'],
    ['read', '/secret/data/other', 'yes', 'a slash in front of the path is dropped'],
    ['read', '///secret/data/other', 'yes', 'and so are several'],
    ['read', 'secret/data/app/*', 'yes', 'a star asked for is a character as any other'],
  ]),
  ...under(grant('secret/*/x', 'read') + grant('lone*star', 'read'), [
    ['read', 'secret/a/x', 'no', 'a star is one only at the end of a pattern'],
    ['read', 'secret/*/x', 'yes', 'elsewhere it is a star to be matched as it stands'],
    ['read', 'lone-star', 'no', 'nor is it one within a segment'],
  ]),
  ...under(grant('/leading/x', 'read') + grant('//double', 'read'), [
    ['read', 'leading/x', 'yes', 'a slash in front of the pattern is dropped'],
    ['read', 'double', 'no', 'only one slash is: the pattern is now /double'],
    ['read', '/double', 'no', 'which no request can have'],
  ]),
  ...under(grant('*', 'read'), [
    ['read', 'anything/at/all', 'yes', 'a star alone is every path'],
    ['update', 'anything', 'no', 'with the capabilities it has'],
  ]),
  ...under(grant('x'), [['read', 'x', 'no', 'a rule without capabilities gives nothing']]),
  ...under(grant('x') + grant('*', 'read'), [['read', 'x', 'no', 'and it hides the wider one all the same']]),
  ...under(PLUS, [
    ['read', 'test/foo/segment', 'yes', 'a plus stands for any one segment'],
    ['read', 'test/bar/segment', 'yes', 'whichever it is'],
    ['read', 'test//segment', 'yes', 'an empty one, too'],
    ['read', 'test/foo/bar/segment', 'no', 'but not for two'],
    ['read', 'test/segment', 'no', 'nor for none'],
    ['read', 'test/foo/segment/', 'no', 'a slash at the end is a segment more'],
    ['read', 'test/segment/at/front', 'yes', 'a plus may stand in front'],
    ['read', 'test/segment/at/frond', 'no', 'the other segments are compared whole'],
    ['read', 'test/segment/at/end/foo', 'yes', 'a plus may stand at the end'],
    ['read', 'test/segment/at/end/foo/', 'no', 'where it is not for a path with a slash at its end'],
    ['read', 'test/segment/at/end/v2/foo/', 'yes', 'unless the pattern ends in one'],
    ['read', 'test/segment/at/end/v2/foo', 'no', 'which the path then has to have'],
    ['read', 'test/x/wildcard/y/z', 'yes', 'plus and star together: the star takes the rest'],
    ['read', 'test/x/wildcard/y/', 'yes', 'be it nothing'],
    ['read', 'test/x/wildcard/y/z/1/2', 'yes', 'or many segments'],
    ['read', 'test/x/wildcard/y', 'no', 'but the slash before the star is needed'],
    ['read', 'a+b/c', 'yes', 'a plus within a segment is a plus'],
    ['read', 'axb/c', 'no', 'and stands for nothing else'],
    ['read', 'x/+y', 'yes', 'also when it starts the segment'],
    ['read', 'x/zy', 'no', 'since only a whole segment is a wildcard'],
  ]),
  ...under(DEPTHS, [
    ['read', '1/2/3', 'yes', 'the plus pattern goes before the star at the same place'],
    ['create', '1/2/3', 'no', 'and is the only one that counts'],
    ['update', '1/2/3/4', 'yes', 'the pattern with two plusses has this many segments'],
    ['read', '1/2/3/4', 'no', 'that with one has not'],
    ['create', '1/2/3/4/5', 'yes', 'nothing but the star reaches this deep'],
    ['read', '1/2/', 'yes', 'the empty segment is a plus, and it goes before the star'],
  ]),
  ...closer('+/*', '*', 'foo/bar/baz', 'same first wildcard, both end in a star, fewer plusses win'),
  ...closer('+/*', 'foo/+/*', 'foo/bar/bar/baz', 'the later first wildcard wins'),
  ...closer('foo/*', 'foo/ba*', 'foo/bar/x', 'the longer prefix wins'),
  ...closer('foo/+/bar', 'foo/b*', 'foo/bar/bar', 'a star that comes later wins over a plus'),
  ...closer('foo/*', 'foo/+', 'foo/bar', 'at the same place a plus wins over a final star'),
  ...closer('foo/+/+/*', 'foo/+/bar/baz', 'foo/bar/bar/baz', 'what does not end in a star wins'),
  ...closer('foo/+/+/baz', 'foo/+/bar/baz', 'foo/bar/bar/baz', 'fewer plusses win'),
  ...closer('foo/+/(ar/baz', 'foo/(ar/+/baz', 'foo/(ar/(ar/baz', 'the later wildcard wins before any letter counts'),
  ...closer('foo/bar/+/baz*', 'foo/bar/+/baz', 'foo/bar/bar/baz', 'the one without a star wins'),
  ...closer('foo/bar/+/b*', 'foo/bar/+/ba*', 'foo/bar/bar/baz', 'the longer of two that end in a star wins'),
  ...closer('+/a/+', '+/+/bbb', 'x/a/bbb', 'the longer wins before letters count'),
  ...closer('foo/+/a/+', 'foo/+/b/+', 'foo/x/b/y', 'only one of these matches'),
  ...closer('+/a/b', '+/+/b*', '+/x/b', 'a plus asked for is a segment as any other'),
  ...under(grant('foo/+/+/a', 'read') + grant('foo/+/b/+', 'update'), [
    ['update', 'foo/x/b/a', 'yes', 'fewer plusses count before letters do'],
  ]),
  ...under(grant('foo/+/+/b', 'read') + grant('foo/+/a/+', 'update'), [
    ['update', 'foo/x/a/b', 'yes', 'alike in all else, the later in the alphabet wins: a comes after +'],
    ['read', 'foo/x/a/b', 'no', 'and it alone'],
  ]),
  ...under(grant('secret/+/open', 'read') + grant('secret/*', 'deny'), [
    ['read', 'secret/a/open', 'yes', 'a plus pattern wins over a prefix that denies at the same place'],
    ['read', 'secret/a/other', 'no', 'which is all there is here'],
  ]),
  ...under(grant('secret/+/open', 'deny') + grant('secret/a/*', 'read'), [
    ['read', 'secret/a/open', 'yes', 'a deny that is not the closest rule does not count'],
    ['read', 'secret/b/open', 'no', 'here it is the closest'],
  ]),
  ...under(METADATA, [
    ['list', 'foo/', 'no', 'above what is granted'],
    ['list', 'foo/metadata/', 'yes', 'the prefix matches the directory itself, by its slash'],
    ['list', 'foo/metadata/test/', 'yes', 'and what is below'],
    ['list', 'foo/metadata/private/', 'no', 'the path with its slash is asked first, and there it is denied'],
    ['list', 'foo/metadata/private/internal/', 'no', 'and so is what is below'],
    ['list', 'foo/metadata/private/granted/', 'yes', 'but for what is granted again'],
    ['list', 'foo/metadata/private/granted/test/', 'yes', 'with what is below that'],
  ]),
  ...under(
    grant('kv/dir', 'list', 'read') + grant('kv/+', 'list') + grant('kv/other/', 'list') + grant('top', 'list'),
    [
      ['list', 'kv/dir/', 'yes', 'for lists the exact path without its slash counts, too'],
      ['read', 'kv/dir/', 'no', 'for lists only'],
      ['list', 'kv/dir', 'yes', 'a list may come without a slash'],
      ['list', 'kv/third/', 'yes', 'no rule hits with the slash, kv/+ hits without it'],
      ['list', 'kv/other/', 'yes', 'a pattern that ends in the slash is exact'],
      ['list', 'kv/', 'yes', 'the empty segment is a plus'],
      ['list', 'top/', 'yes', 'at the top as well'],
      ['list', 'top//', 'no', 'one slash is dropped, not two'],
    ],
  ),
  ...under(grant('kv/dir/', 'read') + grant('kv/dir', 'list'), [
    ['list', 'kv/dir/', 'no', 'the path with its slash is found first, and has no list'],
    ['list', 'kv/dir', 'yes', 'the other is asked by its own name'],
  ]),
  ...under(grant('kv/*', 'read') + grant('kv/dir', 'list'), [
    ['list', 'kv/dir/', 'yes', 'for lists an exact path without the slash goes before a prefix with it'],
  ]),
  ...under(grant('kv/*', 'deny') + grant('+/dir', 'list'), [
    ['list', 'kv/dir/', 'no', 'a pattern that hits with the slash goes before one that hits without it'],
  ]),
];
