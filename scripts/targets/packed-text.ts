/**
 * Makes text small that a program has in it but seldom needs. A character below U+0080 stands for itself. One above
 * begins a repetition: its low 7 bits and 4 more are the length, and the two after it, high byte first, how far back it
 * begins. `targets/quickjs/unpack.ts` undoes it.
 */
const shortest = 4;
const longest = shortest + 127;
const farthest = 65_535;
/** How many earlier places are compared: more makes it a little smaller. */
const mostTries = 4096;

export function packText(text: string): string {
  // oxlint-disable-next-line no-control-regex
  if (/[^\x00-\x7f]/.test(text)) throw new Error('only ASCII can be packed');
  const places = new Map<string, number[]>();
  let packed = '';
  for (let at = 0; at < text.length; ) {
    const here = findRepetition(text, at, places);
    note(text, at, places);
    // One character as it is, if more can be repeated after it.
    const isWorth = here.length >= shortest && findRepetition(text, at + 1, places).length <= here.length;
    if (!isWorth) {
      packed += text[at];
      at += 1;
      continue;
    }
    packed += String.fromCharCode(0x80 + here.length - shortest, here.distance >> 8, here.distance & 0xff);
    for (let i = at + 1; i < at + here.length; i += 1) note(text, i, places);
    at += here.length;
  }
  return packed;
}

function note(text: string, at: number, places: Map<string, number[]>): void {
  const start = text.slice(at, at + shortest);
  const known = places.get(start);
  if (known === undefined) places.set(start, [at]);
  else known.push(at);
}

function findRepetition(text: string, at: number, places: ReadonlyMap<string, readonly number[]>) {
  const best = { length: 0, distance: 0 };
  const most = Math.min(longest, text.length - at);
  for (const place of (places.get(text.slice(at, at + shortest)) ?? []).slice(-mostTries)) {
    if (at - place > farthest) continue;
    let length = 0;
    while (length < most && text[place + length] === text[at + length]) length += 1;
    if (length >= best.length) Object.assign(best, { length, distance: at - place });
  }
  return best;
}
