/** The configuration of topics in v3. Durability is one of its entries: `streambed.durability`. */
import type { ConfigEntry } from '../../../logged/commit-log.ts';
import { KafkaHttpError } from '../errors.ts';
import { badRequest, objectList, optionalBoolean, readMembers, requiredText, shown } from './requests.ts';
import { type Call, type Resource, segment } from './resources.ts';
import { describeTopics, setOnce } from './topics.ts';

export async function listConfigs(call: Call): Promise<Response> {
  const topic = call.param('topic');
  const { config } = await call.log.describeTopic(topic);
  const data = config.map((entry) => resourceOf(call, topic, entry));
  return call.list('TopicConfig', `/topics/${segment(topic)}/configs`, data);
}

export async function listAllConfigs(call: Call): Promise<Response> {
  const topics = await describeTopics(call);
  const data = topics.flatMap(({ topic, config }) => config.map((entry) => resourceOf(call, topic, entry)));
  return call.list('TopicConfig', '/topics/-/configs', data);
}

export async function getConfig(call: Call): Promise<Response> {
  const name = call.param('name');
  const entry = (await checkedConfig(call, [name])).find((one) => one.name === name) as ConfigEntry;
  return call.reply(resourceOf(call, call.param('topic'), entry));
}

export async function putConfig(call: Call): Promise<Response> {
  const set = {};
  setOnce(set, call.param('name'), await readMembers(call, ['value']));
  return alter(call, set, [], false);
}

export async function resetConfig(call: Call): Promise<Response> {
  return alter(call, {}, [call.param('name')], false);
}

/** All of the changes or none of them. */
export async function alterConfigs(call: Call): Promise<Response> {
  const body = await readMembers(call, ['data', 'validate_only']);
  const validateOnly = optionalBoolean(body, 'validate_only');
  const set: Record<string, string> = {};
  const reset: string[] = [];
  for (const item of objectList(body['data'], 'data', ['name', 'value', 'operation'])) {
    const name = requiredText(item, 'name');
    const operation = item['operation'] ?? 'SET';
    if (operation === 'SET') setOnce(set, name, item);
    else if (operation === 'DELETE') reset.push(name);
    else throw badRequest(`operation=${shown(operation)} is not one of SET, DELETE.`);
  }
  return alter(call, set, reset, validateOnly);
}

async function alter(
  call: Call,
  set: Readonly<Record<string, string>>,
  reset: readonly string[],
  validateOnly: boolean,
): Promise<Response> {
  const twice = reset.find((name, i) => Object.hasOwn(set, name) || reset.indexOf(name) !== i);
  if (twice !== undefined) throw new KafkaHttpError(40002, `${twice} is given more than once.`);
  await checkedConfig(call, [...Object.keys(set), ...reset]);
  await call.log.alterTopic(call.param('topic'), { set, reset, validateOnly });
  return call.noContent();
}

/** The topic's configuration, in which these names must be. */
async function checkedConfig(call: Call, names: readonly string[]): Promise<readonly ConfigEntry[]> {
  const topic = call.param('topic');
  const { config } = await call.log.describeTopic(topic);
  const unknown = names.find((name) => !config.some((entry) => entry.name === name));
  if (unknown === undefined) return config;
  const cluster = call.context.clusterId;
  throw new KafkaHttpError(404, `Config ${unknown} cannot be found for TOPIC ${topic} in cluster ${cluster}.`);
}

function resourceOf(call: Call, topic: string, { name, value, defaultValue, isDefault }: ConfigEntry): Resource {
  const source = isDefault ? 'DEFAULT_CONFIG' : 'DYNAMIC_TOPIC_CONFIG';
  const fallback = { name, value: defaultValue, source: 'DEFAULT_CONFIG' };
  const path = `/topics/${segment(topic)}/configs/${segment(name)}`;
  return call.resource('TopicConfig', path, `/topic=${segment(topic)}/config=${segment(name)}`, {
    topic_name: topic,
    name,
    value,
    is_default: isDefault,
    is_read_only: false,
    is_sensitive: false,
    source,
    synonyms: isDefault ? [fallback] : [{ name, value, source }, fallback],
  });
}
