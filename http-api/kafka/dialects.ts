/**
 * The dialects that a build has, in the order that they need where two share a path: all of them, but for those that
 * `--features` leaves out of a binary.
 */
import type { KafkaDialect } from '../kafka-app.ts';
import { registerStreambed } from './streambed/routes.ts';
import { registerStreams } from './streams/routes.ts';
import { registerV2 } from './v2/routes.ts';
import { registerV3 } from './v3/routes.ts';

/** The labels are those of `scripts/targets/features.ts`. */
export function builtDialects(): readonly KafkaDialect[] {
  const built: KafkaDialect[] = [];
  KAFKA_STREAMBED: built.push(registerStreambed);
  KAFKA_V2: built.push(registerV2);
  KAFKA_V3: built.push(registerV3);
  KAFKA_STREAMS: built.push(registerStreams);
  return built;
}
