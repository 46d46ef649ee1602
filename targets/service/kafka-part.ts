/** The Kafka REST API as a part of the service. */
import { type KafkaDialect, kafkaApp } from '../../http-api/kafka-app.ts';
import { plainError, printError } from '../../http-api/kafka/errors.ts';
import { builtDialects } from '../../http-api/kafka/dialects.ts';
import { openApi } from '../../http-api/kafka/openapi.ts';
import { defaultLimits } from '../../http-api/limits.ts';
import type { SecretServer } from '../../confidant/secret-store.ts';
import { AUDIT_TOPIC } from './secrets/audit-topic.ts';
import type { Application, Part, Shared } from './part.ts';

/** `guard` decides who may do what when the operator asks for tokens; null: there is no secret store. */
export function openKafkaPart(shared: Shared, guard: SecretServer | null): Part {
  const { host, log, options, stopping, journal, kafkaLimits, readOpenApi } = shared;
  const { fetch } = kafkaApp(
    {
      log,
      clock: host.clock,
      random: host.random,
      bytes: host.bytes,
      limits: {
        ...defaultLimits,
        ...kafkaLimits,
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
      keptTopic: guard === null || options.secrets.audit === 'off' ? null : AUDIT_TOPIC,
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

function dialects(readOpenApi: Shared['readOpenApi']): readonly KafkaDialect[] {
  const wanted = [...builtDialects()];
  OPENAPI: wanted.push(openApi(readOpenApi));
  return wanted;
}
