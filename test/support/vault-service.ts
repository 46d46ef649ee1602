/** The built service with its secret store in development mode, as a child process. */
import { type Program, programUnderTest } from './program.ts';
import { type Service, said, startService } from './service.ts';

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
  const [, vault = ''] = await said(service, /serving Vault on (\S+),/);
  return { ...service, vault };
}
