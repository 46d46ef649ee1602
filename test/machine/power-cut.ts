/**
 * The plug is pulled in mid-load, with one service on ext4, whose disk loses its write cache, and one on JFFS2 on NOR
 * flash. After the next boot everything that a client had been told is there, on every image that the disk could have
 * been left with.
 */
import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fastDisk, loggedDisk, makeExt4, readOnlyDisk } from '../../scripts/machine/disks.ts';
import type { StartFiles } from '../../scripts/machine/initial-files.ts';
import { Machine } from '../../scripts/machine/machine.ts';
import { readWriteLog, replayWrites } from '../../scripts/machine/write-log.ts';
import { GuestService } from './guest-service.ts';
import { BUDGETS } from './phases.ts';
import type { Report } from './report.ts';
import { DATA_BYTES, PROGRAMS, type Runtime } from './scenario.ts';

const SECTOR_BYTES = 512;
/** As many acknowledgements there must be on each before the cut, and so many more at random. */
const LEAST_ACKS = 400;
const ACK_BYTES = 8;
const STALLED_MS = 120_000;
const MOST_REQUESTS = 1_000_000;
const PLACES = [
  { name: 'ext4', directory: '/data/log', port: 8082, outgoing: 1 },
  { name: 'jffs2', directory: '/flash/log', port: 8083, outgoing: 2 },
] as const;

interface CutOptions {
  readonly report: Report;
  readonly runtime: Runtime;
  readonly files: StartFiles;
  readonly directory: string;
  readonly seed: number;
}

/** By offset, the number that the value there was made of. */
type Records = ReadonlyMap<number, number>;

interface Survivors {
  readonly flash: Uint8Array;
  /** By name of place. */
  readonly acked: Readonly<Record<string, Records>>;
  readonly images: readonly { readonly name: string; readonly path: string }[];
}

export async function cutPower(options: CutOptions): Promise<void> {
  mkdirSync(options.directory, { recursive: true });
  const survivors = await loadAndCut(options);
  await lookAfter(options, survivors);
}

async function loadAndCut({ report, runtime, files, directory, seed }: CutOptions): Promise<Survivors> {
  const [before, image, log] = ['before.img', 'data.img', 'writes'].map((name) => `${directory}/${name}`) as [
    string,
    string,
    string,
  ];
  makeExt4(before, DATA_BYTES, null);
  copyFileSync(before, image);
  const machine = await Machine.boot({
    directory,
    files,
    disks: [readOnlyDisk(runtime.programs), loggedDisk(image, log)],
  });
  try {
    await machine.run(`mount -t ext4 -o ro /dev/vda ${PROGRAMS} && mount -t ext4 /dev/vdb /data`);
    await machine.run('mount -t jffs2 /dev/mtdblock0 /flash');
    for (const place of PLACES) {
      const service = await GuestService.start(machine, place.port, runtime.serve(place.directory, place.port));
      if (place.name === 'jffs2') await measureOnFlash(report, runtime, service);
      await machine.run(`echo ${service.pid} >/tmp/${place.name}.pid`);
    }
    for (const { port, outgoing } of PLACES) {
      const load = `port=${port} topic=cut connections=8 requests=${MOST_REQUESTS} acks=${outgoing}`;
      await machine.run(`load run ${load} >/tmp/load-${port}.log 2>&1 &`);
    }
    const least = (LEAST_ACKS + (random(seed)() % LEAST_ACKS)) * ACK_BYTES;
    await waitForAcks(machine, least);
  } finally {
    await machine.powerOff();
  }
  const writes = readWriteLog(log);
  const lost = writes.filter(({ isDurable }) => !isDurable).length;
  report.print({ runtime: runtime.name, figure: 'power-cut/writes-in-the-cache', value: lost, unit: 'writes' });
  const next = random(seed + 1);
  const partOf = (bytes: Uint8Array): Uint8Array =>
    bytes.subarray(0, (next() % (bytes.length / SECTOR_BYTES + 1)) * SECTOR_BYTES);
  const kept = { none: (bytes: Uint8Array) => bytes.subarray(0, 0), all: (bytes: Uint8Array) => bytes, some: partOf };
  const images = Object.entries(kept).map(([name, keep]) => {
    const path = `${directory}/${name}.img`;
    replayWrites(before, writes, path, keep);
    return { name, path };
  });
  const acked = Object.fromEntries(
    PLACES.map(({ name, outgoing }) => [name, parseRecords(machine.readOutgoing(outgoing))] as const),
  );
  return { flash: machine.readFlash(), acked, images };
}

/**
 * An emulated disk hangs now and then, which is no less a moment to pull the plug; rejects when that is so before enough
 * was acknowledged.
 */
