/** The executable's main module: finds the command and reads no more of the program than that needs. */
import { Loop } from './loop.ts';
import type { Native } from './native.ts';
import { printError } from './terminal.ts';

declare const native: Native;

/** One line per event, for a supervisor's log. */
function say(line: string): void {
  printError(native, `streambed: ${line.replaceAll(/\s*\n\s*/g, ' | ')}\n`);
}

const loop = new Loop(native, (error) => {
  say(`uncaught: ${error instanceof Error ? `${error.message} ${error.stack ?? ''}` : String(error)}`);
});

async function main(args: readonly string[]): Promise<number> {
  LOGGED: if (args[0] === 'logged') return (await import('./logged.ts')).runLoggedCommand(native, loop, args.slice(1));
  CONFIDANT: if (args[0] === 'confidant') {
    return (await import('./confidant.ts')).runConfidantCommand(native, loop, args.slice(1));
  }
  return (await import('./streambed.ts')).runStreambedCommand(native, loop, args);
}

main(native.arguments).then(
  (code) => native.exit(code),
  (error: unknown) => {
    say(error instanceof Error ? `${error.message} ${error.stack ?? ''}` : String(error));
    native.exit(1);
  },
);
