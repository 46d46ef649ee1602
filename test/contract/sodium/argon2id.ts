/** Argon2id: what it gives, what it refuses, and that it runs beside the event loop. */
import * as assert from 'uvu/assert';
import type { Argon2Cost } from '../../../targets/host.ts';
import { suite } from '../../support/suite.ts';
import { ascii, rejectsCode } from '../host/harness.ts';
import { counting, fromHex, misaligned, type SodiumFactory, toHex } from './harness.ts';

/** Two of libsodium's own (test/default/pwhash_argon2id.c): those of RFC 9106 have four lanes and a secret. */
const vectors = [
  {
    password: `a347ae92bce9f80f6f595a4480fc9c2fe7e7d7148d371e9487d75f5c23008ffae065577a928febd9b1973a5a95073acd
      beb6a030cfc0d79caa2dc5cd011cef02c08da232d76d52dfbca38ca8dcbd665b17d1665f7cf5fe59772ec909733b24de
      97d6f58d220b20c60d7c07ec1fd93c52c31020300c6c1facd77937a597c7a6`,
    salt: '5541fbc995d5c197ba290346d2c559de',
    passes: 5,
    memoryBytes: 7_256_678,
    want: `18acec5d6507739f203d1f5d9f1d862f7c2cdac4f19d2bdff64487e60d969e3ced615337b9eec6ac4461c6ca07f09397
      41e57c24d0005c7ea171a0ee1e7348249d135b38f222e4dad7b9a033ed83f5ca27277393e316582033c74affe2566a2b
      ea47f91f0fd9fe49ece7e1f79f3ad6e9b23e0277c8ecc4b313225748dd2a80f5679534a0700e246a79a49b3f74eb89ec
      6205fe1eeb941c73b1fcf1`,
  },
  {
    password: 'b540beb016a5366524d4605156493f9874514a5aa58818cd0c6dfffaa9e90205f17b',
    salt: '44071f6d181561670bda728d43fb79b4',
    passes: 1,
    memoryBytes: 1_631_659,
    want: `7fb72409b0987f8190c3729710e98c3f80c5a8727d425fdcde7f3644d467fe973f5b5fee683bd3fce812cb9ae5e9921a
      2d06c2f1905e4e839692f2b934b682f11a2fe2b90482ea5dd234863516dba6f52dc0702d324ec77d860c2e181f84472b
      d7104fedce071ffa93c5309494ad51623d214447a7b2b1462dc7d5d55a1f6fd5b54ce024118d86f0c6489d16545aaa87
      b6689dad9f2fb47fda9894f8e12b87d978b483ccd4cc5fd9595cdc7a818452f915ce2f7df95ec12b1c72e3788d473441
      d884f9748eb14703c21b45d82fd667b85f5b2d98c13303b3fe76285531a826b6fc0fe8e3dddecf`,
  },
];

const cheap: Argon2Cost = { memoryBytes: 8192, passes: 1, lengthBytes: 32 };

export function argon2Contract({ name, host }: SodiumFactory): void {
  const test = suite(`${name}: Argon2id`);

  for (const { password, salt, passes, memoryBytes, want } of vectors) {
    test(`published vector of ${passes} passes`, async () => {
      const { argon2id } = await host.sodium();
      const wanted = toHex(fromHex(want));
      const cost = { memoryBytes, passes, lengthBytes: wanted.length / 2 };
      assert.is(toHex(await argon2id(misaligned(fromHex(password)), misaligned(fromHex(salt)), cost)), wanted);
    });
  }

  test('the loop turns meanwhile', async () => {
    const { argon2id } = await host.sodium();
    let isDone = false;
    const hash = argon2id(ascii('password'), counting(16), { memoryBytes: 8 << 20, passes: 5, lengthBytes: 16 });
    void hash.then(() => {
      isDone = true;
    });
    for (let turn = 0; turn < 10; turn += 1) {
      await new Promise<void>((resolve) => host.clock.soon(resolve));
      assert.not(isDone, `after turn ${turn}`);
    }
    assert.is((await hash).length, 16);
  });

  test('arguments are read before the call returns', async () => {
    const { argon2id } = await host.sodium();
    const want = toHex(await argon2id(ascii('password'), counting(16), cheap));
    const [password, salt, cost] = [ascii('password'), counting(16), { ...cheap }];
    const hash = argon2id(password, salt, cost);
    password.fill(0);
    salt.fill(0);
    cost.memoryBytes = 16_384;
    assert.is(toHex(await hash), want);
  });

  test('several at a time do not disturb each other', async () => {
    const { argon2id } = await host.sodium();
    const hashes = await Promise.all(
      [8192, 65_536, 8192, 9000].map((memoryBytes) =>
        argon2id(new Uint8Array(), counting(16), { ...cheap, memoryBytes }),
      ),
    );
    const [a, b, again, rounded] = hashes.map(toHex);
    assert.is(a, again);
    assert.is(a, rounded);
    assert.is.not(a, b);
  });

  test('what it cannot do is refused', async () => {
    const { argon2id } = await host.sodium();
    const bad: readonly Partial<Argon2Cost>[] = [
      { memoryBytes: 8191 },
      { memoryBytes: 2 ** 30 + 1 },
      { memoryBytes: NaN },
      { memoryBytes: 2 ** 32 + 8192 },
      { passes: 0 },
      { passes: 1001 },
      { passes: 1.5 },
      { lengthBytes: 15 },
      { lengthBytes: 16.5 },
      { lengthBytes: -1 },
      { lengthBytes: 2 ** 60 },
      { lengthBytes: 1025 },
    ];
    for (const change of bad) {
      await rejectsCode(() => argon2id(ascii('password'), counting(16), { ...cheap, ...change }), 'EINVAL');
    }
    for (const saltBytes of [0, 8, 15, 17]) {
      await rejectsCode(() => argon2id(ascii('password'), counting(saltBytes), cheap), 'EINVAL');
    }
  });
}
