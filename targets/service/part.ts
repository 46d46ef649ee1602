/** What the service is made of: parts, each an HTTP application with a listener of its own. */
import type { KafkaLimits } from '../../http-api/limits.ts';
import type { OpenApiDocument } from '../../http-api/kafka/openapi.ts';
import type { CommitLog, Signal } from '../../logged/commit-log.ts';
import type { Host, NetAddress } from '../host.ts';
import type { Journal } from './journal.ts';
import type { ServeOptions } from './serve-options.ts';

/** `env` is what hono hands on as `c.env`: where the server has it, how the body of a GET is read. */
export type Application = (request: Request, env: object) => Response | Promise<Response>;

export interface Part {
  /** What it serves, in the words of a log line. */
  readonly title: string;
  readonly address: NetAddress;
  readonly fetch: Application;
  /** The body of a refusal that the application does not get to see. */
  readonly refusal: (status: number) => string;
  readonly hasListMethod: boolean;
}

/** What all parts are opened with. The service opens and closes what is in it. */
export interface Shared {
  readonly host: Host;
  readonly log: CommitLog;
  readonly options: ServeOptions;
  /** Aborted when the service stops. */
  readonly stopping: Signal;
  readonly journal: Journal;
  readonly kafkaLimits: Partial<KafkaLimits>;
  readonly readOpenApi: () => Promise<OpenApiDocument>;
}
