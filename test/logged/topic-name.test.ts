import * as assert from 'uvu/assert';
import { CommitLogError } from '../../logged/commit-log.ts';
import { checkGroupName, checkTopicName } from '../../logged/topics/topic-name.ts';
import { suite } from '../support/suite.ts';

const test = suite('topic-name');

function refused(check: (name: string) => void, name: unknown): string | null {
  try {
    check(name as string);
    return null;
  } catch (error) {
    assert.instance(error, CommitLogError);
    return (error as CommitLogError).code;
  }
}

test('topic names are as Kafka has them, with a namespace perhaps', () => {
  const legal = ['a', 'my-topic', 'A.b_c-9', '__groups', '...', 'default:end-device-events', 'x'.repeat(249)];
  for (const name of legal) assert.is(refused(checkTopicName, name), null, name);
  const illegal = [
    '',
    '.',
    '..',
    'a/b',
    'a b',
    'é',
    ':',
    'a:',
    ':a',
    'a:b:c',
    '..:a',
    'a:.',
    'a\n',
    'a\0',
    'x'.repeat(250),
  ];
  for (const name of illegal) assert.is(refused(checkTopicName, name), 'invalid-topic', name);
  for (const name of [null, undefined, 7, {}]) assert.is(refused(checkTopicName, name), 'invalid-topic');
});

test('group names are any text without control characters', () => {
  for (const name of ['g', 'my group / 1', 'größe', '😀', 'x'.repeat(255)])
    assert.is(refused(checkGroupName, name), null);
  for (const name of ['', 'a\n', '\0', '\u007f', '\u0085', '\ud800', 'x'.repeat(256), null]) {
    assert.is(refused(checkGroupName, name), 'invalid-group', String(name));
  }
});
