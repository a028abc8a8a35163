/** Debian's Chromium, driven by Playwright. Screenshots go where SCREENSHOTS says, to be looked at. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { chromium, type Page } from 'playwright-core';

const PROGRAM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path));

const PAGE = join(import.meta.dirname, '..', '..', 'console', 'dist', 'index.html');

/** Why the console can't be looked at here; false if it can. */
export const noConsole =
  (PROGRAM === undefined && 'no Chromium here') || (!existsSync(PAGE) && 'the console is not built: npm run console');

export interface Browser {
  readonly page: Page;
  /** What the page said to its console, and what it threw. */
  readonly complaints: readonly string[];
  look(name: string): Promise<void>;
}

export async function browser(t: TestContext): Promise<Browser> {
  const started = await chromium.launch({
    ...(PROGRAM !== undefined && { executablePath: PROGRAM }),
    // As root, and with little shared memory, it does not start otherwise. `*.localhost` is this machine, as in any browser.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
  t.after(() => started.close());
  const page = await started.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  const folder = process.env['SCREENSHOTS'];
  return {
    page,
    complaints,
    async look(name) {
      if (folder === undefined) return;
      mkdirSync(folder, { recursive: true });
      await page.screenshot({ path: join(folder, `${name}.png`) });
    },
  };
}
