/** The `logged` command on QuickJS: `streambed logged ...`. */
import { runLogged } from '../../logged/cli/main.ts';
import { version } from 'streambed:build';
import { loggedBuild } from '../service/logged.ts';
import { quickjsHost } from './host.ts';
import type { Loop } from './loop.ts';
import type { Native } from './native.ts';
import { quickjsTerminal } from './terminal.ts';

export function runLoggedCommand(native: Native, loop: Loop, args: readonly string[]): Promise<number> {
  const host = quickjsHost(native, loop);
  const terminal = quickjsTerminal(native, loop, args);
  return runLogged(terminal, host, loggedBuild(host, version, terminal.warn));
}