async function waitForAcks(machine: Machine, bytes: number): Promise<void> {
  const sizes = (): number[] => PLACES.map(({ outgoing }) => statSync(machine.outgoingPath(outgoing)).size);
  let [before, since] = [sizes(), Date.now()];
  for (let now = before; now.some((size) => size < bytes); now = sizes()) {
    await delay(20);
    if (now.some((size, at) => size < bytes && size !== before[at])) [before, since] = [now, Date.now()];
    if (Date.now() - since < STALLED_MS) continue;
    if (now.every((size) => size >= LEAST_ACKS * ACK_BYTES)) return;
    throw new Error(`no acknowledgement for ${STALLED_MS} ms: ${now.join(' and ')} bytes of them`);
  }
}

async function measureOnFlash(report: Report, runtime: Runtime, service: GuestService): Promise<void> {
  const figure = (name: string, value: number, unit: string) => ({
    runtime: runtime.name,
    figure: `jffs2/${name}`,
    value,
    unit,
  });
  report.print(figure('start/first-200', service.msToFirstAnswer, 'ms'));
  const idle = await service.memory();
  report.expect(figure('memory/idle/VmRSS', idle.VmRSS, 'kB'), { atMost: BUDGETS.idleRssKib });
  const { requests, ms } = await service.load({ topic: 'flash', connections: 8, requests: 2000 });
  report.print(figure('requests/8-connections', (requests * 1000) / ms, 'requests/s'));
  const loaded = await service.memory();
  for (const name of ['VmRSS', 'VmHWM', 'RssAnon', 'PSS'] as const) {
    report.print(figure(`memory/after-2000-produces/${name}`, loaded[name], 'kB'));
  }
}

async function lookAfter({ report, runtime, files, directory, seed }: CutOptions, survivors: Survivors): Promise<void> {
  const { flash, acked, images } = survivors;
  const disks = [readOnlyDisk(runtime.programs), ...images.map(({ path }) => fastDisk(path))];
  const machine = await Machine.boot({ directory, files, disks, flash });
  try {
    await machine.run(`mount -t ext4 -o ro /dev/vda ${PROGRAMS}`);
    for (const [at, { name }] of images.entries()) {
      await machine.run(`mount -t ext4 /dev/vd${String.fromCharCode('b'.charCodeAt(0) + at)} /data`);
      const what = `power-cut/ext4/cache-kept-${name}`;
      await checkPlace({ report, runtime, machine, what, seed, acked: acked['ext4'] ?? new Map() }, '/data/log');
      await machine.run('umount /data');
    }
    await machine.run('mount -t jffs2 /dev/mtdblock0 /flash');
    const what = 'power-cut/jffs2';
    await checkPlace({ report, runtime, machine, what, seed, acked: acked['jffs2'] ?? new Map() }, '/flash/log');
  } finally {
    await machine.powerOff();
  }
}

interface PlaceOptions {
  readonly report: Report;
  readonly runtime: Runtime;
  readonly machine: Machine;
  readonly what: string;
  readonly seed: number;
  readonly acked: Records;
}

async function checkPlace({ report, runtime, machine, what, seed, acked }: PlaceOptions, log: string): Promise<void> {
  const port = 8082;
  const before = machine.readOutgoing(1).length;
  const service = await GuestService.start(machine, port, runtime.serve(log, port));
  await machine.run(`load dump port=${port} topic=cut out=1`);
  const found = parseRecords(machine.readOutgoing(1).slice(before));
  const faults = [...acked]
    .filter(([offset, sequence]) => found.get(offset) !== sequence)
    .map(
      ([offset, sequence]) => `offset ${offset}: ${found.get(offset) ?? 'nothing'}, want ${sequence} (seed ${seed})`,
    );
  const damaged = [...found].filter(([, sequence]) => sequence === -1).map(([offset]) => `offset ${offset}: damaged`);
  const said = (await service.readLog()).split('\n').filter((line) => line.includes('damage: '));
  await service.load({ topic: 'cut', connections: 4, requests: 100, first: found.size });
  report.check(runtime.name, what, [...faults, ...damaged, ...said], { acknowledged: acked.size, found: found.size });
  await service.kill();
}

/** Lines `SEQUENCE OFFSET`; one that the cut has torn is no line. */
function parseRecords(text: string): Records {
  const lines = text.split('\n').slice(0, -1);
  return new Map(
    lines.map((line) => {
      const [sequence = Number.NaN, offset = Number.NaN] = line.split(' ').map(Number);
      return [offset, sequence];
    }),
  );
}

/** Numbers that a seed determines. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}
