/** The platform's tables of what was asked for: no call reads them, and what they say is in memory while the disk takes no writes. */
export const COUNTS: ReadonlySet<string> = new Set(['usage', 'usage-final']);
/** The platform's tables that any call may write to: nothing is kept in memory elsewhere of what they say. */
export const BOOKKEEPING: ReadonlySet<string> = new Set([...COUNTS, 'audit']);
