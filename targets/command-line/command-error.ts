/** It cannot be done, for a reason outside of what the command keeps: exit code 1. */
export class CommandError extends Error {}
