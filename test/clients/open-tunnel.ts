/**
 * `aws ec2-instance-connect open-tunnel` for clouds without TLS on port 443, which version 2 of the AWS CLI insists on: what it is told on
 * its standard input goes through an EC2 Instance Connect Endpoint, and what comes back is its output. For ssh's ProxyCommand.
 */
import { createWebSocketStream, WebSocket } from 'ws';
import { signed } from '#test/protocol/sigv4-signing.fixture.ts';

const [, , origin = '', instanceConnectEndpointId = '', privateIpAddress = '', remotePort = '22'] = process.argv;
const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = process.env;

const { query } = await signed(
  {
    method: 'GET',
    path: '/openTunnel',
    query: { instanceConnectEndpointId, privateIpAddress, remotePort },
    headers: { host: new URL(origin).host },
  },
  {
    service: 'ec2-instance-connect',
    at: Date.now(),
    credential: { accessKeyId, secretAccessKey },
    presignedFor: 60,
  },
);
const socket = new WebSocket(`${origin.replace('http', 'ws')}/openTunnel?${query}`, { perMessageDeflate: false });
socket.on('unexpected-response', async (_, response) => {
  process.stderr.write((await response.toArray()).join(''));
  process.exit(1);
});
const stream = createWebSocketStream(socket);
stream.on('error', () => process.exit(1));
process.stdin.pipe(stream).pipe(process.stdout);
