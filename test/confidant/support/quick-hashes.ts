/** A host whose passwords are hashed at no cost, for whatever it is not the cost that is tried of. */
import type { Host, Sodium } from '../../../targets/host.ts';

export function quickHashes(host: Host): Host {
  const { files, kv, net, clock, random, bytes, aes } = host;
  let quick: Promise<Sodium> | null = null;
  return { files, kv, net, clock, random, bytes, aes, sodium: () => (quick ??= host.sodium().then(quickened)) };
}

function quickened(slow: Sodium): Sodium {
  return {
    seal: (...given) => slow.seal(...given),
    open: (...given) => slow.open(...given),
    chachaSeal: (...given) => slow.chachaSeal(...given),
    chachaOpen: (...given) => slow.chachaOpen(...given),
    blake2b: (...given) => slow.blake2b(...given),
    hmac: (...given) => slow.hmac(...given),
    equal: (...given) => slow.equal(...given),
    wipe: (bytes) => slow.wipe(bytes),
    argon2id: async (password, salt, { lengthBytes }) => slow.blake2b(password, lengthBytes, salt),
  };
}
