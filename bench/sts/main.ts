/** GetCallerIdentity: what a request costs that only asks who signed it. Run: node bench/sts/main.ts [seconds] */

import { measure, show } from '../sqs/measure.ts';
import { startMakonis } from '../sqs/peers.ts';
import { signedRequest } from '../sqs/request.ts';

const [seconds = 5] = process.argv.slice(2).map(Number);
const peer = await startMakonis();
const request = signedRequest(peer, 'sts', 'Action=GetCallerIdentity&Version=2011-06-15', [
  ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
]);
for (const connections of [1, 64]) {
  show(peer, `identity, ${connections} conn.`, await measure(peer, connections, () => request, seconds));
}
await peer.stop();
