/** Which segments are written again, and which of them together. */
import { SEGMENT_HEADER_BYTES } from '../storage/format/segment-header.ts';
import type { InputPlan } from './plan.ts';

/** How many times the bytes that are written anyway may be written more, to have fewer and larger files. */
const WORTH_MERGING = 2;

export interface Group {
  /** Neighbours, in order. */
  readonly members: readonly InputPlan[];
  /** How large the file that replaces them becomes. */
  readonly outputBytes: number;
}

/** True for a segment that must be written again. */
const mustBeWritten = ({ input, dropped, changes }: InputPlan): boolean => !input.isClean || dropped > 0 || changes;

/**
 * Puts neighbours together up to `segmentBytes`, beginning with the latest. What could stay as it is joins only others
 * that are not much smaller: else a large file would be written again for each small one that comes behind it.
 */
export function groupInputs(plans: readonly InputPlan[], segmentBytes: number): Group[] {
  const groups: Group[] = [];
  let open: OpenGroup | null = null;
  for (let i = plans.length - 1; i >= 0; i--) {
    const plan = plans[i] as InputPlan;
    if (open !== null && open.accepts(plan, segmentBytes)) {
      open.add(plan);
      continue;
    }
    if (open !== null) groups.push(open);
    open = new OpenGroup(plan);
  }
  if (open !== null) groups.push(open);
  return groups.reverse().filter((group) => group.members.some(mustBeWritten));
}

class OpenGroup implements Group {
  readonly members: InputPlan[] = [];
  outputBytes = SEGMENT_HEADER_BYTES;
  /** What has to be written, whether or not others join. */
  #dueBytes = 0;

  constructor(plan: InputPlan) {
    this.add(plan);
  }

  accepts(plan: InputPlan, segmentBytes: number): boolean {
    const next = this.members[0] as InputPlan;
    if (plan.input.endOffset !== next.input.name.baseOffset) return false;
    if (this.outputBytes + plan.survivingBytes > segmentBytes) return false;
    const dueBytes = this.#dueBytes + (mustBeWritten(plan) ? plan.survivingBytes : 0);
    const allBytes = this.outputBytes - SEGMENT_HEADER_BYTES + plan.survivingBytes;
    return allBytes - dueBytes <= WORTH_MERGING * dueBytes;
  }

  add(plan: InputPlan): void {
    this.members.unshift(plan);
    this.outputBytes += plan.survivingBytes;
    if (mustBeWritten(plan)) this.#dueBytes += plan.survivingBytes;
  }
}
