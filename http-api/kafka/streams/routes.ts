/**
 * What none of the Kafka proxies has, and what their users ask for: records as they come by one request, and commits
 * of a group without a consumer instance.
 *
 * `GET /streams` subscribes and streams, without any state on the server:
 *
 * | query | meaning |
 * |---|---|
 * | `topics` | names with a comma between them; required; all partitions are read |
 * | `from` | `beginning` (default), `end`, an offset, `@<ms since 1970>` or `@<RFC 3339>`: for partitions without an offset |
 * | `offsets` | consumed already: `topic,partition,offset`, with a semicolon between several |
 * | `group` | begin at the group's commits; where it has none, at `from` |
 * | `format` | `binary` (default: base64) or `json` |
 * | `idle_timeout` | ends the stream when nothing came for so many ms; 0: when all that is stored has been sent |
 *
 * One JSON object a line (`application/x-ndjson`), or, when the client accepts `text/event-stream`, server-sent events:
 * a browser's `EventSource` goes on where it was by itself (`Last-Event-ID` has the form of `offsets`). Records have
 * the members of v2 with `include=headers,timestamp`. An error in mid-stream is a last line with `error_code` and
 * `message`, or an event `error`.
 *
 * `POST /consumers/{group}/offsets` with `{"offsets":[{"topic","partition","offset","metadata"?}]}` commits: `offset`
 * is the last record done with, as in v2, and -1 goes back to the beginning. 204. `GET` of the same gives the group's commits in the same terms.
 */
import type { KafkaDialect } from '../../kafka-app.ts';
import { plainError } from '../errors.ts';
import { jsonReply, readObject } from '../wire.ts';
import { doneOrNoneEntry, listOf } from '../offset-lists.ts';
import { RecordStream } from './record-stream.ts';
import { parseStreamRequest } from './stream-request.ts';

export const registerStreams: KafkaDialect = (app, context) => {
  const { log } = context;
  app.get('/streams', async (c) => {
    if (c.req.method === 'HEAD') throw plainError(405);
    const request = parseStreamRequest(c);
    context.access.permit(c, 'read', request.topics);
    if (typeof request.from === 'object' && 'group' in request.from) {
      context.access.permitGroup(c, 'update', request.from.group);
    }
    // While there is a status left to say it with.
    for (const topic of request.topics) await log.describeTopic(topic);
    const isSse = c.req.header('accept')?.includes('text/event-stream') ?? false;
    const body = new RecordStream(context, request, isSse).body();
    const type = isSse ? 'text/event-stream' : 'application/x-ndjson';
    return new Response(body, { headers: { 'content-type': type, 'cache-control': 'no-store' } });
  });
  app.post('/consumers/:group/offsets', async (c) => {
    const offsets = listOf(await readObject(c, context), 'offsets', doneOrNoneEntry);
    context.access.permit(c, 'read', new Set(offsets.map(({ topic }) => topic)));
    await log.commitOffsets(c.req.param('group'), offsets);
    return new Response(null, { status: 204 });
  });
  app.get('/consumers/:group/offsets', async (c) => {
    const commits = await log.committedOffsets(c.req.param('group'));
    const offsets = commits.map(({ topic, partition, offset, metadata }) => ({
      topic,
      partition,
      offset: offset - 1,
      metadata,
    }));
    return jsonReply(JSON.stringify({ offsets }));
  });
};
