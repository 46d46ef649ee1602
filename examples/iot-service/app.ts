/**
 * A service that keeps what sensors say: lines of standard input become records of the log, the records make its state,
 * and HTTP shows the state. Whatever ends it, it goes on from the log.
 */
import type { App, AppTerminal, Main } from 'streambed/app';
import type { FileLog } from 'streambed/logged';
import { answer } from './http.ts';
import { LatestReadings } from './latest-readings.ts';
import { parseOptions, UsageError } from './options.ts';
import { appendReadings, openReadingsLog, readingOf, TOPIC } from './readings-log.ts';
import { LineCutter, parseSensorLine, type Reading } from './sensor-line.ts';

const graceMs = 5_000;

export const main: Main = async (app) => {
  try {
    await run(app);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(app.terminal, error.message);
    return 2;
  }
};

async function run(app: App): Promise<void> {
  const { host, terminal } = app;
  const { data, listen, keep } = parseOptions(terminal);
  const log = await openReadingsLog(host, { root: data, keep, report: (line) => say(terminal, line) });
  try {
    const latest = new LatestReadings(keep);
    const next = await restore(app, log, latest);
    const serving = await app.serve({ address: listen, fetch: (request) => answer(request, log, latest) });
    say(terminal, `serving http://${serving.address.host}:${serving.address.port}/sensors, behind offset ${next - 1}`);
    const following = follow(app, log, latest, next);
    await takeLines(app, log);
    await Promise.all([interruption(terminal), following]);
    await serving.stop(graceMs);
  } finally {
    await log.close();
  }
  say(terminal, 'stopped');
}

/** Makes the state of all that is stored; the offset behind it. */
async function restore({ host }: App, log: FileLog, latest: LatestReadings): Promise<number> {
  let next = 0;
  for await (const record of log.subscribe({ subscriptions: [{ topic: TOPIC }], idleTimeoutMs: 0 })) {
    const reading = readingOf(host.bytes, record);
    if (reading !== null) latest.apply(reading, record.offset);
    next = record.offset + 1;
  }
  return next;
}

/** State changes when a record has been stored, and in no other way. */
async function follow({ host, terminal }: App, log: FileLog, latest: LatestReadings, next: number): Promise<void> {
  const { interrupted: signal } = terminal;
  const subscription = log.subscribe({ subscriptions: [{ topic: TOPIC }], from: { offset: next }, signal });
  for await (const record of subscription) {
    const reading = readingOf(host.bytes, record);
    if (reading !== null) latest.apply(reading, record.offset);
  }
}

/** Until the input ends; what has come together is stored together. */
async function takeLines({ host, terminal }: App, log: FileLog): Promise<void> {
  const cutter = new LineCutter((bytes) => host.bytes.decodeUtf8(bytes));
  const take = async (lines: readonly (string | null)[]): Promise<void> => {
    const read = lines.filter((line) => line !== '').map((line) => parseSensorLine(line ?? '', host.clock.now()));
    const readings = read.filter((reading): reading is Reading => reading !== null);
    if (readings.length < read.length) say(terminal, `${read.length - readings.length} lines were not understood`);
    await appendReadings(log, host.bytes, readings);
  };
  for (let bytes = await terminal.read(); bytes !== null; bytes = await terminal.read()) await take(cutter.push(bytes));
  await take([cutter.end()]);
}

function interruption({ interrupted }: AppTerminal): Promise<void> {
  return new Promise((resolve) => {
    if (interrupted.aborted) resolve();
    else interrupted.addEventListener('abort', () => resolve());
  });
}

function say(terminal: AppTerminal, line: string): void {
  terminal.warn(`iot-service: ${line}\n`);
}
