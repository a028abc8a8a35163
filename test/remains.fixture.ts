/** A test that leaves all there is to be left, says so, and waits for its end. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { removeAfterwards } from '#test/remains.ts';

const [, , folder = '', tag = '', group = ''] = process.argv;
removeAfterwards(folder, tag);
const namespace = `makonis-${tag}-vpc-01234567`;
execFileSync('ip', ['netns', 'add', namespace]);
execFileSync('nft', ['add', 'table', 'inet', `makonis_${tag}`]);
if (group !== '') mkdirSync(join(group, 'i-01234567'), { recursive: true });
const sleep = { detached: true, stdio: 'ignore' } as const;
spawn('sleep', ['600'], { ...sleep, cwd: folder }).unref();
spawn('ip', ['netns', 'exec', namespace, 'sleep', '600'], sleep).unref();
process.stdout.write('left');
setInterval(() => {}, 1000);
