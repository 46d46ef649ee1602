/** The `confidant` command on Node. */
import { readFileSync } from 'node:fs';
import { runConfidant } from '../../confidant/cli/main.ts';
import { confidantBuild } from '../service/confidant.ts';
import { nodeHost } from './host.ts';
import { look } from './look.ts';
import { nodeTerminal } from './terminal.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

const host = nodeHost();
const terminal = nodeTerminal();
process.exitCode = await runConfidant(terminal, host, confidantBuild(host, version, terminal, look));
terminal.close();
