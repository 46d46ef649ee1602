/**
 * The whole Kafka face behind the real HTTP server of Node, over the reference log and the real clock; or that of the
 * program under test, when it is another.
 */
import { setMaxListeners } from 'node:events';
import { kafkaApp } from '../../http-api/kafka-app.ts';
import { plainError, printError } from '../../http-api/kafka/errors.ts';
import { registerStreambed } from '../../http-api/kafka/streambed/routes.ts';
import { registerStreams } from '../../http-api/kafka/streams/routes.ts';
import { registerV2 } from '../../http-api/kafka/v2/routes.ts';
import { registerV3 } from '../../http-api/kafka/v3/routes.ts';
import { defaultLimits, type KafkaLimits } from '../../http-api/limits.ts';
import { nodeBytes } from '../../targets/node/bytes.ts';
import { nodeClock } from '../../targets/node/clock.ts';
import { nodeRandom } from '../../targets/node/random.ts';
import { type HttpServerOptions, startHttpServer } from '../../targets/node/http-server.ts';
import { programUnderTest } from '../support/program.ts';
import { referenceLog } from '../support/reference-log/reference-log.ts';
import { type Served, serveByProgram } from './program-server.ts';

export async function serve(
  options: Partial<HttpServerOptions> = {},
  limits: Partial<KafkaLimits> = {},
): Promise<Served> {
  if (programUnderTest().name !== 'node') return serveByProgram(options, limits);
  const log = referenceLog({ clock: nodeClock });
  const reported: string[] = [];
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const { fetch } = kafkaApp(
    {
      log,
      clock: nodeClock,
      random: nodeRandom,
      bytes: nodeBytes,
      limits: { ...defaultLimits, ...limits },
      stopping: stopping.signal,
      report: (line) => reported.push(line),
      wildcardDialect: 'streambed',
      clusterId: 'edge-1',
    },
    [registerStreambed, registerV2, registerV3, registerStreams],
  );
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    fetch,
    refusal: (status) => printError(plainError(status)),
    maxConnections: 100,
    maxHeaderBytes: 16 * 1024,
    hasListMethod: false,
    ...options,
  });
  const { port } = server.address;
  return {
    log,
    port,
    url: `http://127.0.0.1:${port}`,
    reported,
    stop: async (graceMs = 5000) => {
      stopping.abort();
      await server.stop(graceMs);
      await log.close();
    },
  };
}
