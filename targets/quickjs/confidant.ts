/** The `confidant` command on QuickJS: `streambed confidant ...`. */
import { runConfidant } from '../../confidant/cli/main.ts';
import { version } from 'streambed:build';
import { confidantBuild } from '../service/confidant.ts';
import { quickjsHost } from './host.ts';
import { lookAt } from './look.ts';
import type { Loop } from './loop.ts';
import type { Native } from './native.ts';
import { quickjsTerminal } from './terminal.ts';

export function runConfidantCommand(native: Native, loop: Loop, args: readonly string[]): Promise<number> {
  const host = quickjsHost(native, loop);
  const terminal = quickjsTerminal(native, loop, args);
  const look = (path: string) => lookAt(native, path);
  return runConfidant(terminal, host, confidantBuild(host, version, terminal, look));
}
