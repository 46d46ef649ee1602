/** `sys/internal/specs/openapi`: the interface as it is mounted now, made from the routes themselves. */
import type { Engine, Route } from '../core/route.ts';
import { isSudoPath } from '../policy/sudo-paths.ts';
import type { SecretData } from '../secret-store.ts';

const methods = { read: 'get', update: 'post', patch: 'patch', delete: 'delete', list: 'get' } as const;

export function specRoutes(engines: () => Iterable<readonly [mount: string, engine: Engine]>): readonly Route[] {
  return [{ path: 'internal/specs/openapi', operations: { read: () => ({ data: describe(engines()), plain: true }) } }];
}

/** OpenAPI 3.0. A list is a GET with `list=true`, which OpenAPI can describe, where LIST is a method it cannot. */
function describe(engines: Iterable<readonly [mount: string, engine: Engine]>): SecretData {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [mount, { routes }] of engines) {
    for (const route of routes) {
      const name = `/${mount}${route.path}`.replace('...}', '}').replace(/\/$/, '');
      Object.assign((paths[name] ??= parametersOf(name)), operationsOf(route, name));
    }
  }
  return { openapi: '3.0.2', info, servers: [{ url: '/v1' }], paths };
}

const info = {
  title: 'Streambed secret store',
  description: "A subset of Vault's HTTP API.",
  version: '1',
  license: { name: 'Apache-2.0' },
};

function parametersOf(name: string): Record<string, unknown> {
  const names = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter = '']) => parameter);
  if (names.length === 0) return {};
  return { parameters: names.map((parameter) => ({ name: parameter, in: 'path', required: true, schema: text })) };
}

const text = { type: 'string' };
const body = { content: { 'application/json': { schema: { type: 'object' } } } };

function operationsOf({ operations, isOpen }: Route, name: string): Record<string, unknown> {
  const described: Record<string, unknown> = {};
  for (const [operation, method] of Object.entries(methods)) {
    if (operations[operation as keyof typeof methods] === undefined) continue;
    const isWrite = operation === 'update' || operation === 'patch';
    described[method] = {
      operationId: `${method}${name.replaceAll(/[^\w]+/g, '-')}`,
      ...(isOpen === true && { 'x-vault-unauthenticated': true }),
      ...(isSudoPath(name.slice(1)) && { 'x-vault-sudo': true }),
      ...(operations.list !== undefined &&
        method === 'get' && { parameters: [{ name: 'list', in: 'query', schema: text }] }),
      ...(isWrite && { requestBody: body }),
      responses: { 200: { description: 'OK' }, 204: { description: 'nothing to say' } },
    };
  }
  return described;
}
