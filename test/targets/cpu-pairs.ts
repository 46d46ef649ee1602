/**
 * A log that was written by one program is the same log to every other, whatever its CPU: for all ordered pairs of the
 * Node package and the binaries, one writes, the other shows the same to the last byte, goes on with it and is killed,
 * and the first shows and goes on in turn. Run by `npm run test:quickjs`, which builds the binaries; the golden bytes,
 * which every runtime makes again, prove that all of them write the same.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { type Program, programOf } from '../support/program.ts';
import { startService } from '../support/service.ts';
import { suite } from '../support/suite.ts';
import { base64 } from '../support/text.ts';

const test = suite('cpu pairs');
const programs = ['node', 'x86_64', 'mipsel_24kc', 'mips_24kc'].map(programOf);

const V3_TOPICS = '/v3/clusters/streambed/topics';
const JSON_TYPE = 'application/json';
const BINARY = 'application/vnd.kafka.binary.v2+json';

/** Three partitions in small segments, two that compaction works on, keys of 64 bits, and one that is never synced. */
const topics: readonly (readonly [name: string, partitions: number, config: Readonly<Record<string, string>>])[] = [
  ['events', 3, { 'segment.bytes': '4096' }],
  ['state', 2, { 'cleanup.policy': 'compact', 'segment.bytes': '4096', 'delete.retention.ms': '0' }],
  ['ns:keys', 1, {}],
  ['unsynced', 1, { 'streambed.durability': 'os' }],
];

/** What a program does with a log in turn: `tag` makes its records its own. */
async function write(program: Program, root: string, tag: string, signal: NodeJS.Signals): Promise<void> {
  const service = await startService(root, [], program);
  const post = async (path: string, body: string, type = JSON_TYPE): Promise<string> => {
    const response = await fetch(service.url + path, { method: 'POST', headers: { 'content-type': type }, body });
    const answer = await response.text();
    assert.ok(response.status < 300 || /already exists/i.test(answer), `${program.name} ${path}: ${answer}`);
    return answer;
  };
  for (const [name, partitions_count, config] of topics) {
    const configs = Object.entries(config).map(([key, value]) => ({ name: key, value }));
    await post(V3_TOPICS, JSON.stringify({ topic_name: name, partitions_count, configs }));
  }
  for (let round = 0; round < 6; round += 1) {
    const reports = await post(`${V3_TOPICS}/events/records`, eventsOf(tag, round));
    assert.is(reports.match(/"error_code":200/g)?.length, 40, reports);
    await post('/topics/state', stateOf(tag, round), BINARY);
  }
  await post('/topics/ns:keys', keysOf(tag));
  await post('/topics/unsynced', JSON.stringify({ records: [{ value: base64(tag) }] }), BINARY);
  const offsets = [0, 1, 2].map((partition) => ({ topic: 'events', partition, offset: tag.length + partition }));
  await post(`/consumers/group-${tag}/offsets`, JSON.stringify({ offsets }));
  await post('/consumers/shared/offsets', JSON.stringify({ offsets }));
  assert.is((await service.end(signal)).signal, signal === 'SIGKILL' ? signal : null);
}

/** Records with keys that are chosen partitions by, headers with and without a value, times, and bytes of all kinds. */
function eventsOf(tag: string, round: number): string {
  const all = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
  const records = Array.from({ length: 40 }, (_, i) => ({
    key: i % 7 === 0 ? null : { type: 'STRING', data: `${tag} ${i}` },
    value: i % 11 === 0 ? { type: 'STRING', data: all } : { type: 'JSON', data: { tag, round, i, half: i / 2 } },
    headers: i % 5 === 0 ? [{ name: 'größer', value: base64(`${round}`) }, { name: 'none' }] : [],
    ...(i % 3 === 0 ? { timestamp: `2024-02-29T12:34:${String(i).padStart(2, '0')}.000Z` } : {}),
    ...(i % 7 === 0 ? { partition_id: i % 3 } : {}),
  }));
  return records.map((record) => JSON.stringify(record)).join('\n');
}

/** The same keys in every round, and one that is deleted. */
function stateOf(tag: string, round: number): string {
  const records = Array.from({ length: 30 }, (_, i) => ({
    key: base64(`key ${i}`),
    value: i === round ? null : base64(`${tag} ${round} ${i} ${'x'.repeat(100)}`),
  }));
  return JSON.stringify({ records });
}

function keysOf(tag: string): string {
  const record = { topic: 'ns:keys', headers: [], timestamp: null, key: 'KEY', value: base64(tag), partition: 0 };
  const keys = ['0', '255', '4294967296', '9007199254740993', '9223372036854775808', '18446744073709551615'];
  const records = keys.map((key) => JSON.stringify(record).replace('"KEY"', key));
  return `{"records":[${records.join(',')}]}`;
}

