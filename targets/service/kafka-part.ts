/** The Kafka REST API as a part of the service. */
import { type KafkaDialect, kafkaApp } from '../../http-api/kafka-app.ts';
import { plainError, printError } from '../../http-api/kafka/errors.ts';
import { openApi } from '../../http-api/kafka/openapi.ts';
import { registerStreambed } from '../../http-api/kafka/streambed/routes.ts';
import { registerStreams } from '../../http-api/kafka/streams/routes.ts';
import { registerV2 } from '../../http-api/kafka/v2/routes.ts';
import { registerV3 } from '../../http-api/kafka/v3/routes.ts';
import { defaultLimits } from '../../http-api/limits.ts';
import type { SecretServer } from '../../confidant/secret-store.ts';
import type { Application, Part, Shared } from './part.ts';

/** `guard` decides who may do what when the operator asks for tokens; null: there is no secret store. */
export function openKafkaPart(shared: Shared, guard: SecretServer | null): Part {
  const { host, log, options, stopping, journal, readOpenApi } = shared;
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
      guard: options.secrets.kafkaAuth === 'token' ? guard : null,
    },
    dialects(readOpenApi),
  );
  return {
    title: 'Kafka REST',
    address: options.kafka,
    fetch: fetch as Application,
    refusal: (status) => printError(plainError(status)),
    hasListMethod: false,
  };
}

/** The labels are those of `features.ts`. */
function dialects(readOpenApi: Shared['readOpenApi']): readonly KafkaDialect[] {
  const wanted: KafkaDialect[] = [];
  KAFKA_STREAMBED: wanted.push(registerStreambed);
  KAFKA_V2: wanted.push(registerV2);
  KAFKA_V3: wanted.push(registerV3);
  KAFKA_STREAMS: wanted.push(registerStreams);
  OPENAPI: wanted.push(openApi(readOpenApi));
  return wanted;
}
