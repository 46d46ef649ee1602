/**
 * What stands in for hono's compose in the service's own programs: the handlers of a route one after the other, as far
 * as each asks for the next. Hono's is a closure over itself; see `hono-context.ts`.
 */
import type { Context } from './hono-context.ts';
import type { WebResponse } from './messages.ts';

type Next = () => Promise<Context>;
/** A handler that has asked for the next one may give what it got. */
type Handler = (context: Context, next: Next) => Promise<WebResponse | Context> | WebResponse | Context;
type OnError = (error: Error, context: Context) => Promise<WebResponse> | WebResponse;
type OnNotFound = (context: Context) => Promise<WebResponse> | WebResponse;

interface Chain {
  readonly handlers: readonly (readonly [readonly [Handler, ...unknown[]], ...unknown[]])[];
  readonly onError: OnError;
  readonly onNotFound: OnNotFound;
}

export function compose(handlers: Chain['handlers'], onError: OnError, onNotFound: OnNotFound) {
  const chain: Chain = { handlers, onError, onNotFound };
  return (context: Context): Promise<Context> => run(chain, context, 0);
}

async function run(chain: Chain, context: Context, at: number): Promise<Context> {
  const handler = chain.handlers[at]?.[0][0];
  if (handler === undefined) {
    context.res = await chain.onNotFound(context);
    return context;
  }
  context.req.routeIndex = at;
  try {
    const answer = await handler(context, () => run(chain, context, at + 1));
    if (answer !== context) context.res = answer as WebResponse;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    context.res = await chain.onError(error, context);
  }
  return context;
}
