/** GetCallerIdentity: what a request costs that only asks who signed it. Run: node bench/sts/main.ts [rounds] */
import { cpuRatio, showRatio } from '../guard/ratio.ts';
import type { Peer } from '../sqs/peers.ts';
import { signedRequest } from '../sqs/request.ts';

function identity(peer: Peer) {
  const request = signedRequest(peer, 'sts', 'Action=GetCallerIdentity&Version=2011-06-15', [
    ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
  ]);
  return () => request;
}

const [rounds = 5] = process.argv.slice(2).map(Number);
showRatio(await cpuRatio(rounds, identity));
