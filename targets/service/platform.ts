/**
 * What the command `streambed` takes of the target that it runs on, beyond the host port: each target's main file
 * hands one down.
 */
import type { OpenApiDocument } from '../../http-api/kafka/openapi.ts';
import type { KafkaLimits } from '../../http-api/limits.ts';
import type { Host, NetAddress } from '../host.ts';
import type { Application } from './part.ts';

export interface Platform {
  readonly host: Host;
  readonly facts: BuildFacts;

  /** Where a machine of this kind has less to give than a gateway. */
  readonly kafkaLimits: Partial<KafkaLimits>;

  env(name: string): string | undefined;

  /** What comes from a descriptor that was handed down, up to its end or so many bytes. Errors: a `HostError`. */
  readDescriptor(descriptor: number, mostBytes: number): Promise<Uint8Array>;

  /** Writes to standard output: false when nobody reads it, or not any more. Errors: a `HostError`. */
  print(text: string): Promise<boolean>;

  /** Writes to standard error. Never waits and never fails: whoever reads it may go away, and that ends no service. */
  warn(text: string): void;

  /** From now on SIGTERM and SIGINT do nothing by themselves and are told by name. */
  onSignal(told: (name: string) => void): void;

  /** The id of the user that the process acts as. */
  readonly user: number;

  /** What is at a path, links followed; null: nothing. `identity`: device and inode in hex, with a dash between. */
  look(path: string): Look | null;

  /** Ends the process at once. */
  exit(code: number): void;

  /** Errors: those of `Net.listen`. */
  startServer(options: ServerOptions): Promise<Server>;

  /** The OpenAPI document, or null in a build without it. */
  readOpenApi(): Promise<OpenApiDocument>;
}

export interface Look {
  readonly isDirectory: boolean;
  readonly mode: number;
  readonly owner: number;
  readonly identity: string;
}

/** What `--version` tells. */
export interface BuildFacts {
  readonly version: string;
  /** With its version. */
  readonly engine: string;
  /** That it was built for. */
  readonly cpu: string;
  readonly byteOrder: 'little' | 'big';
  /** The key-value store, with its version; null: none. */
  readonly store: string | null;
}

export interface ServerOptions {
  readonly address: NetAddress;
  readonly fetch: Application;
  /** The JSON body of a refusal that the application does not get to see. */
  readonly refusal: (status: number) => string;
  /** Is told what the application threw. */
  readonly report: (error: unknown) => void;
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
  /** Whether clients may use the method LIST. */
  readonly hasListMethod: boolean;
}

export interface Server {
  readonly address: NetAddress;

  /**
   * Accepts nothing new, lets the requests under way finish for `graceMs`, and drops what is left. Whoever streams
   * must have been told to end. Resolves when no connection is left.
   */
  stop(graceMs: number): Promise<void>;
}
