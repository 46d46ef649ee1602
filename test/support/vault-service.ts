/** The built service with its secret store in development mode, as a child process. */
import { type Program, programUnderTest } from './program.ts';
import { type Service, startService } from './service.ts';

export const ROOT_TOKEN = 'root-of-tests';

export interface VaultService extends Service {
  readonly vault: string;
}

/** Any free ports. Further arguments go to `serve`. */
export async function startVault(
  data: string,
  args: readonly string[] = ['--dev', '--dev-root-token-id', ROOT_TOKEN],
  program: Program = programUnderTest(),
): Promise<VaultService> {
  const service = await startService(data, ['--vault', '127.0.0.1:0', ...args], program);
  return { ...service, vault: await vaultUrl(service) };
}

/** It is told right after the other one. */
async function vaultUrl({ lines, ended }: Service): Promise<string> {
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  for (;;) {
    const url = lines.map((line) => /serving Vault on (\S+),/.exec(line)?.[1]).find((found) => found !== undefined);
    if (url !== undefined) return url;
    if (isOver) throw new Error(`it ended: ${lines.join(' | ')}`);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
