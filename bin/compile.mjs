/**
 * Loads all that a start loads, so that Node's compile cache has it. The launcher runs this once for each version, in a process
 * of its own: stripping types leaves 40 MiB behind, which a server would hold until it ends.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// Without a command: it says how it is used.
import '#cli/main.ts';
import '#cli/up.ts';
import { commitStart } from '#platform/store/first-commit.ts';
import { openStore } from '#platform/store/open-store.ts';
import { sqliteDrivers } from '#platform/store/sqlite/drivers.ts';

const folder = mkdtempSync(join(tmpdir(), 'makonis-compile-'));
const store = openStore({ drivers: sqliteDrivers(folder) });
// The committer is a thread, which loads for itself.
await commitStart(store.partition({ service: 'makonis', account: 'global', region: 'us-east-1' }), 0, '');
await store.close();
rmSync(folder, { recursive: true });
