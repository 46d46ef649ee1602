/** The audit of the secret store as a topic of the log that the service serves; its retention bounds its size. */
import type { AuditSink } from '../../../confidant/core/audit.ts';
import type { CommitLog } from '../../../logged/commit-log.ts';

export const AUDIT_TOPIC = 'audit';
const config = {
  'retention.bytes': String(4 * 1024 * 1024),
  'retention.ms': '-1',
  'segment.bytes': String(512 * 1024),
};

/** Makes the topic unless it is there; how it was set up stays. */
export async function openAuditTopic(log: CommitLog): Promise<AuditSink> {
  const topics = await log.listTopics();
  if (!topics.includes(AUDIT_TOPIC)) await log.createTopic(AUDIT_TOPIC, { config });
  return {
    append: async (record) => {
      await log.produce({ topic: AUDIT_TOPIC, key: null, value: record });
    },
  };
}
