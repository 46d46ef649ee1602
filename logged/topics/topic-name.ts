/** The rules for names of topics and groups, for everybody who takes one from outside. */
import { CommitLogError } from '../commit-log.ts';

const MAX_TOPIC_CHARACTERS = 249;
const MAX_GROUP_CHARACTERS = 255;
const PART = /^[a-zA-Z0-9._-]+$/;

/**
 * Kafka's `[a-zA-Z0-9._-]`, 1 to 249 characters with the namespace that may stand in front of a colon, and neither part
 * is `.` or `..`.
 */
export function isTopicName(name: string): boolean {
  const parts = typeof name === 'string' && name.length <= MAX_TOPIC_CHARACTERS ? name.split(':') : [];
  const legal = parts.length === 1 || parts.length === 2;
  return legal && parts.every((part) => PART.test(part) && part !== '.' && part !== '..');
}

/** Throws `invalid-topic` for anything else. */
export function checkTopicName(name: string): void {
  if (isTopicName(name)) return;
  throw new CommitLogError(
    'invalid-topic',
    `topic ${quoted(name)}: want 1 to ${MAX_TOPIC_CHARACTERS} of [a-zA-Z0-9._-], with at most one namespace and colon`,
  );
}

/** Throws `invalid-group` unless the name has 1 to 255 characters, none of them a control character. */
export function checkGroupName(name: string): void {
  const legal = typeof name === 'string' && name.length > 0 && name.length <= MAX_GROUP_CHARACTERS;
  // A lone surrogate has no UTF-8: two groups would become one.
  if (legal && !/[\p{Cc}\p{Cs}]/u.test(name)) return;
  throw new CommitLogError(
    'invalid-group',
    `group ${quoted(name)}: want 1 to ${MAX_GROUP_CHARACTERS} characters, no control characters`,
  );
}

function quoted(name: unknown): string {
  const text = JSON.stringify(name) ?? String(name);
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
