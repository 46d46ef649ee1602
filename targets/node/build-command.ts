/** `streambed build`, which is no part of the service: it is read only when it is asked for. */

/** Seen from the source of this file and from what is built of it, it is in the same place. */
const COMMAND = new URL('../../dist/build/build.js', import.meta.url);

interface BuildCommand {
  runBuild(args: readonly string[]): Promise<number>;
}

/** Returns the exit code. */
export async function runBuildCommand(args: readonly string[]): Promise<number> {
  try {
    return await ((await import(COMMAND.href)) as BuildCommand).runBuild(args);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes("'esbuild'")) throw error;
    // An optional dependency, since it is not to be had for every machine that can run the service.
    process.stderr.write('streambed build: esbuild is not installed: npm install esbuild\n');
    return 1;
  }
}
