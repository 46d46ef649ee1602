/** The `bao` command line in a process of its own, with a home directory that nobody else uses. */
import { spawnSync } from 'node:child_process';
import * as assert from 'uvu/assert';

export interface Reply {
  readonly request_id: string;
  readonly lease_duration: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[] | null;
  readonly auth: {
    readonly client_token: string;
    readonly accessor: string;
    readonly policies: readonly string[];
    readonly metadata: Readonly<Record<string, string>> | null;
    readonly lease_duration: number;
    readonly renewable: boolean;
  };
  readonly wrap_info: { readonly token: string; readonly ttl: number; readonly creation_path: string };
}

export class Bao {
  readonly #path: string;
  readonly #url: string;
  readonly #home: string;
  readonly #token: string;

  /** An empty token is none: then it takes the one that `login` has stored. */
  constructor(path: string, url: string, home: string, token: string) {
    this.#path = path;
    this.#url = url;
    this.#home = home;
    this.#token = token;
  }

  as(token: string): Bao {
    return new Bao(this.#path, this.#url, this.#home, token);
  }

  run(args: readonly string[], input = '', format = 'table') {
    const env = { BAO_ADDR: this.#url, BAO_TOKEN: this.#token, BAO_FORMAT: format, HOME: this.#home };
    const { status, stdout, stderr, error } = spawnSync(this.#path, args, { env, input, encoding: 'utf8' });
    if (error !== undefined) throw error;
    return { status, stdout, stderr };
  }

  /** What it prints when it succeeds. */
  text(...args: readonly string[]): string {
    return this.feed('', ...args);
  }

  feed(input: string, ...args: readonly string[]): string {
    const { status, stdout, stderr } = this.run(args, input);
    assert.is(status, 0, `bao ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  }

  /** The reply, whole, when it succeeds. */
  reply(...args: readonly string[]): Reply {
    const { status, stdout, stderr } = this.run(args, '', 'json');
    assert.is(status, 0, `bao ${args.join(' ')}: ${stdout}${stderr}`);
    return JSON.parse(stdout) as Reply;
  }

  field(name: string, ...args: readonly string[]): string {
    const [command = '', ...rest] = args;
    const words = ['kv', 'token', 'operator'].includes(command) ? [command, rest.shift() ?? ''] : [command];
    return this.text(...words, `-field=${name}`, ...rest);
  }

  /** The rows of what it prints, as name and value. */
  table(...args: readonly string[]): Readonly<Record<string, string>> {
    const rows = this.text(...args).matchAll(/^(\S.*?) {2,}(\S.*)$/gm);
    return Object.fromEntries([...rows].map(([, name = '', value = '']) => [name, value]));
  }

  fails(code: number, text: RegExp, ...args: readonly string[]): void {
    const { status, stdout, stderr } = this.run(args);
    assert.is(status, code, `bao ${args.join(' ')}: ${stdout}${stderr}`);
    assert.match(`${stdout}${stderr}`, text);
  }
}
