/**
 * The command `streambed`, on every target. Exit codes: 0 after a graceful stop, 1 when something failed, 2 when it was
 * called wrongly, 130 when it was stopped by force. Each command is read when it is called: the others take no memory.
 */
import { explain, UsageError } from './failure.ts';
import type { Platform } from './platform.ts';

export async function runStreambed(platform: Platform, [command, ...args]: readonly string[]): Promise<number> {
  try {
    if (command === '--version') await platform.print((await import('./version.ts')).versionText(platform.facts));
    else if (command === 'init' && args.includes('--help')) {
      await platform.print((await import('./secrets/init-command.ts')).initHelp);
    } else if (command === 'doctor') {
      const { doctorHelp, runDoctor } = await import('./doctor/doctor.ts');
      if (!args.includes('--help')) return await runDoctor(platform, args);
      await platform.print(doctorHelp);
    } else if (command === '--help' || args.includes('--help')) {
      await platform.print((await import('./help.ts')).helpText());
    } else if (command === 'init') await (await import('./secrets/init-command.ts')).runInit(platform, args);
    else if (command === 'serve') return await (await import('./serve.ts')).runServe(platform, args);
    else throw new UsageError(`${command ?? 'no command'}: the commands are serve, init and doctor; see --help`);
    return 0;
  } catch (error) {
    platform.warn(`streambed: ${explain(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}
