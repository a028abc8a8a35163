import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { answerDhcp } from '#platform/network/linux/dhcp.ts';
import type { VpcPlan } from '#platform/network/network.ts';

const MAC = '02:00:00:00:00:0a';

const PLAN: VpcPlan = {
  id: 'vpc-00000001',
  cidrs: ['10.0.0.0/16'],
  subnets: [{ id: 'subnet-00000001', cidr: '10.0.16.0/20', routes: [] }],
  interfaces: [
    {
      id: 'eni-00000001',
      subnet: 'subnet-00000001',
      mac: MAC,
      addresses: [{ privateIp: '10.0.17.5' }],
      isSourceChecked: true,
      ingress: [],
      egress: [],
      hostName: 'ip-10-0-17-5.ec2.internal',
      machine: 'i-00000001',
      metadataHopLimit: 1,
    },
  ],
  sets: [],
  hasInternetGateway: false,
  dhcp: { domainName: 'ec2.internal', nameServers: ['vpc'], ntpServers: ['169.254.169.123'] },
};

function requestOf(type: number, options: readonly (readonly number[])[] = [], mac = MAC): Buffer {
  const packet = Buffer.alloc(240);
  packet.set([1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef]);
  Buffer.from(mac.replaceAll(':', ''), 'hex').copy(packet, 28);
  packet.writeUInt32BE(0x63825363, 236);
  const encoded = [[53, type], ...options].flatMap(([code = 0, ...value]) => [code, value.length, ...value]);
  return Buffer.concat([packet, Buffer.from([...encoded, 255])]);
}

function optionsOf(packet: Buffer): Record<number, string> {
  const options: Record<number, string> = {};
  for (let at = 240; packet[at] !== 255; at += 2 + (packet[at + 1] ?? 0)) {
    options[packet[at] ?? 0] = packet.toString('hex', at + 2, at + 2 + (packet[at + 1] ?? 0));
  }
  return options;
}

test('an interface is offered its own address, and what it needs to use it', () => {
  const offer = answerDhcp(PLAN, requestOf(1, [[61, 1, 2, 3]]));
  assert.equal(offer?.to, '10.0.17.5');
  const packet = offer?.packet ?? Buffer.alloc(0);
  assert.equal(packet.length, 576);
  assert.equal(packet.toString('hex', 4, 8), 'deadbeef');
  assert.deepEqual([...packet.subarray(16, 20)], [10, 0, 17, 5]);
  assert.deepEqual(optionsOf(packet), {
    1: 'fffff000',
    3: '0a001001',
    6: '0a000002',
    12: Buffer.from('ip-10-0-17-5').toString('hex'),
    15: Buffer.from('ec2.internal').toString('hex'),
    26: '05dc',
    42: 'a9fea97b',
    51: '00000e10',
    53: '02',
    54: '0a001001',
    61: '010203',
  });
});

test('a request is acknowledged for that address and refused for another; strangers hear nothing', () => {
  const typeOf = (request: Buffer) => optionsOf(answerDhcp(PLAN, request)?.packet ?? Buffer.from([]))[53];
  assert.equal(typeOf(requestOf(3, [[50, 10, 0, 17, 5]])), '05');
  assert.equal(typeOf(requestOf(3, [[50, 10, 0, 17, 6]])), '06');
  assert.equal(answerDhcp(PLAN, requestOf(1, [], '02:00:00:00:00:0b')), undefined);
  assert.equal(answerDhcp(PLAN, requestOf(7)), undefined);
});

test('nothing that a guest sends breaks it', () => {
  const rest = fc.uint8Array({ maxLength: 400 });
  fc.assert(fc.property(rest, (bytes) => void answerDhcp(PLAN, Buffer.from(bytes))));
  fc.assert(
    fc.property(rest, (bytes) => {
      const answer = answerDhcp(PLAN, Buffer.concat([requestOf(1).subarray(0, 240), bytes]));
      if (answer !== undefined) assert.equal(answer.packet.length, 576);
    }),
  );
});
