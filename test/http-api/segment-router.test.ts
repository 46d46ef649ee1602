/** The router: against hono's small one, which tries a regular expression for each route, on all that could be a path. */
import fc from 'fast-check';
import { PatternRouter } from 'hono/router/pattern-router';
import { Hono } from 'hono/tiny';
import type { H, RouterRoute } from 'hono/types';
import * as assert from 'uvu/assert';
import { SegmentRouter } from '../../http-api/segment-router.ts';
import { suite } from '../support/suite.ts';

const test = suite('segment router');

const handler: H = () => new Response(null);

function entryOf(method: string, path: string): [H, RouterRoute] {
  return [handler, { basePath: '/', path, method, handler }];
}

const PATTERNS = [
  '/',
  '/t',
  '/t/:topic',
  '/t/-/configs',
  '/t/:topic/configs',
  '/t/:topic/configs:alter',
  '/t/:topic/:x/y',
];
const METHODS = ['GET', 'POST'];

test('finds what patterns by regular expression find first', () => {
  const ours = new SegmentRouter();
  const theirs = new PatternRouter<[H, RouterRoute]>();
  for (const method of METHODS) {
    for (const path of PATTERNS) {
      ours.add(method, path, entryOf(method, path));
      theirs.add(method, path, entryOf(method, path));
    }
  }
  const segment = fc.constantFrom(
    '',
    't',
    '-',
    'configs',
    'configs:alter',
    ':topic',
    'y',
    '__proto__',
    'constructor',
    '%2F',
  );
  const path = fc.array(segment, { maxLength: 5 }).map((segments) => `/${segments.join('/')}`);
  fc.assert(
    fc.property(fc.constantFrom(...METHODS, 'PUT'), path, (method, tried) => {
      const [found] = ours.match(method, tried);
      const [expected] = theirs.match(method, tried);
      assert.is(found.length, Math.min(1, expected.length), tried);
      const [one, other] = [found[0], expected[0]];
      if (one === undefined || other === undefined) return;
      assert.is(one[0][1].path, other[0][1].path, tried);
      assert.equal({ ...one[1] }, { ...other[1] }, tried);
    }),
  );
});

test('handlers of one pattern are asked one after the other', async () => {
  const app = new Hono();
  app.router = new SegmentRouter() as typeof app.router;
  const asked: string[] = [];
  app.get('/t/:topic', (_, next) => {
    asked.push('first');
    return next();
  });
  app.get('/t/:topic', (c) => {
    asked.push(`second: ${c.req.param('topic')}`);
    return new Response(null, { status: 202 });
  });
  app.get('/nobody', (_, next) => next());
  app.notFound(() => new Response('nobody', { status: 404 }));
  assert.is((await app.request('/t/a%20b/')).status, 202);
  assert.equal(asked, ['first', 'second: a b']);
  assert.is((await app.request('/nobody')).status, 404);
  assert.is((await app.request('/t')).status, 404);
});

test('one pattern has one set of names', () => {
  const router = new SegmentRouter();
  router.add('GET', '/t/:topic', entryOf('GET', '/t/:topic'));
  assert.throws(() => router.add('GET', '/t/:name', entryOf('GET', '/t/:name')), /parameters by other names/);
});
