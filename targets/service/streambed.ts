/**
 * The command `streambed`, on every target. Exit codes: 0 after a graceful stop, 1 when something failed, 2 when it was
 * called wrongly, 130 when it was stopped by force. Each command is read when it is called: the others take no memory.
 */
import { explain, UsageError } from './failure.ts';
import type { Platform } from './platform.ts';

export async function runStreambed(platform: Platform, [command, ...args]: readonly string[]): Promise<number> {
  try {
    return await runCommand(platform, command, args);
  } catch (error) {
    platform.warn(`streambed: ${explain(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function runCommand(platform: Platform, command: string | undefined, args: readonly string[]): Promise<number> {
  const wantsHelp = args.includes('--help');
  if (command === '--version') return print(platform, (await import('./version.ts')).versionText(platform.facts));
  if (command === 'doctor') {
    const { doctorHelp, runDoctor } = await import('./doctor/doctor.ts');
    return wantsHelp ? print(platform, doctorHelp) : runDoctor(platform, args);
  }
  VAULT: if (command === 'init') {
    const { initHelp, runInit } = await import('./secrets/init-command.ts');
    if (wantsHelp) return print(platform, initHelp);
    await runInit(platform, args);
    return 0;
  }
  if (command === '--help' || wantsHelp) return print(platform, (await import('./help.ts')).helpText());
  if (command === 'serve') return (await import('./serve.ts')).runServe(platform, args);
  throw new UsageError(`${command ?? 'no command'}: the commands are serve, init and doctor; see --help`);
}

async function print(platform: Platform, text: string): Promise<number> {
  await platform.print(text);
  return 0;
}
