/** Prints the ratio that recorded.json holds a copy of. Run: node bench/guard/main.ts [rounds] */
import { cpuRatio } from './ratio.ts';

const [rounds = 5] = process.argv.slice(2).map(Number);
const { makonisUs, bareUs, ratio } = await cpuRatio(rounds);
console.log(`makonis ${makonisUs.toFixed(1)} us, bare node:http ${bareUs.toFixed(1)} us, ratio ${ratio.toFixed(2)}`);
