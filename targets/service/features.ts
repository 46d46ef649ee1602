/**
 * The features of this build. A build that is to be small drops the statements with the labels of those that it leaves
 * out, here and where they are put to use (`scripts/targets/features.ts`).
 */
export function featureNames(): string[] {
  const names: string[] = [];
  KAFKA_STREAMBED: names.push('kafka-streambed');
  KAFKA_V2: names.push('kafka-v2');
  KAFKA_V3: names.push('kafka-v3');
  KAFKA_STREAMS: names.push('kafka-streams');
  OPENAPI: names.push('openapi');
  VAULT: names.push('vault');
  LOGGED: names.push('logged');
  CONFIDANT: names.push('confidant');
  return names;
}
