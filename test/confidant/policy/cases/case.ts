/** One line of the tables here: what the policies of a token say to one request, and why they say so. */
import type { AclRequest } from '../../../../confidant/policy/acl.ts';

export interface AclCase extends AclRequest {
  /** Texts of policies. */
  readonly policies: readonly string[];
  readonly answer: 'yes' | 'no';
  readonly why: string;
}

type Row = readonly [
  operation: AclRequest['operation'],
  path: string,
  answer: 'yes' | 'no',
  why: string,
  more?: Omit<AclRequest, 'operation' | 'path'>,
];

/** Cases that share their policies. */
export function under(policies: string | readonly string[], rows: readonly Row[]): AclCase[] {
  const texts = typeof policies === 'string' ? [policies] : policies;
  return rows.map(([operation, path, answer, why, more]) => ({
    policies: texts,
    operation,
    path,
    answer,
    why,
    ...more,
  }));
}

/** A path block with nothing but capabilities. */
export function grant(path: string, ...capabilities: string[]): string {
  return `path ${JSON.stringify(path)} { capabilities = ${JSON.stringify(capabilities)} }\n`;
}
