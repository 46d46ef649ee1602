/**
 * What one HTTP client may ask of the Kafka face. Every bound has an error of its own, so that a client learns which
 * one it met. Sized for a gateway; a target may hand down smaller ones.
 */
export interface KafkaLimits {
  /** The most bytes of one request body that is read whole: 413. In a v3 stream: of one record. */
  readonly bodyBytes: number;
  /** The most records in one produce request: 413. */
  readonly recordsPerRequest: number;
  /** The longest URL, query included: 414. */
  readonly urlLength: number;
  /** Long polls and streams that may be open at once: 429. */
  readonly waits: number;
  /** Consumer instances that may exist at once: 429. */
  readonly consumerInstances: number;
  /** A consumer instance without a call for so long is removed. */
  readonly instanceTimeoutMs: number;
  /** The longest wait of one poll; a longer `timeout` is cut to it. */
  readonly pollTimeoutMs: number;
  /** The most bytes of records in one poll's reply; a larger `max_bytes` is cut to it. */
  readonly pollBytes: number;
  /** The most bytes of records that one stream holds at a time; one record is always held whole. */
  readonly streamBytes: number;
}

export const defaultLimits: KafkaLimits = {
  bodyBytes: 8 * 1024 * 1024,
  recordsPerRequest: 10_000,
  urlLength: 4096,
  waits: 256,
  consumerInstances: 256,
  instanceTimeoutMs: 300_000,
  pollTimeoutMs: 300_000,
  pollBytes: 8 * 1024 * 1024,
  streamBytes: 64 * 1024,
};
