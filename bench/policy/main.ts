/** A decision with ten managed policies of 6 KB. Run: node bench/policy/main.ts */
import { compileUs, decisionUs, workloads } from './measure.ts';

for (const workload of workloads()) console.log(`${decisionUs(workload).toFixed(2).padStart(8)} us  ${workload.name}`);
console.log(`${compileUs().toFixed(0).padStart(8)} us  to compile one policy`);
