/**
 * The command `streambed`, on every target. Exit codes: 0 after a graceful stop, 1 when something failed, 2 when it was
 * called wrongly, 130 when it was stopped by force.
 */
import { explain, UsageError } from './failure.ts';
import { Journal } from './journal.ts';
import type { Platform } from './platform.ts';
import { serve } from './serve.ts';
import { parseServeOptions, type ServeOptions } from './serve-options.ts';

type LogOptions = Pick<ServeOptions, 'logLevel' | 'logFormat'>;
const plainOptions: LogOptions = { logLevel: 'info', logFormat: 'plain' };

export async function runStreambed(platform: Platform, [command, ...args]: readonly string[]): Promise<number> {
  try {
    if (command === '--version') await platform.print(`${platform.version}\n`);
    else if (command === '--help' || args.includes('--help')) {
      await platform.print((await import('./serve-help.ts')).serveHelp());
    } else if (command === 'serve') return await runServe(platform, args);
    else throw new UsageError(`${command ?? 'no command'}: the command is serve; see --help`);
    return 0;
  } catch (error) {
    journalOf(platform).fail(explain(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

async function runServe(platform: Platform, args: readonly string[]): Promise<number> {
  const options = parseServeOptions(args, (name) => platform.env(name));
  const journal = journalOf(platform, options);
  try {
    await serve({ platform, options, journal });
    return 0;
  } catch (error) {
    journal.fail(explain(error));
    return 1;
  }
}

function journalOf({ host, warn }: Platform, { logLevel, logFormat }: LogOptions = plainOptions): Journal {
  return new Journal({ level: logLevel, format: logFormat, clock: host.clock, write: warn });
}