function logged(program: Program, root: string, ...args: readonly string[]): string {
  const [command = '', ...before] = program.logged;
  const ran = spawnSync(command, [...before, '--root-path', root, ...args], {
    encoding: 'latin1',
    env: { PATH: process.env['PATH'], STREAMBED_ALLOW_VOLATILE: '1' },
  });
  assert.equal([ran.status, ran.stderr], [0, ''], `${program.name}: logged ${args.join(' ')}`);
  return ran.stdout;
}

/** All that a program can tell of a log: names, offsets, configurations, records, commits, and every frame. */
function shown(program: Program, root: string): Readonly<Record<string, string>> {
  const names = logged(program, root, 'topics', 'list').trim().split('\n');
  const groups = logged(program, root, 'groups', 'list').trim().split('\n');
  const segments = readdirSync(`${root}/topics`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.log'))
    .sort();
  return {
    topics: logged(program, root, 'topics', 'describe', '--json', ...names),
    groups: groups.map((group) => logged(program, root, 'groups', 'describe', '--json', group)).join(''),
    records: logged(program, root, 'subscribe', '-e', '-f', '%t %p %o %T %K %k %S %s %h\\n', ...names),
    lines: logged(program, root, 'subscribe', '-e', 'ns:keys'),
    verified: logged(program, root, 'verify'),
    frames: logged(program, root, 'dump', ...segments.map((name) => `${root}/topics/${name}`)),
  };
}

/** Every file of a log but locks, in hex. */
function filesOf(root: string): Readonly<Record<string, string>> {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8', withFileTypes: true });
  const files = names.filter((entry) => entry.isFile() && !entry.name.endsWith('.lock'));
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [
      `${parentPath.slice(root.length)}/${name}`,
      readFileSync(`${parentPath}/${name}`, 'hex'),
    ]),
  );
}

function same<T>(got: Readonly<Record<string, T>>, want: Readonly<Record<string, T>>, what: string): void {
  for (const [name, value] of Object.entries(want)) assert.equal(got[name], value, `${what}: ${name}`);
  assert.equal(Object.keys(got).sort(), Object.keys(want).sort(), what);
}

/** That the records of a turn are all there, to the last. */
function holds({ records = '', lines = '', topics: described = '' }: Readonly<Record<string, string>>, tag: string) {
  const events = records.split('\n').filter((line) => line.startsWith('events ') && line.includes(`"tag":"${tag}"`));
  assert.is(events.length, 6 * 36, `events of ${tag}`);
  assert.is(lines.split(base64(tag)).length - 1, 6, `keys of ${tag}`);
  assert.match(lines, /"key":18446744073709551615,/);
  assert.match(records, new RegExp(`^unsynced 0 \\d+ \\d+ -1 {2}${tag.length} ${tag} $`, 'm'));
  assert.match(described, /"segment.bytes"/);
}

let directory = '';
test.before(() => {
  directory = mkdtempSync(`${tmpdir()}/streambed-pairs-`);
});
test.after(() => rmSync(directory, { recursive: true, force: true }));

for (const first of programs) {
  const origin = (): string => `${directory}/${first.name}`;
  let before: Readonly<Record<string, string>> = {};

  test(`${first.name} writes`, async () => {
    await write(first, origin(), 'begun', 'SIGTERM');
    logged(first, origin(), 'compact', 'state');
    before = shown(first, origin());
    holds(before, 'begun');
    assert.ok(
      Object.keys(filesOf(origin())).some((name) => /\/state\/.*-\d+\.log$/.test(name)),
      'nothing was compacted',
    );
    assert.ok(
      Object.keys(filesOf(origin())).some((name) => /\/events\/.*\.index$/.test(name)),
      'there is no index',
    );
  });

  for (const second of programs.filter((program) => program !== first)) {
    test(`${second.name} reads what ${first.name} wrote and goes on, and so does ${first.name}`, async () => {
      const root = `${directory}/${first.name}-${second.name}`;
      cpSync(origin(), root, { recursive: true });
      const files = filesOf(root);
      same(shown(second, root), before, `${second.name} reads ${first.name}`);
      same(filesOf(root), files, `${second.name} changed what it read`);
      await write(second, root, 'gone on with', 'SIGKILL');
      const between = shown(second, root);
      holds(between, 'begun');
      holds(between, 'gone on with');
      same(shown(first, root), between, `${first.name} reads ${second.name}`);
      await write(first, root, 'and on', 'SIGTERM');
      logged(first, root, 'compact', 'state');
      const after = shown(first, root);
      for (const tag of ['begun', 'gone on with', 'and on']) holds(after, tag);
      same(shown(second, root), after, `${second.name} reads ${first.name} again`);
      rmSync(root, { recursive: true });
    });
  }
}
