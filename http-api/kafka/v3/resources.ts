/**
 * The wrappers that v3 puts around everything: `kind`, an absolute `self`, a resource name, and relations. For the
 * routes of v3.
 */
import type { Context } from 'hono';
import type { KafkaContext } from '../../kafka-app.ts';
import { KafkaHttpError, plainError } from '../errors.ts';
import { mediaTypeName, negotiate } from '../media-types.ts';
import { baseUrl, jsonReply } from '../wire.ts';

/** The only broker there is, as far as v3 is concerned. */
export const BROKER_ID = 1;

export type Resource = { readonly [name: string]: unknown };

/** One request of v3: what was asked, and of whom. */
export class Call {
  readonly c: Context;
  readonly context: KafkaContext;

  /** Throws 404 for a cluster that is not this one, 406 and 415 for types other than JSON. */
  constructor(c: Context, context: KafkaContext) {
    this.c = c;
    this.context = context;
    const cluster = c.req.param('cluster');
    if (cluster !== undefined && cluster !== context.clusterId) {
      throw new KafkaHttpError(404, `Cluster ${cluster} cannot be found.`);
    }
    if (negotiate(c.req.header('accept'), ['application/json']) === null) {
      throw plainError(406);
    }
    if (mediaTypeName(c.req.header('content-type') || 'application/json') !== 'application/json') {
      throw plainError(415);
    }
  }

  /** How links begin: up to and with `/v3`. */
  get root(): string {
    const base = /^[^/]+\/\/[^/]+\/kafka\//.test(this.c.req.url) ? '/kafka/v3' : '/v3';
    return `${baseUrl(this.c, this.context.advertisedUrl)}${base}`;
  }

  get log(): KafkaContext['log'] {
    return this.context.log;
  }

  /** A parameter of the path, decoded. */
  param(name: string): string {
    return this.c.req.param(name) ?? '';
  }

  /** An absolute URL below the cluster. */
  url(path: string): string {
    return `${this.root}/clusters/${encodeURIComponent(this.context.clusterId)}${path}`;
  }

  related(path: string): Resource {
    return { related: this.url(path) };
  }

  /** `name` is the resource's own, like `/topic=t/partition=0`. */
  resource(kind: string, path: string, name: string, members: Resource): Resource {
    const { clusterId } = this.context;
    const metadata = { self: this.url(path), resource_name: `crn:///kafka=${encodeURIComponent(clusterId)}${name}` };
    return { kind: `Kafka${kind}`, metadata, cluster_id: clusterId, ...members };
  }

  list(kind: string, path: string, data: readonly Resource[]): Response {
    return this.reply({ kind: `Kafka${kind}List`, metadata: { self: this.url(path), next: null }, data });
  }

  reply(body: Resource, status = 200): Response {
    return jsonReply(JSON.stringify(body), status);
  }

  noContent(): Response {
    return new Response(null, { status: 204 });
  }
}

/** A name as a segment of a URL or of a resource name. */
export function segment(name: string): string {
  return encodeURIComponent(name);
}
