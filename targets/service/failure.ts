/** What goes wrong with the service as a whole, in words for people. */
import { CommitLogError } from '../../logged/commit-log.ts';
import type { HostError, NetAddress } from '../host.ts';

/** What is wrong with how the command was called. */
export class UsageError extends Error {}

/** The machine does not let it be done: the data directory, the address. */
export class Unusable extends Error {}

/** What went wrong: what people can do something about in words, everything else with its stack, in one line. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, stack = '' } = error;
  if (error instanceof UsageError || error instanceof Unusable || error instanceof CommitLogError) return message;
  if (isHostError(error)) return message;
  // Not on every target does the stack begin with the message.
  const traced = stack.includes(message) ? stack : `${String(error)}\n${stack}`;
  return traced.trimEnd().replaceAll(/\s*\n\s*/g, ' | ');
}

export function isHostError(error: unknown): error is HostError {
  // Node has codes for mistakes of the program too, such as ERR_INVALID_ARG_TYPE.
  return error instanceof Error && /^E[A-Z\d]+$/.test(String((error as { readonly code?: unknown }).code));
}

/** What `Net.listen` has thrown. */
export function explainListen(error: unknown, { host, port }: NetAddress): unknown {
  if (!isHostError(error)) return error;
  const place = `${host}:${port}`;
  if (error.code === 'EADDRINUSE') return new Unusable(`${place} is in use: another program listens there`);
  if (error.code === 'EADDRNOTAVAIL') return new Unusable(`${host} is no address of this machine`);
  if (error.code === 'EACCES') return new Unusable(`${place}: not permitted to listen there`);
  return error;
}
