/** What goes through EC2 Instance Connect Endpoints: WebSockets, as the AWS CLI opens them. */
import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  CreateInstanceConnectEndpointCommand,
  DeleteInstanceConnectEndpointCommand,
  ModifyInstanceConnectEndpointCommand,
} from '@aws-sdk/client-ec2';
import { WebSocket } from 'ws';
import { minutes, seconds } from '#platform/base/clock.ts';
import type { TunnelWay } from '#platform/network/network.ts';
import { pass } from '#test/sdk/ec2-host.ts';
import { startNetworks } from '#test/sdk/ec2-network.ts';
import { newUser } from '#test/sdk/people.ts';
import { signedRequest } from '#test/sdk/raw-request.ts';
import { until } from '#test/until.ts';

/** Says hello, and all that it is told, backwards. */
function backwards(): Duplex {
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      this.push(Buffer.from(chunk).reverse());
      done();
    },
    final(done) {
      this.push(null);
      done();
    },
  });
  stream.push('hello ');
  return stream;
}

interface Tunnelling {
  readonly port?: number | string;
  readonly address?: string;
  readonly endpoint?: string;
  readonly maxTunnelDuration?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly tamper?: (query: string) => string;
}

async function withTunnels(t: TestContext) {
  const setting = await startNetworks(t);
  const { c, ec2, networks, newVpc, newSubnet } = setting;
  const vpc = await newVpc();
  const made = await ec2.send(new CreateInstanceConnectEndpointCommand({ SubnetId: await newSubnet(vpc) }));
  const ways: TunnelWay[] = [];
  networks.answers = (way) => {
    ways.push(way);
    return way.address.endsWith('.99') ? undefined : backwards();
  };
  const {
    InstanceConnectEndpointId: id = '',
    NetworkInterfaceIds: [nic] = [],
    DnsName,
  } = made.InstanceConnectEndpoint ?? assert.fail('nothing was made');
  /** As AWS CLI's `open-tunnel` does. */
  const open = async (given: Tunnelling = {}): Promise<WebSocket> => {
    const { port = 22, address = '10.0.1.10', endpoint = id, maxTunnelDuration, tamper = (query) => query } = given;
    const query = {
      instanceConnectEndpointId: endpoint,
      remotePort: String(port),
      privateIpAddress: address,
      ...(maxTunnelDuration !== undefined && { maxTunnelDuration }),
    };
    const host = `${DnsName}:${c.port}`;
    const request = await signedRequest(
      c,
      { method: 'GET', path: '/openTunnel', query, headers: { host } },
      {
        service: 'ec2-instance-connect',
        presignedFor: 60,
        ...(given.credentials && { credential: given.credentials }),
      },
    );
    const url = `${c.nextUrl().replace('http', 'ws')}/openTunnel?${tamper(request.query)}`;
    return new WebSocket(url, { headers: { host }, perMessageDeflate: false });
  };
  /** What the refusal says. */
  const refused = async (given: Tunnelling) => {
    const socket = await open(given);
    return new Promise<{ status: number | undefined; code: string; message: string }>((resolve, reject) => {
      socket.on('open', () => reject(new Error('it is open')));
      socket.on('error', () => {});
      socket.on('unexpected-response', async (_, response) => {
        const body = JSON.parse((await response.toArray()).join(''));
        assert.equal(response.headers['x-amzn-requestid'], body.RequestId);
        assert.equal(body.FaultCode, 'Sender');
        resolve({ status: response.statusCode, code: body.ErrorCode, message: body.Message });
      });
    });
  };
  return { ...setting, vpc, id, nic, ways, open, refused };
}

/** All that comes until it is closed, and how it was closed. */
function heard(socket: WebSocket, until = Number.POSITIVE_INFINITY) {
  return new Promise<{ text: string; code: number }>((resolve) => {
    let text = '';
    socket.on('message', (data: Buffer, isBinary) => {
      assert.ok(isBinary);
      text += data.toString();
      if (text.length >= until) socket.close(1000);
    });
    socket.on('close', (code) => resolve({ text, code }));
  });
}

test('a tunnel carries bytes to a private address, from the endpoint’s interface', async (t) => {
  const { c, ec2, vpc, id, nic, ways, open } = await withTunnels(t);
  const socket = await open();
  socket.on('open', () => socket.send(Buffer.from('olleh')));
  assert.deepEqual(await heard(socket, 11), { text: 'hello hello', code: 1000 });
  assert.deepEqual(ways, [{ vpc, interface: nic, address: '10.0.1.10', port: 22 }]);

  // At its time it ends, and with its endpoint.
  const short = await open({ maxTunnelDuration: '60' });
  const shortEnd = heard(short);
  await new Promise((resolve) => short.on('message', resolve));
  await pass(c, ec2, minutes(1));
  assert.deepEqual(await shortEnd, { text: 'hello ', code: 1000 });
  const long = await open();
  const longEnd = heard(long);
  await new Promise((resolve) => long.on('message', resolve));
  await pass(c, ec2, minutes(59));
  assert.equal(long.readyState, WebSocket.OPEN);
  await ec2.send(new DeleteInstanceConnectEndpointCommand({ InstanceConnectEndpointId: id }));
  assert.deepEqual(await longEnd, { text: 'hello ', code: 1000 });
});

