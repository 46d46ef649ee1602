/**
 * Topic patterns of clients. A regular expression can keep an engine busy for hours on one topic name; those that can
 * are refused, which leaves all that people write to match names.
 */
import { KafkaHttpError } from '../errors.ts';

const longestPattern = 256;
const mostQuantifiers = 3;

/** Matches whole names. 422 for a pattern that is none or is too costly. */
export function parseTopicPattern(source: string): RegExp {
  const quantifiers = source.replaceAll(/\\.|\[(?:\\.|[^\]\\])*\]/g, 'x').match(/[*+{]/g)?.length ?? 0;
  if (source.length > longestPattern || quantifiers > mostQuantifiers || /\)[*+{]|\\[1-9k]|\(\?[=!<]/.test(source)) {
    const most = `${longestPattern} characters, ${mostQuantifiers} quantifiers`;
    throw new KafkaHttpError(
      422,
      `topic_pattern: at most ${most}, no quantified groups, no look-around, no references`,
    );
  }
  try {
    return new RegExp(`^(?:${source})$`);
  } catch (error) {
    throw new KafkaHttpError(422, 'topic_pattern is not a regular expression', error);
  }
}
