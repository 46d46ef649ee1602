/** HTTP as programs speak it: Node's own client, over connections that are kept. */
import { Agent, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** At most so many connections to one service. */
export class Client {
  readonly #url: string;
  readonly #agent: Agent;

  constructor(url: string, connections: number) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** Fails when there is no answer, not by its status. */
  ask({ method, path, headers = {}, body }: Ask): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const options = { method, agent: this.#agent, headers: { ...headers, ...length } };
      const asked = request(this.#url + path, options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }

  /** The same, and the answer must be a good one. */
  async want(ask: Ask): Promise<string> {
    const { status, text } = await this.ask(ask);
    if (status >= 200 && status < 300) return text;
    throw new Error(`${ask.method} ${ask.path}: ${status} ${text.slice(0, 300)}`);
  }

  /** Hands on what comes as it comes, until `isOver`. A connection of its own. */
  stream(path: string, take: (chunk: Buffer) => void, isOver: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const asked = request(this.#url + path, { agent: new Agent() }, (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`${path}: ${answer.statusCode}`));
        answer.on('data', (chunk: Buffer) => {
          take(chunk);
          if (isOver()) asked.destroy();
        });
        answer.on('close', resolve);
      });
      asked.on('error', (error) => (isOver() ? resolve() : reject(error)));
      asked.end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Works on what `next` gives until that is undefined, so many at a time. */
export async function inParallel<T>(
  count: number,
  next: () => T | undefined,
  work: (one: T) => Promise<unknown>,
): Promise<void> {
  const one = async (): Promise<void> => {
    for (let given = next(); given !== undefined; given = next()) await work(given);
  };
  await Promise.all(Array.from({ length: count }, one));
}
