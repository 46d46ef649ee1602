/** A binary that gets no more memory ends with a line and a code of its own, and goes on where it was when started again. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { CPUS } from '../../scripts/targets/cpus.ts';
import { programOf } from '../support/program.ts';
import { startService } from '../support/service.ts';
import { suite } from '../support/suite.ts';

const test = suite('out of memory');
const title = 'the service ends cleanly, keeps what it acknowledged, and starts again';
/** EX_OSERR of sysexits.h. */
const exitCode = 71;
/** Of addresses, for all of the process; it starts with about half of it. */
const limitKiB = 16_384;
const own = CPUS.find(({ emulator }) => emulator === null)?.name ?? '';
const binaries = process.env['STREAMBED_BINARIES'] ?? 'dist/targets';

function body(value: string): RequestInit {
  const headers = { 'content-type': 'application/vnd.kafka.json.v2+json' };
  return { method: 'POST', headers, body: JSON.stringify({ records: [{ value }] }) };
}

async function diesOfMemory(root: string): Promise<void> {
  const program = programOf(own);
  const limited = ['sh', '-c', `ulimit -v ${limitKiB} && exec "$@"`, 'sh', ...program.streambed];
  const service = await startService(root, ['--max-body-bytes', '33554432'], { ...program, streambed: limited });
  const kept = await fetch(`${service.url}/topics/t`, body('kept'));
  assert.is(kept.status, 200, await kept.text());
  const reply = await fetch(`${service.url}/topics/t`, body('x'.repeat(20_000_000))).catch(() => null);
  assert.is(reply, null, 'no answer');
  assert.equal(await service.ended, { code: exitCode, signal: null });
  assert.is(service.lines.at(-1), 'streambed: out of memory');
}

if (existsSync(`${binaries}/${own}/streambed`)) {
  test(title, async () => {
    const root = mkdtempSync(`${tmpdir()}/streambed-memory-`);
    try {
      await diesOfMemory(root);
      const service = await startService(root, [], programOf(own));
      const { end_offset: length } = (await (
        await fetch(`${service.url}/topics/t/partitions/0/offsets`, {
          headers: { accept: 'application/vnd.kafka.v2+json' },
        })
      ).json()) as { end_offset: number };
      assert.is(length, 1, 'what was acknowledged, and nothing else');
      assert.equal(await service.end('SIGTERM'), { code: 0, signal: null });
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
} else {
  test.skip(title, 'there is no binary of this machine: npm run build:targets');
}
