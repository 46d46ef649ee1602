/** What the C host has of libsodium, as the port wants it. */
import type { Sodium } from '../host.ts';
import { hostError } from './host-error.ts';
import type { Jobs } from './jobs.ts';
import type { Native } from './native.ts';

const noKey = new Uint8Array();

export function quickjsSodium(native: Native, jobs: Jobs): Sodium {
  const { seal, open, chachaSeal, chachaOpen, equal } = native;
  return {
    seal,
    open,
    chachaSeal,
    chachaOpen,
    blake2b: (message, lengthBytes, key) =>
      key === undefined
        ? native.plainBlake2b(noKey, message, whole(lengthBytes, 16, 64))
        : native.keyedBlake2b(key, message, whole(lengthBytes, 16, 64)),
    hmac: (hash, key, message) => {
      if (hash === 'sha2-256') return native.hmac256(key, message);
      if (hash === 'sha2-512') return native.hmac512(key, message);
      throw hostError('EINVAL', `hmac: no hash ${String(hash)}`);
    },
    argon2id: async (password, salt, { memoryBytes, passes, lengthBytes }) => {
      const hash = new Uint8Array(whole(lengthBytes, 16, 1024));
      const [memory, count] = [whole(memoryBytes, 8192, 2 ** 30), whole(passes, 1, 1000)];
      const [copy, saltCopy] = [password.slice(), salt.slice()];
      try {
        await jobs.run('argon2id', (job) => native.beginArgon2id(copy, saltCopy, hash, memory, count, job));
      } finally {
        copy.fill(0);
      }
      return hash;
    },
    equal,
    wipe: (bytes) => {
      bytes.fill(0); // the interpreter leaves nothing out
    },
  };
}

function whole(value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw hostError('EINVAL', `${value}: want ${least} to ${most}`);
}
