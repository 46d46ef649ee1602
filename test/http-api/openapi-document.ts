/** The OpenAPI document as the tests use it: by route, with schemas compiled in a closed world. */
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

interface Content {
  readonly [type: string]: { readonly schema: Schema };
}

type Schema = Record<string, unknown>;

export interface Reply {
  readonly description: string;
  readonly content?: Content;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly ({ readonly $ref: string } | Parameter)[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Reply | { readonly $ref: string }>>;
}

export interface Document {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, Schema>>>>;
}

export const documentText = readFileSync(new URL('../../http-api/kafka/openapi.json', import.meta.url), 'utf8');
export const document = JSON.parse(documentText) as Document;

/** What stands at a JSON pointer within the document; throws when nothing does. */
export function at(pointer: string): unknown {
  let value: unknown = document;
  for (const name of pointer.replace(/^#\//, '').split('/')) {
    value = (value as Record<string, unknown>)[name.replaceAll('~1', '/').replaceAll('~0', '~')];
    if (value === undefined) throw new Error(`nothing at ${pointer}`);
  }
  return value;
}

export function resolve<T extends object>(value: T | { readonly $ref: string }): T {
  return '$ref' in value ? (at(value.$ref) as T) : value;
}

/** Route of hono or path of the document, with what is variable in it left open. */
export function shapeOf(path: string): string {
  return path.replace(/^\/:base\{[^}]*\}\}?/, '/v3').replaceAll(/:\w+(?=\/|$)|\{\w+\}/g, '{}');
}

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, validateFormats: false, allErrors: true });
for (const [name, schema] of Object.entries(document.components['schemas'] ?? {}))
  ajv.addSchema(closed(schema), `doc:${name}`);
const compiled = new Map<Schema, ValidateFunction>();

/** Null, or what is wrong with the value. Members that a schema does not name are wrong. */
export function violation(schema: Schema, value: unknown): string | null {
  const validate = compiled.get(schema) ?? ajv.compile(closed(schema));
  compiled.set(schema, validate);
  return validate(value) ? null : ajv.errorsText(validate.errors);
}

function closed(schema: Schema): Schema {
  const copy = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(copy);
    if (typeof value !== 'object' || value === null) return value;
    const own = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copy(member)]));
    if (typeof own['$ref'] === 'string') own['$ref'] = own['$ref'].replace('#/components/schemas/', 'doc:');
    const names = own['properties'];
    const isSchema = typeof own['type'] === 'string' || Array.isArray(own['type']);
    return isSchema && names !== undefined ? { additionalProperties: false, ...own } : own;
  };
  return copy(schema) as Schema;
}
