/** The `logged` command on Node. */
import { readFileSync } from 'node:fs';
import { runLogged } from '../../logged/cli/main.ts';
import { loggedBuild } from '../service/logged.ts';
import { nodeHost } from './host.ts';
import { nodeTerminal } from './terminal.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

const host = nodeHost();
const terminal = nodeTerminal();

// What waits for records of other processes waits for a watch, and that alone keeps no process alive.
const waiting = setInterval(() => {}, 2 ** 30);
process.exitCode = await runLogged(terminal, host, loggedBuild(host, version, terminal.warn));
clearInterval(waiting);
terminal.close();
