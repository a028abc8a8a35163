/** Runs a TypeScript file of ours in Node 24 with all npm packages: `node tools/node24.mjs bench/sqs/main.ts 10`. */
import { run, setUpNode } from './set-up.mjs';

const { node, env } = await setUpNode();
process.exitCode = (await run(node, process.argv.slice(2), env)) ? 0 : 1;
