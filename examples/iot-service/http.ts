/** What the service answers over HTTP. */
import type { FileLog } from 'streambed/logged';
import type { LatestReadings } from './latest-readings.ts';
import { TOPIC } from './readings-log.ts';

/**
 * `GET /sensors`: the last reading of each. `GET /sensors/NAME`: the last ones of one. `POST /compaction`: compacts now
 * what would be compacted by and by.
 */
export async function answer(request: Request, log: FileLog, latest: LatestReadings): Promise<Response> {
  const { pathname } = new URL(request.url);
  const sensor = /^\/sensors\/(.+)$/.exec(pathname)?.[1];
  if (pathname === '/compaction') {
    if (request.method !== 'POST') return json({ error: 'POST compacts' }, 405);
    return json(await log.compact(TOPIC));
  }
  if (request.method !== 'GET') return json({ error: `there is nothing to ${request.method}` }, 405);
  if (pathname === '/sensors') return json(latest.last());
  const readings = sensor === undefined ? null : latest.of(decode(sensor));
  return readings === null ? json({ error: `${pathname} is not known` }, 404) : json(readings);
}

/** What is not encoded well names no sensor. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function json(value: unknown, status = 200): Response {
  return new Response(`${JSON.stringify(value)}\n`, { status, headers: { 'content-type': 'application/json' } });
}
