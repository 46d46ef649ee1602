/** Finds the route of a path below a mount. See `route.ts` for the patterns. */
import type { Route } from './route.ts';

export interface RouteMatch {
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The most specific route, or null. `path` is below the mount and may be empty. */
export function matchRoute(routes: readonly Route[], path: string, isList: boolean): RouteMatch | null {
  const segments = path === '' ? [] : path.split('/');
  let best: RouteMatch | null = null;
  let bestRank = '';
  for (const route of routes) {
    const match = matchPattern(route.path === '' ? [] : route.path.split('/'), segments, isList);
    if (match === null || (best !== null && match.rank <= bestRank)) continue;
    best = { route, parameters: match.parameters };
    bestRank = match.rank;
  }
  return best;
}

/** `rank` orders by text: a literal segment before a name, a name before a rest. */
function matchPattern(pattern: readonly string[], segments: readonly string[], isList: boolean) {
  const parameters: Record<string, string> = {};
  let rank = '';
  for (const [i, part] of pattern.entries()) {
    const segment = segments[i];
    if (part.endsWith('...}')) {
      if (segment === undefined && !isList) return null;
      parameters[part.slice(1, -4)] = segments.slice(i).join('/');
      return { parameters, rank: `${rank}0` };
    }
    if (segment === undefined) return null;
    if (part.startsWith('{')) {
      parameters[part.slice(1, -1)] = segment;
      rank += '1';
    } else if (part === segment) rank += '2';
    else return null;
  }
  return segments.length === pattern.length ? { parameters, rank: `${rank}3` } : null;
}
