/**
 * The contract suite of `CommitLog`: what `logged/commit-log.ts` promises and can be seen from outside, for every
 * implementation on every runtime. What needs a look below (crashes, damage, locks) is tested with the implementation.
 */
import { groupContract } from './commit-log/groups.ts';
import type { LogFactory } from './commit-log/harness.ts';
import { lifecycleContract } from './commit-log/lifecycle.ts';
import { produceContract } from './commit-log/produce.ts';
import { producerContract } from './commit-log/producers.ts';
import { readContract } from './commit-log/read.ts';
import { refusalContract } from './commit-log/refusals.ts';
import { topicContract } from './commit-log/topics.ts';
import { waitContract } from './commit-log/wait.ts';

export function commitLogContract(factory: LogFactory): void {
  produceContract(factory);
  refusalContract(factory);
  readContract(factory);
  waitContract(factory);
  topicContract(factory);
  groupContract(factory);
  producerContract(factory);
  lifecycleContract(factory);
}
