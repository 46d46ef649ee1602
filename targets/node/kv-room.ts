/**
 * Keeps a store's file within its largest size, which the `lmdb` package does not: it enlarges the map instead of
 * failing. A transaction is refused before it commits when it might make the file too long.
 *
 * LMDB never overwrites a page in use: a transaction writes every page that it touches anew, into pages that are free
 * since the last transaction but one, and behind the end of the file when there are not enough.
 */

export interface StoreStats {
  readonly pageSize: number;
  readonly treeDepth: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
  readonly lastPageNumber: number;
  /** Of the tree that lists the free pages. */
  readonly free: Omit<StoreStats, 'free' | 'lastPageNumber'>;
}

const metaPages = 2;
/** For a split at every level and for the list of free pages. */
const sparePages = 8;
/** Only removals may use these, so that a full store can be emptied. */
const removalPages = 32;

export class KvRoom {
  readonly #store: { getStats(): unknown };
  readonly #maxBytes: number;
  #before: StoreStats | null = null;
  #changes = 0;
  #puts = 0;
  #overflowPages = 0;
  /** The most pages that the last transaction may have freed: they cannot be used again yet. */
  #justFreed = Number.POSITIVE_INFINITY;

  constructor(store: { getStats(): unknown }, maxBytes: number) {
    this.#store = store;
    this.#maxBytes = maxBytes;
  }

  /** At the start of a transaction. */
  begin(): void {
    this.#before = this.#store.getStats() as StoreStats;
    this.#changes = 0;
    this.#puts = 0;
    this.#overflowPages = 0;
  }

  countRemoval(): void {
    this.#changes += 1;
  }

  countPut(valueBytes: number): void {
    this.#changes += 1;
    this.#puts += 1;
    const pageSize = this.#before?.pageSize ?? 0;
    // Values of about half a page and more get pages of their own.
    if (valueBytes > pageSize / 4) this.#overflowPages += Math.ceil((valueBytes + 32) / pageSize);
  }

  /** At the end of a transaction, before it commits. */
  fits(): boolean {
    const before = this.#before as StoreStats;
    const after = this.#store.getStats() as StoreStats;
    const filePages = before.lastPageNumber + 1;
    const freePages = filePages - metaPages - livePages(before) - livePages(before.free);
    const usablePages = Math.max(0, freePages - this.#justFreed);
    const touchedPages = Math.min(
      this.#changes * (2 * after.treeDepth + 2),
      Math.max(treePages(before), treePages(after)),
    );
    const writtenPages = touchedPages + this.#overflowPages + livePages(before.free) + sparePages;
    const mostPages = this.#maxBytes / before.pageSize - (this.#puts > 0 ? removalPages : 0);
    if (filePages + Math.max(0, writtenPages - usablePages) > mostPages) return false;
    this.#justFreed = writtenPages + Math.max(0, livePages(before) - livePages(after));
    return true;
  }
}

function treePages(stats: StoreStats): number {
  return stats.treeBranchPageCount + stats.treeLeafPageCount;
}

function livePages(stats: Omit<StoreStats, 'free' | 'lastPageNumber'>): number {
  return stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages;
}