test('what no tunnel leads to', async (t) => {
  const { c, ec2, id, refused, open } = await withTunnels(t);
  const wrongPort =
    'The specified RemotePort is not valid. Specify either 22 or 3389 as the RemotePort and retry your request.';
  assert.deepEqual(await refused({ port: 80 }), { status: 400, code: 'InvalidParameter', message: wrongPort });
  assert.equal((await refused({ port: 'ssh' })).code, 'InvalidParameter');
  for (const address of ['10.1.0.1', '169.254.169.254', 'localhost', '::1']) {
    assert.match((await refused({ address })).message, /not in the VPC/, address);
  }
  assert.match((await refused({ endpoint: 'eice-00000000000000000' })).message, /InstanceConnectEndpointId/);
  assert.equal((await refused({ endpoint: 'nothing' })).code, 'InvalidArgsException');
  assert.equal((await refused({ maxTunnelDuration: '3601' })).code, 'InvalidArgsException');
  assert.equal((await refused({ address: '10.0.1.99' })).code, 'ConnectionFailure');
  const tampered = await refused({ tamper: (query) => query.replace('remotePort=22', 'remotePort=3389') });
  assert.deepEqual([tampered.status, tampered.code], [403, 'SignatureDoesNotMatch']);
  // An instance can't answer to this machine's own address.
  await ec2.send(new ModifyInstanceConnectEndpointCommand({ InstanceConnectEndpointId: id, PreserveClientIp: true }));
  assert.match((await refused({})).message, /preserves the IP addresses/);
  await ec2.send(new ModifyInstanceConnectEndpointCommand({ InstanceConnectEndpointId: id, PreserveClientIp: false }));

  // So many at once are throttled.
  await pass(c, ec2, seconds(2));
  const sockets = await Promise.all(Array.from({ length: 20 }, () => open()));
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.on('message', resolve))));
  await pass(c, ec2, seconds(2));
  assert.equal((await refused({})).code, 'TooManyConnections');
  const [first] = sockets;
  first?.close();
  await until(async () => {
    const socket = await open();
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.on('open', () => resolve(true));
      socket.on('error', () => resolve(false));
    });
    sockets.push(socket);
    return isOpen;
  }, 'a place');
  for (const socket of sockets) socket.terminate();
});

test('who may open a tunnel is a matter of endpoint, port, address and time', async (t) => {
  const { c, id, open, refused } = await withTunnels(t);
  const { credentials, allow } = await newUser(c, 'anna');
  const denied = async (given: Tunnelling) => {
    const { status, code, message } = await refused({ credentials, ...given });
    assert.deepEqual([status, code], [403, 'AccessDenied']);
    assert.match(
      message,
      /ec2-instance-connect:OpenTunnel on resource: arn:aws:ec2:us-east-1:\d+:instance-connect-endpoint\/eice-/,
    );
  };
  await denied({});
  await allow({
    Effect: 'Allow',
    Action: 'ec2-instance-connect:OpenTunnel',
    Resource: `arn:aws:ec2:us-east-1:${c.account}:instance-connect-endpoint/${id}`,
    Condition: {
      NumericEquals: { 'ec2-instance-connect:remotePort': '22' },
      IpAddress: { 'ec2-instance-connect:privateIpAddress': '10.0.1.0/28' },
      NumericLessThanEquals: { 'ec2-instance-connect:maxTunnelDuration': '600' },
    },
  });
  await denied({});
  await denied({ maxTunnelDuration: '600', port: 3389 });
  await denied({ maxTunnelDuration: '600', address: '10.0.1.20' });
  const socket = await open({ maxTunnelDuration: '600', credentials });
  assert.deepEqual(await heard(socket, 6), { text: 'hello ', code: 1000 });

  const trail = c.client(CloudTrailClient);
  const wanted = new LookupEventsCommand({
    LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'OpenTunnel' }],
  });
  const events = async () =>
    ((await trail.send(wanted)).Events ?? []).map((event) => JSON.parse(event.CloudTrailEvent ?? ''));
  await until(async () => (await events()).length === 5, 'the events');
  const done = (await events()).find(({ errorCode }) => errorCode === undefined);
  assert.deepEqual(
    [done.eventSource, done.userIdentity.userName, done.requestParameters],
    [
      'ec2-instance-connect.amazonaws.com',
      'anna',
      {
        instanceConnectEndpointId: id,
        maxTunnelDuration: 600,
        privateIpAddress: '10.0.1.10',
        remotePort: 22,
      },
    ],
  );
});
