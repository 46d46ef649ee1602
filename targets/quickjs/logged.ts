/** The `logged` command on QuickJS: `streambed logged ...`. */
import { runLogged } from '../../logged/cli/main.ts';
import { FileLog } from '../../logged/file-log.ts';
import type { LogEvent } from '../../logged/log-event.ts';
import { quickjsHost } from './host.ts';
import type { Loop } from './loop.ts';
import type { Native } from './native.ts';
import { quickjsTerminal } from './terminal.ts';

export function runLoggedCommand(native: Native, loop: Loop, args: readonly string[]): Promise<number> {
  const host = quickjsHost(native, loop);
  const terminal = quickjsTerminal(native, loop, args);
  const reported = new Set<string>();
  /** Housekeeping is no news to somebody at a terminal, and what is said once need not be said again. */
  const report = ({ event, ...details }: LogEvent): void => {
    const line = `logged: ${event}: ${JSON.stringify(details)}\n`;
    if (event === 'removed' || event === 'compacted' || reported.has(line)) return;
    reported.add(line);
    terminal.warn(line);
  };
  return runLogged(terminal, host, {
    version: STREAMBED_VERSION,
    // Nothing below /var: that is memory on OpenWrt.
    defaultRoot: './data',
    openLog: (root) => FileLog.open(host, { root, report, lockOn: 'write' }),
  });
}
