import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { openApi } from '../../http-api/kafka/openapi.ts';
import { at, document, documentText, type Parameter, resolve, shapeOf, violation } from './openapi-document.ts';
import { tour } from './openapi-tour.ts';
import { face } from './harness.ts';

const test = suite('openapi');
const methods = ['get', 'put', 'post', 'delete', 'patch'];

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);

test('is an OpenAPI 3.1 document of this version, whose references lead somewhere and are all used', () => {
  assert.match(document.openapi, /^3\.1\./);
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  assert.is(document.info.version, version);
  const references = new Set([...documentText.matchAll(/"\$ref":\s*"([^"]+)"/g)].map(([, pointer]) => pointer ?? ''));
  for (const pointer of references) at(pointer);
  for (const [kind, entries] of Object.entries(document.components)) {
    for (const name of Object.keys(entries))
      assert.ok(references.has(`#/components/${kind}/${name}`), `${kind}/${name}`);
  }
});

test('operations have an id of their own, a tag that is listed, and exactly the parameters of their path', () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  assert.is(new Set(ids).size, ids.length);
  const tags = document.tags.map(({ name }) => name);
  for (const { path, method, operation } of operations) {
    assert.ok(methods.includes(method), method);
    assert.ok(operation.tags.length > 0 && operation.tags.every((tag) => tags.includes(tag)), path);
    const parameters = (operation.parameters ?? []).map((parameter) => resolve<Parameter>(parameter));
    const inPath = parameters.filter((parameter) => parameter.in === 'path');
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
    assert.equal(inPath.map(({ name }) => name).sort(), named.sort(), path);
    assert.ok(
      inPath.every(({ required }) => required === true),
      path,
    );
    assert.is(new Set(parameters.map(({ name }) => name)).size, parameters.length, path);
  }
});

test('every schema is one, and refuses members that it does not name', () => {
  for (const [name, schema] of Object.entries(document.components['schemas'] ?? {})) {
    violation(schema, null);
    if (schema['type'] === 'object' && schema['additionalProperties'] === undefined) {
      assert.ok(violation(schema, { 'no such member': 1 }) !== null, name);
    }
  }
});

test('every route is in the document, and nothing else is', () => {
  const { app } = face();
  const served = new Set(app.routes.map(({ method, path }) => `${method} ${shapeOf(path)}`));
  const documented = new Set(operations.map(({ method, path }) => `${method.toUpperCase()} ${shapeOf(path)}`));
  assert.equal([...served, 'GET /openapi.json'].sort(), [...documented].sort());
});

test('is served as it is, or not at all', async () => {
  const { app } = face();
  openApi(() => documentText)(app, undefined as never);
  const reply = await app.request('http://x/openapi.json');
  assert.equal([reply.status, reply.headers.get('content-type')], [200, 'application/json']);
  assert.is(await reply.text(), documentText);
  const { app: without } = face();
  openApi(() => null)(without, undefined as never);
  assert.is((await without.request('http://x/openapi.json')).status, 404);
});

test('requests and replies of a tour of everything are as it says, and all that it says is seen', async () => {
  const seen = await tour();
  const missing = operations.flatMap(({ path, method, operation }) =>
    Object.entries(operation.responses).flatMap(([status, response]) => {
      if (status === 'default') return [];
      const reply = resolve(response);
      const types = Number(status) < 300 ? Object.keys(('content' in reply && reply.content) || { '': 0 }) : ['*'];
      return types.map((type) => `${method.toUpperCase()} ${path} ${status} ${type}`).filter((one) => !seen.has(one));
    }),
  );
  assert.equal(missing, []);
});
