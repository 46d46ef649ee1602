/** The Kafka REST API as a part of the service. */
import { kafkaApp } from '../../http-api/kafka-app.ts';
import { plainError, printError } from '../../http-api/kafka/errors.ts';
import { openApi } from '../../http-api/kafka/openapi.ts';
import { registerStreambed } from '../../http-api/kafka/streambed/routes.ts';
import { registerStreams } from '../../http-api/kafka/streams/routes.ts';
import { registerV2 } from '../../http-api/kafka/v2/routes.ts';
import { registerV3 } from '../../http-api/kafka/v3/routes.ts';
import { defaultLimits } from '../../http-api/limits.ts';
import type { Application, Part, Shared } from './part.ts';

export function openKafkaPart({ host, log, options, stopping, journal, readOpenApi }: Shared): Part {
  const { fetch } = kafkaApp(
    {
      log,
      clock: host.clock,
      random: host.random,
      bytes: host.bytes,
      limits: {
        ...defaultLimits,
        bodyBytes: options.maxBodyBytes,
        recordsPerRequest: options.maxRecords,
        urlLength: options.maxUrlLength,
        waits: options.maxWaits,
        consumerInstances: options.maxConsumers,
      },
      stopping,
      report: (line) => journal.tell('error', 'request', line),
      wildcardDialect: options.wildcardDialect,
      clusterId: 'streambed',
      advertisedUrl: options.advertisedUrl,
    },
    [registerStreambed, registerV2, registerV3, registerStreams, openApi(readOpenApi)],
  );
  return {
    title: 'Kafka REST',
    address: options.kafka,
    fetch: fetch as Application,
    refusal: (status) => printError(plainError(status)),
    hasListMethod: false,
  };
}
