/** The limit of `http.ts`: plain routes on the same stack that parse the same bodies and answer something as long. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono/tiny';

const app = new Hono();
app.post('/topics/:topic', async (context) => {
  const { records } = (await context.req.json()) as { records: unknown[] };
  const offsets = records.map((_, offset) => ({ partition: 0, offset, error_code: null, error: null }));
  return context.json({ offsets, key_schema_id: null, value_schema_id: null });
});
app.post('/v3/clusters/:cluster/topics/:topic/records', async (context) => {
  const cluster_id = context.req.param('cluster');
  const topic_name = context.req.param('topic');
  const records = (await context.req.text()).split('\n').map((line) => JSON.parse(line) as { value: object });
  const reports = records.map((_, offset) =>
    JSON.stringify({
      error_code: 200,
      cluster_id,
      topic_name,
      partition_id: 0,
      offset,
      timestamp: '2026-01-01T00:00:00Z',
      value: { type: 'BINARY', size: 100 },
    }),
  );
  return context.body(reports.join('\r\n'), 200, { 'content-type': 'application/json' });
});
const listener = getRequestListener(app.fetch);
const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
