/** The event loop on QuickJS: what nobody catches is reported, and never ends the process. */
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { host, loop, takeStrays } from './runtime.ts';

const test = suite('quickjs loop');

/** When all that is due now has been done. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    loop.timer(0, () => loop.soon(resolve));
  });
}

function messages(): string[] {
  return takeStrays().map((error) => (error instanceof Error ? error.message : String(error)));
}

test('what a callback throws is reported, and the next one is called', async () => {
  let calls = 0;
  loop.soon(() => {
    throw new Error('soon');
  });
  loop.timer(0, () => {
    throw new Error('timer');
  });
  loop.timer(0, () => {
    calls += 1;
  });
  const listener = await host.net.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
    connection.close();
    throw new Error('descriptor');
  });
  const client = await host.net.connect(listener.address);
  await client.read().catch(() => null);
  client.close();
  await listener.close();
  await settled();
  assert.is(calls, 1);
  assert.equal(messages().sort(), ['descriptor', 'soon', 'timer']);
});

test('a rejection without a handler is reported, one that gets its handler in the same turn is not', async () => {
  const failing = async (message: string): Promise<void> => {
    await Promise.resolve();
    throw new Error(message);
  };
  void failing('alone');
  const handled = failing('handled');
  let caught = '';
  loop.soon(() => {});
  await handled.catch((error: Error) => {
    caught = error.message;
  });
  void Promise.reject('no error at all');
  await settled();
  assert.is(caught, 'handled');
  assert.equal(messages().sort(), ['alone', 'no error at all']);
});

test('a stack that is too deep and a cycle of garbage leave the loop as it was', async () => {
  const deep = (depth: number): number => (depth < 0 ? 0 : 1 + deep(depth + 1));
  loop.soon(() => {
    const ring: { next?: unknown }[] = Array.from({ length: 1000 }, () => ({}));
    ring.forEach((one, at) => {
      one.next = ring[(at + 1) % ring.length];
    });
    deep(0);
  });
  await settled();
  assert.match(messages().join(), /stack overflow/);
});
