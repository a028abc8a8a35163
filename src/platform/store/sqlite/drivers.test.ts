import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { driverConformance } from '#platform/store/conformance.ts';
import { sqliteDrivers } from '#platform/store/sqlite/drivers.ts';

driverConformance(
  'sqlite',
  (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'makonis-store-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    return () => sqliteDrivers(folder);
  },
  50,
);
