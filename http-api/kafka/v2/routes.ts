/** Confluent's REST API v2, its v1 types as other names for the same, and what Redpanda's proxy has beside it. */
import type { KafkaDialect } from '../../kafka-app.ts';
import { registerConsumers } from './consumers.ts';
import { registerMetadata } from './metadata.ts';
import { registerPartitionRecords } from './partition-records.ts';
import { registerProduce } from './produce.ts';

export const registerV2: KafkaDialect = (app, context) => {
  registerProduce(app, context);
  registerMetadata(app, context);
  registerConsumers(app, context);
  registerPartitionRecords(app, context);
};
