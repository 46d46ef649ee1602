/** What a policy may give, kept as bits of a number. Sorted, since that is how Vault answers. */
const CAPABILITIES = ['create', 'delete', 'deny', 'list', 'patch', 'read', 'scan', 'sudo', 'update'] as const;

export type Capability = (typeof CAPABILITIES)[number];

/** Null when there is no such capability. */
export function capabilityBit(name: string): number | null {
  const index = CAPABILITIES.findIndex((one) => one === name);
  return index < 0 ? null : 1 << index;
}

export const DENY = 1 << CAPABILITIES.indexOf('deny');
export const SUDO = 1 << CAPABILITIES.indexOf('sudo');

export function namesOf(bits: number): Capability[] {
  return CAPABILITIES.filter((_, index) => (bits & (1 << index)) !== 0);
}
