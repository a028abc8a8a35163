/**
 * Loads all of the program, so that Node's compile cache has it. The launcher runs this once for each version, in a process of its
 * own: stripping types leaves 40 MiB behind, which a server would hold until it ends.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// Without a command: it says how it is used.
import '#cli/main.ts';
import '#cli/up.ts';
import '#hostd/main.ts';
import '#hostd/this-host.ts';
import { startCloud } from '#main';
import { silent } from '#platform/base/log.ts';
import { createMasterKeys } from '#platform/secrets/master-key.ts';

const THREADS = [
  '#services/s3/hashing/worker.ts',
  '#services/s3/hashing/whole-worker.ts',
  '#services/s3/select/worker.ts',
];

const folder = mkdtempSync(join(tmpdir(), 'makonis-compile-'));
const running = await startCloud({
  data: join(folder, 'data'),
  masterKeys: createMasterKeys(join(folder, 'master-key.json')),
  port: 0,
  adminPort: 0,
  adminToken: '',
  listen: [],
  domains: [],
  region: 'us-east-1',
  tlsFolder: undefined,
  log: silent,
  version: '',
});
await running.cloud.registry.loadAll();
// Threads load these; here they are compiled, and then find that they are in none.
for (const thread of THREADS) await import(thread).catch(() => {});
await running.stop();
rmSync(folder, { recursive: true });
