/** What `examples/iot-service` goes through wherever it runs: the same story on each, since it is the same service. */
import * as assert from 'uvu/assert';

/** A running one; what cannot be done, since it has ended, rejects. */
export interface IotService {
  /** The answer as JSON; fails when it has another status. */
  get(path: string, status?: number, method?: string): Promise<object>;
  /** To its standard input. */
  write(text: string): Promise<void>;
  endInput(): Promise<void>;
  /** Resolves when it has written a line with this text. */
  said(text: string): Promise<void>;
  /** Resolves with the exit code; null: it was killed. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
}

/** `start` begins with an empty log, and goes on from it the next time. Each chapter builds on the ones before. */
export async function tellStory(
  start: () => Promise<IotService>,
  chapter: (title: string, body: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const first = await start();
  await chapter('lines become readings', () => takeLines(first));
  await chapter('what is not known', () => askInVain(first));
  await chapter('compaction keeps the last readings', () => compact(first));
  const state = await first.get('/sensors/t1');
  await first.end('SIGKILL');
  const second = await start();
  await chapter('it goes on from the log', () => goOn(second, state));
  await chapter('its input ends', () => endInput(second));
  await chapter('it stops when it is told to', async () => {
    assert.is(await second.end('SIGTERM'), 0);
    await second.said('stopped');
  });
}

/** Asks until the answer is as wanted. */
export async function until(
  service: IotService,
  path: string,
  isWanted: (answer: readonly { readonly value: number }[]) => boolean,
): Promise<void> {
  for (;;) {
    const all = (await service.get('/sensors')) as Record<string, unknown>;
    const isThere = Object.hasOwn(all, decodeURIComponent(path.replace('/sensors/', '')));
    if (isThere && isWanted((await service.get(path)) as { value: number }[])) return;
  }
}

async function takeLines(service: IotService): Promise<void> {
  assert.equal(await service.get('/sensors'), {});
  await service.write('soil/1 31.5 1000\n# noise\nair 20 ');
  await service.write('2000\n\nair -2.125e1 3000\n');
  await until(service, '/sensors/air', ({ length }) => length === 2);
  assert.equal(await service.get('/sensors'), {
    air: { value: -21.25, at: 3000, offset: 2 },
    'soil/1': { value: 31.5, at: 1000, offset: 0 },
  });
  assert.equal(await service.get('/sensors/soil%2F1'), [{ value: 31.5, at: 1000, offset: 0 }]);
}

async function askInVain(service: IotService): Promise<void> {
  await service.said('1 lines were not understood');
  assert.equal(await service.get('/sensors/fire', 404), { error: '/sensors/fire is not known' });
  assert.equal(await service.get('/sensors/%zz', 404), { error: '/sensors/%zz is not known' });
}

async function compact(service: IotService): Promise<void> {
  const lines = Array.from({ length: 3000 }, (_, round) => `t${round % 2} ${round} ${round}\n`);
  for (let at = 0; at < lines.length; at += 100) await service.write(lines.slice(at, at + 100).join(''));
  await until(service, '/sensors/t1', (readings) => readings.at(-1)?.value === 2999);
  const [report] = (await service.get('/compaction', 200, 'POST')) as { bytesBefore: number; bytesAfter: number }[];
  assert.ok(report && report.bytesAfter < report.bytesBefore / 2, JSON.stringify(report));
  const kept = (await service.get('/sensors/t1')) as { value: number }[];
  assert.equal(
    kept.map(({ value }) => value),
    [2981, 2983, 2985, 2987, 2989, 2991, 2993, 2995, 2997, 2999],
  );
}

async function goOn(service: IotService, state: object): Promise<void> {
  await service.said('behind offset 3002');
  assert.equal(await service.get('/sensors/t1'), state);
  assert.is(((await service.get('/sensors')) as { air: { value: number } }).air.value, -21.25);
}

async function endInput(service: IotService): Promise<void> {
  await service.write('air 1 1');
  await service.endInput();
  await until(service, '/sensors/air', ({ length }) => length === 3);
}
