/** The `logged` command on Node. */
import { readFileSync } from 'node:fs';
import { runLogged } from '../../logged/cli/main.ts';
import { FileLog } from '../../logged/file-log.ts';
import type { LogEvent } from '../../logged/log-event.ts';
import { nodeHost } from './host.ts';
import { nodeTerminal } from './terminal.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

const host = nodeHost();
const terminal = nodeTerminal();

const reported = new Set<string>();

/** Housekeeping is no news to somebody at a terminal, and what is said once need not be said again. */
function report({ event, ...details }: LogEvent): void {
  const line = `logged: ${event}: ${JSON.stringify(details)}\n`;
  if (event === 'removed' || event === 'compacted' || reported.has(line)) return;
  reported.add(line);
  terminal.warn(line);
}

// What waits for records of other processes waits for a watch, and that alone keeps no process alive.
const waiting = setInterval(() => {}, 2 ** 30);
process.exitCode = await runLogged(terminal, host, {
  version,
  // Where `npm start` keeps it. Nothing below /var: that is memory on OpenWrt.
  defaultRoot: './data',
  openLog: (root) => FileLog.open(host, { root, report, lockOn: 'write' }),
});
clearInterval(waiting);
terminal.close();
