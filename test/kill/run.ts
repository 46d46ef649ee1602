/**
 * `npm run test:kill -- [--rounds N] [--seed S]`: kills the built service with SIGKILL at random moments while it
 * serves HTTP producers, starts it again, and checks after each kill what is there:
 * - every acknowledged record, once, at the offset that was told;
 * - a request that is repeated under its producer id and sequence until it is acknowledged, once as well;
 * - of what was never acknowledged, nothing twice;
 * - offsets that are unique and ascend, and no record that nobody sent.
 *
 * The last line is `N passed, N failed, N skipped`, a round being a test. The seed is printed; it decides what is sent
 * and when the service is killed, but not how the two meet.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Service, startService } from '../support/service.ts';
import { KillProducer } from './producer.ts';
import { randomFrom } from './random.ts';
import { checkTopic, TOPICS } from './topics.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    producers: { type: 'string', default: '8' },
  },
});
const rounds = Number(values.rounds);
const random = randomFrom(Number(values.seed));
console.log(`seed ${values.seed}`);

const root = mkdtempSync(join(tmpdir(), 'streambed-kill-'));
let service: Service = await startService(root);
let passed = 0;
let failed = 0;
try {
  for (const { name, partitions, config } of TOPICS) {
    const body = JSON.stringify({ topic_name: name, partitions_count: partitions, configs: config });
    const url = `${service.url}/v3/clusters/streambed/topics`;
    const { status } = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    if (status !== 201) throw new Error(`topic ${name}: ${status}`);
  }
  const producers = Array.from({ length: Number(values.producers) }, (_, index) => new KillProducer(index, random()));
  for (let round = 1; round <= rounds; round += 1) {
    const { url } = service;
    const producing = producers.map((producer) => producer.run(url));
    await new Promise((resolve) => setTimeout(resolve, 20 + random() * 400));
    await service.end('SIGKILL');
    await Promise.all(producing);
    const acknowledged = producers.reduce((sum, producer) => sum + producer.acknowledged, 0);
    service = await startService(root);
    const wrong = await checkAll(producers);
    for (const line of wrong.slice(0, 20)) console.log(`round ${round}: ${line}`);
    if (wrong.length === 0) passed += 1;
    else failed += 1;
    console.log(`round ${round}: ${acknowledged} records acknowledged, ${wrong.length} wrong`);
  }
  await service.end('SIGTERM');
} finally {
  service.child.kill('SIGKILL');
  if (failed === 0) rmSync(root, { recursive: true, force: true });
  else console.log(`the log is kept in ${root}`);
}
console.log(`${passed} passed, ${failed} failed, ${rounds - passed - failed} skipped`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/** What each producer has open is repeated first, so that the next check can ask for it. */
async function checkAll(producers: readonly KillProducer[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const producer of producers) wrong.push(...(await producer.finish(service.url)));
  for (const { name, partitions } of TOPICS)
    wrong.push(...(await checkTopic(service.url, name, partitions, producers)));
  return wrong;
}
