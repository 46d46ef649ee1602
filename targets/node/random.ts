/** Random bytes from OpenSSL's generator, which the kernel seeds. */
import { randomFillSync } from 'node:crypto';
import type { Random } from '../host.ts';

export const nodeRandom: Random = {
  fill: (into) => {
    randomFillSync(into);
  },
};
