/**
 * A router for hono that goes through a path segment by segment: hono's small one tries a regular expression for each
 * of some forty routes, which on a router's CPU takes longer than all else about most requests. A pattern has names,
 * parameters such as `:topic`, and no wildcards; a name goes before a parameter. A slash may follow at the end.
 *
 * Handlers that share a method and a pattern become one: each is asked when the one before has called `next()`.
 */
import type { H, RouterRoute } from 'hono/types';
import type { Params, Result, Router } from 'hono/router';

type Entry = [H, RouterRoute];

interface Route {
  readonly parameters: readonly string[];
  entry: Entry;
}

class Node {
  readonly children: Record<string, Node> = Object.create(null);
  readonly routes: Record<string, Route> = Object.create(null);
  parameter: Node | null = null;
}

export class SegmentRouter implements Router<Entry> {
  readonly name = 'SegmentRouter';
  readonly #root = new Node();

  add(method: string, path: string, entry: Entry): void {
    const parameters: string[] = [];
    let node = this.#root;
    for (const segment of segmentsOf(path)) {
      if (segment.startsWith(':')) {
        parameters.push(segment.slice(1));
        node.parameter ??= new Node();
        node = node.parameter;
      } else {
        node.children[segment] ??= new Node();
        node = node.children[segment];
      }
    }
    const route = node.routes[method];
    if (route === undefined) node.routes[method] = { parameters, entry };
    else if (route.parameters.join() !== parameters.join()) throw new Error(`${path}: parameters by other names`);
    else route.entry = [inTurn(route.entry[0], entry[0]), route.entry[1]];
  }

  match(method: string, path: string): Result<Entry> {
    const values: string[] = [];
    const route = find(this.#root, method, segmentsOf(path), 0, values);
    if (route === null) return [[]];
    const params: Params = Object.create(null);
    for (let at = 0; at < values.length; at++) params[route.parameters[at] as string] = values[at] as string;
    return [[[route.entry, params]]];
  }
}

function segmentsOf(path: string): string[] {
  const segments = path.split('/');
  // In front of the first slash, and behind the last.
  segments.shift();
  if (segments[segments.length - 1] === '') segments.pop();
  return segments;
}

function find(node: Node, method: string, segments: readonly string[], at: number, values: string[]): Route | null {
  const segment = segments[at];
  if (segment === undefined) return node.routes[method] ?? null;
  const child = node.children[segment];
  const found = child === undefined ? null : find(child, method, segments, at + 1, values);
  if (found !== null || node.parameter === null || segment === '') return found;
  values.push(segment);
  const other = find(node.parameter, method, segments, at + 1, values);
  if (other === null) values.pop();
  return other;
}

function inTurn(first: H, second: H): H {
  return (c, next) => first(c, () => second(c, next));
}
