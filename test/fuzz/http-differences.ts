/**
 * Where the HTTP server of the QuickJS target and Node's may differ, and why: in what only one of them accepts, never in
 * what a request is that both accept.
 */
import { METHODS } from 'node:http';
import type { Outcome } from './http-peers.ts';

/** Ours refuses these and Node's accepts them. */
const stricter: readonly (readonly [reason: string, pattern: RegExp])[] = [
  ['a line ends in CR LF and in nothing else, also an empty one in front of a request', /(^|[^\r])\n|\r(?!\n)/],
  ['there is one space between the parts of a request line', / {2}\S+ HTTP\/| {2}HTTP\//],
  ['there is no HTTP but 1.0 and 1.1', /HTTP\/(?!1\.[01]\r\n)|[^ ]HTTP\/|^\S+ \S+\r\n/m],
  [
    'a target is a path, or an absolute URL of HTTP, in ASCII',
    /^\S+ (?!\/|https?:\/\/[^/ ])\S* HTTP|[^\0-\x7e]\S* HTTP/im,
  ],
  ['a folded field was given up by RFC 9112, 5.2', /\r\n[\t ]/],
  ['there is one Host with a name in it', /^host:[\t ]*(?![\w.:[\]-]*[\t ]*\r\n)|^host:.*\r\n(?:.+\r\n)*host:/im],
  ['of these, two are one too many', /^(expect|content-type):.*\r\n(?:.+\r\n)*\1:/im],
  ['HTTP/1.0 has no transfer codings (RFC 9112, 6.1)', /HTTP\/1\.0\r\n(?:.+\r\n)*transfer-encoding:/i],
  ['of transfer codings there is only chunked', /^transfer-encoding:[\t ]*(?!chunked[\t ]*\r\n)/im],
  ['numbers of this size are an error', /^content-length:[\t ]*\d{16}|^[\da-f]{13}/im],
  ['what is expected is known', /^expect:[\t ]*(?!100-continue[\t ]*\r\n)/im],
];

const known = new Set(METHODS.filter((method) => method !== 'CONNECT'));

/** What is wrong with how they differ; null when nothing is. */
export function judge(text: string, ours: Outcome, node: Outcome): string | null {
  const both = Math.min(ours.requests.length, node.requests.length);
  for (let at = 0; at < both; at += 1) {
    if (JSON.stringify(ours.requests[at]) !== JSON.stringify(node.requests[at])) return `request ${at} is not the same`;
  }
  if (ours.requests.length === node.requests.length && ours.isRefused === node.isRefused) return null;
  // Without a taker for it Node still does not read on behind an Upgrade; it may be ignored (RFC 9110, 7.8).
  if (ours.requests[both - 1]?.headers.some(([name]) => name === 'upgrade') === true) return null;
  const more = ours.requests[both];
  // Node's parser has a list of methods; here the application decides.
  if (more !== undefined) return node.isRefused && !known.has(more.method) ? null : 'ours accepts more';
  if (!ours.isRefused) return 'Node accepts more, and ours is silent';
  return stricter.some(([, pattern]) => pattern.test(text)) ? null : 'ours refuses more';
}
