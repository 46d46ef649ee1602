/**
 * The command `streambed`, on every target. Exit codes: 0 after a graceful stop, 1 when something failed, 2 when it was
 * called wrongly, 130 when it was stopped by force.
 */
import { explain, UsageError } from './failure.ts';
import type { Platform } from './platform.ts';
import { serve } from './serve.ts';
import { parseServeOptions, serveHelp } from './serve-options.ts';

export async function runStreambed(platform: Platform, [command, ...args]: readonly string[]): Promise<number> {
  const say = (line: string): void => platform.warn(oneLine(line));
  try {
    if (command === '--version') await platform.print(`${platform.version}\n`);
    else if (command === '--help' || args.includes('--help')) await platform.print(serveHelp());
    else if (command !== 'serve') throw new UsageError(`${command ?? 'no command'}: the command is serve; see --help`);
    else await serve(platform, parseServeOptions(args, platform.env), say);
    return 0;
  } catch (error) {
    say(explain(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

/** One line per event, for a supervisor's log. */
function oneLine(text: string): string {
  return `streambed: ${text.replaceAll(/\s*\n\s*/g, ' | ')}\n`;
}
