/**
 * Random actions on the file log and on the reference log: topics, records, repeated calls, groups, compaction,
 * retention, closed, killed and cut off; after every action all that can be read must agree. A failure prints its seed;
 * MODEL_SEED runs one again, MODEL_RUNS runs more of them.
 */
import fc from 'fast-check';
import { MemoryClock } from '../support/memory-host/clock.ts';
import { suite } from '../support/suite.ts';
import { action } from './model/actions.ts';
import { ModelRun } from './model/run.ts';
import { referenceSubject } from './model/subject.ts';
import type { Subject } from './model/subject.ts';
import { fileLogSubject } from './model/file-log-subject.ts';
import { variable } from '../support/platform.ts';
import { some } from '../support/share.ts';

const numRuns = some(Number(variable('MODEL_RUNS') ?? 40));
const seed = Number(variable('MODEL_SEED') ?? Date.now() % 2 ** 31);
const test = suite('model');

function property(open: () => Promise<Subject>) {
  return fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 100, size: 'max' }), async (actions) => {
    const subject = await open();
    try {
      const run = new ModelRun(subject);
      for (const one of actions) await run.apply(one);
    } finally {
      await subject.close();
    }
  });
}

test(`the reference log agrees with itself (seed ${seed})`, async () => {
  await fc.assert(
    property(async () => referenceSubject(new MemoryClock(1_700_000_000_000))),
    { seed, numRuns },
  );
});

test(`the file log agrees with the reference log (seed ${seed})`, async () => {
  await fc.assert(
    property(() => fileLogSubject(seed)),
    { seed, numRuns },
  );
});
