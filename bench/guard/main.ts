/** Prints the ratio that recorded.json holds a copy of. Run: node bench/guard/main.ts [rounds] */
import { cpuRatio, showRatio, sqsTurns } from './ratio.ts';

const [rounds = 5] = process.argv.slice(2).map(Number);
showRatio(await cpuRatio(rounds, sqsTurns));
