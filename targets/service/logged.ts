/** What the command `logged` is built of, on every target. */
import type { LoggedBuild } from '../../logged/cli/main.ts';
import { FileLog } from '../../logged/file-log.ts';
import type { LogEvent } from '../../logged/log-event.ts';
import type { Host } from '../host.ts';
import { memoryFileSystem } from './linux/memory-file-system.ts';

export function loggedBuild(host: Host, version: string, warn: (text: string) => void): LoggedBuild {
  const reported = new Set<string>();
  /** Housekeeping is no news to somebody at a terminal, and what is said once need not be said again. */
  const report = ({ event, ...details }: LogEvent): void => {
    const line = `logged: ${event}: ${JSON.stringify(details)}\n`;
    if (event === 'removed' || event === 'compacted' || reported.has(line)) return;
    reported.add(line);
    warn(line);
  };
  return {
    version,
    // Where `npm start` keeps it. Nothing below /var: that is memory on OpenWrt.
    defaultRoot: './data',
    memoryOf: (root) => memoryFileSystem(host, root),
    openLog: (root) => FileLog.open(host, { root, report, lockOn: 'write' }),
  };
}
