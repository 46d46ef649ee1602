/** A bounded load over keep-alive connections: the same request over and over, each sent when its predecessor is answered. */
import { connect } from 'node:net';
import { seconds } from './figure.ts';

export interface Load {
  readonly port: number;
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
  readonly connections: number;
  readonly requests: number;
}

/** Requests per second. Throws at the first answer that is not 200. */
export async function requestsPerSecond(load: Load): Promise<number> {
  const request = Buffer.from(
    `POST ${load.path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${load.contentType}\r\n` +
      `Content-Length: ${Buffer.byteLength(load.body)}\r\n\r\n${load.body}`,
  );
  let left = load.requests;
  const took = await seconds(() =>
    Promise.all(Array.from({ length: load.connections }, () => converse(load.port, request, () => left-- > 0))),
  );
  return load.requests / took;
}

function converse(port: number, request: Uint8Array, more: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let received = '';
    const send = (): void => {
      if (more()) socket.write(request);
      else socket.end(resolve);
    };
    socket.on('connect', send);
    socket.on('error', reject);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      received += chunk;
      const head = received.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
      if (received.length < head + 4 + length) return;
      if (!received.startsWith('HTTP/1.1 200')) reject(new Error(received.slice(0, 300)));
      received = '';
      send();
    });
  });
}
