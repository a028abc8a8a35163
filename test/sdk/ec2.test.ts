/** What all of EC2's operations share, by its first nouns: regions, key pairs, tags. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  CreateKeyPairCommand,
  CreateTagsCommand,
  DeleteKeyPairCommand,
  DeleteTagsCommand,
  DescribeAvailabilityZonesCommand,
  DescribeFleetsCommand,
  DescribeKeyPairsCommand,
  DescribeRegionsCommand,
  DescribeTagsCommand,
  EC2Client,
  ImportKeyPairCommand,
  paginateDescribeTags,
} from '@aws-sdk/client-ec2';
import { GetResourcesCommand, ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { DecodeAuthorizationMessageCommand, STSClient } from '@aws-sdk/client-sts';
import { cloud } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';
import { formDraft, sendRaw, signedRequest } from '#test/sdk/raw-request.ts';
import { refusal } from '#test/sdk/refusals.ts';

const PUBLIC_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEpXXBAXwmW1hWaMLmHhmRVHJJ2n6kzNe9oPG5d8Mz2D me@here';

async function start(t: TestContext) {
  const c = await cloud(t);
  const ec2 = c.client(EC2Client);
  const bring = async (KeyName: string, tags: Record<string, string> = {}) => {
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    const { KeyPairId = '' } = await ec2.send(
      new ImportKeyPairCommand({
        KeyName,
        PublicKeyMaterial: Buffer.from(PUBLIC_KEY),
        ...(Tags.length > 0 && { TagSpecifications: [{ ResourceType: 'key-pair', Tags }] }),
      }),
    );
    return KeyPairId;
  };
  return { c, ec2, bring };
}

test('regions and zones, named and filtered', async (t) => {
  const { c, ec2 } = await start(t);
  const { Regions = [] } = await ec2.send(new DescribeRegionsCommand());
  const home = Regions.find(({ RegionName }) => RegionName === 'us-east-1');
  const Endpoint = 'ec2.us-east-1.amazonaws.com';
  assert.deepEqual(home, { RegionName: 'us-east-1', Endpoint, OptInStatus: 'opt-in-not-required' });
  const europe = await ec2.send(
    new DescribeRegionsCommand({ Filters: [{ Name: 'region-name', Values: ['eu-central-?'] }] }),
  );
  assert.deepEqual(europe.Regions?.map(({ RegionName, OptInStatus }) => `${RegionName} ${OptInStatus}`).sort(), [
    'eu-central-1 opt-in-not-required',
    'eu-central-2 opted-in',
  ]);
  const nowhere = ec2.send(new DescribeRegionsCommand({ RegionNames: ['atlantis-1'] }));
  await assert.rejects(nowhere, refusal('InvalidParameterValue', 'Invalid region name provided: atlantis-1'));

  const zones = await c
    .client(EC2Client, { region: 'us-west-2' })
    .send(
      new DescribeAvailabilityZonesCommand({ Filters: [{ Name: 'zone-id', Values: ['usw2-az[12]', 'usw2-az1'] }] }),
    );
  assert.deepEqual(
    zones.AvailabilityZones?.map(({ ZoneName, State }) => [ZoneName, State]),
    [['us-west-2a', 'available']],
  );
  const named = await ec2.send(new DescribeAvailabilityZonesCommand({ ZoneNames: ['us-east-1f'] }));
  assert.equal(named.AvailabilityZones?.[0]?.ZoneId, 'use1-az6');
  const unknown = ec2.send(new DescribeAvailabilityZonesCommand({ ZoneIds: ['use1-az9'] }));
  await assert.rejects(unknown, refusal('InvalidParameterValue'));
});

test('a key pair is made, shown once, described, deleted', async (t) => {
  const { c, ec2 } = await start(t);
  const TagSpecifications = [{ ResourceType: 'key-pair' as const, Tags: [{ Key: 'Owner', Value: 'anna' }] }];
  const made = await ec2.send(new CreateKeyPairCommand({ KeyName: 'first', TagSpecifications }));
  assert.match(made.KeyMaterial ?? '', /^-----BEGIN RSA PRIVATE KEY-----\n[\s\S]+\n-----END RSA PRIVATE KEY-----$/);
  assert.match(made.KeyPairId ?? '', /^key-0[0-9a-f]{16}$/);
  assert.deepEqual(made.Tags, [{ Key: 'Owner', Value: 'anna' }]);
  const edwards = await ec2.send(new CreateKeyPairCommand({ KeyName: 'second', KeyType: 'ed25519', KeyFormat: 'ppk' }));
  assert.match(edwards.KeyMaterial ?? '', /^PuTTY-User-Key-File-2: ssh-ed25519\r\n/);

  const again = ec2.send(new CreateKeyPairCommand({ KeyName: 'first' }));
  await assert.rejects(again, refusal('InvalidKeyPair.Duplicate'));
  const odd = ec2.send(new CreateKeyPairCommand({ KeyName: 'naïve' }));
  await assert.rejects(odd, refusal('InvalidParameterValue'));
  const unnamed = ec2.send(new CreateKeyPairCommand({ KeyName: undefined }));
  await assert.rejects(unnamed, refusal('MissingParameter', 'The request must contain the parameter KeyName'));
  const strange = ec2.send(new CreateKeyPairCommand({ KeyName: 'x', KeyType: 'dsa' as 'rsa' }));
  await assert.rejects(strange, refusal('InvalidParameterValue', 'Value (dsa) for parameter KeyType is invalid.'));
  const foreign = ec2.send(
    new CreateKeyPairCommand({ KeyName: 'x', TagSpecifications: [{ ResourceType: 'volume', Tags: [] }] }),
  );
  await assert.rejects(foreign, refusal('InvalidParameterValue', /'volume' is not a valid taggable resource type/));

  const { KeyPairs = [] } = await ec2.send(
    new DescribeKeyPairsCommand({ Filters: [{ Name: 'tag:Owner', Values: ['a*'] }], IncludePublicKey: true }),
  );
  assert.equal(KeyPairs.length, 1);
  const [{ PublicKey = '', CreateTime, ...shown } = {}] = KeyPairs;
  assert.match(PublicKey, /^ssh-rsa AAAA[^ ]+ first$/);
  assert.ok(CreateTime && c.clock.now() - CreateTime.getTime() < 60_000);
  assert.deepEqual(shown, {
    KeyPairId: made.KeyPairId,
    KeyName: 'first',
    KeyType: 'rsa',
    KeyFingerprint: made.KeyFingerprint,
    Tags: made.Tags,
  });
  const absent = ec2.send(new DescribeKeyPairsCommand({ KeyNames: ['first', 'third'] }));
  await assert.rejects(absent, refusal('InvalidKeyPair.NotFound', "The key pair 'third' does not exist"));

  const gone = await ec2.send(new DeleteKeyPairCommand({ KeyPairId: made.KeyPairId }));
  assert.deepEqual([gone.Return, gone.KeyPairId], [true, made.KeyPairId]);
  assert.equal((await ec2.send(new DeleteKeyPairCommand({ KeyName: 'first' }))).Return, true);
  const neither = ec2.send(new DeleteKeyPairCommand({}));
  await assert.rejects(neither, refusal('MissingParameter'));
  const both = ec2.send(new DeleteKeyPairCommand({ KeyName: 'second', KeyPairId: edwards.KeyPairId }));
  await assert.rejects(both, refusal('InvalidParameterCombination'));
  const left = await ec2.send(new DescribeKeyPairsCommand());
  assert.deepEqual(
    left.KeyPairs?.map(({ KeyName }) => KeyName),
    ['second'],
  );
  assert.equal((await ec2.send(new DescribeTagsCommand())).Tags?.length, 0);

  const trail = c.client(CloudTrailClient);
  const { Events = [] } = await trail.send(
    new LookupEventsCommand({ LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'CreateKeyPair' }] }),
  );
  assert.ok(Events.length >= 2);
  assert.ok(!JSON.stringify(Events).includes('PRIVATE KEY'), 'the private half is in no record');
});

test('a public key is brought along', async (t) => {
  const { c, ec2, bring } = await start(t);
  const id = await bring('mine');
  const { KeyPairs = [] } = await ec2.send(new DescribeKeyPairsCommand({ KeyPairIds: [id], IncludePublicKey: true }));
  assert.deepEqual([KeyPairs[0]?.KeyType, KeyPairs[0]?.PublicKey], ['ed25519', PUBLIC_KEY.replace('me@here', 'mine')]);
  await assert.rejects(bring('mine'), refusal('InvalidKeyPair.Duplicate'));
  const wrong = ec2.send(new ImportKeyPairCommand({ KeyName: 'x', PublicKeyMaterial: Buffer.from('no key') }));
  await assert.rejects(wrong, refusal('InvalidKey.Format', 'Key is not in valid OpenSSH public key format'));
  // Key pairs are of a region.
  const elsewhere = await c.client(EC2Client, { region: 'eu-west-1' }).send(new DescribeKeyPairsCommand());
  assert.deepEqual(elsewhere.KeyPairs, []);
});

test('tags of resources by their ids: set, listed page by page, taken away', async (t) => {
  const { c, ec2, bring } = await start(t);
  const [one, two] = [await bring('one', { Name: 'one' }), await bring('two')];
  const Resources = [one, two];
  await ec2.send(
    new CreateTagsCommand({
      Resources,
      Tags: [
        { Key: 'Stage', Value: 'test' },
        { Key: 'Empty', Value: '' },
      ],
    }),
  );
  const listed = async (filters: Record<string, string>): Promise<string[]> => {
    const Filters = Object.entries(filters).map(([Name, value]) => ({ Name, Values: [value] }));
    const { Tags = [] } = await ec2.send(new DescribeTagsCommand({ Filters }));
    return Tags.map(({ ResourceId, Key, Value }) => `${ResourceId === one ? 'one' : 'two'} ${Key}=${Value}`).sort();
  };
  const all = ['one Empty=', 'one Name=one', 'one Stage=test', 'two Empty=', 'two Stage=test'];
  assert.deepEqual(await listed({}), all);
  assert.deepEqual(await listed({ 'resource-id': one, key: 'S*' }), ['one Stage=test']);
  assert.deepEqual(await listed({ 'tag:Stage': 'test', 'resource-type': 'key-pair' }), [
    'one Stage=test',
    'two Stage=test',
  ]);
  assert.deepEqual(await listed({ value: 'one' }), ['one Name=one']);

  const more = Array.from({ length: 10 }, (_, i) => ({ Key: `k${i}`, Value: `${i}` }));
  await ec2.send(new CreateTagsCommand({ Resources, Tags: more }));
  const sizes: number[] = [];
  const keys = new Set<string>();
  for await (const { Tags = [] } of paginateDescribeTags({ client: ec2, pageSize: 7 }, {})) {
    sizes.push(Tags.length);
    for (const { ResourceId, Key } of Tags) keys.add(`${ResourceId} ${Key}`);
  }
  assert.deepEqual([sizes, keys.size], [[7, 7, 7, 4], 25]);
  await assert.rejects(ec2.send(new DescribeTagsCommand({ MaxResults: 4 })), refusal('InvalidParameterValue'));
  await assert.rejects(ec2.send(new DescribeTagsCommand({ NextToken: 'x' })), refusal('InvalidNextToken'));

  // With another value a tag stays; without one any goes.
  const Tags = [{ Key: 'Stage', Value: 'production' }, { Key: 'Empty' }];
  await ec2.send(new DeleteTagsCommand({ Resources: [one], Tags: [...Tags, ...more] }));
  assert.deepEqual(await listed({ 'resource-id': one }), ['one Name=one', 'one Stage=test']);
  await ec2.send(new DeleteTagsCommand({ Resources: [two] }));
  assert.deepEqual(await listed({ 'resource-id': two }), []);

  const tags = (given: { Key?: string; Value?: string }[], id = one) =>
    ec2.send(new CreateTagsCommand({ Resources: [id], Tags: given }));
  await assert.rejects(tags([{ Key: 'aws:mine', Value: 'x' }]), refusal('InvalidParameterValue'));
  await assert.rejects(tags([{ Key: 'a' }, { Key: 'a' }]), refusal('InvalidParameterValue'));
  await assert.rejects(tags([]), refusal('MissingParameter'));
  await assert.rejects(tags(Array.from({ length: 51 }, (_, i) => ({ Key: `n${i}` }))), refusal('TagLimitExceeded'));
  await assert.rejects(tags([{ Key: 'a' }], 'key-0123456789abcdef0'), refusal('InvalidKeyPair.NotFound'));
  await assert.rejects(tags([{ Key: 'a' }], 'mine'), refusal('InvalidID', "The ID 'mine' is not valid"));

  // The same tags by the service that knows those of all.
  const { ResourceTagMappingList = [] } = await c
    .client(ResourceGroupsTaggingAPIClient)
    .send(new GetResourcesCommand({ ResourceTypeFilters: ['ec2:key-pair'] }));
  assert.deepEqual(
    ResourceTagMappingList.map(({ ResourceARN }) => ResourceARN),
    [`arn:aws:ec2:us-east-1:${c.account}:key-pair/${one}`],
  );
});

test('permissions: by name, by tag, to tag while creating; dry runs tell them', async (t) => {
  const { c, ec2, bring } = await start(t);
  await bring('anna-1', { Owner: 'anna' });
  await bring('bert-1', { Owner: 'bert' });
  const user = await newUser(c, 'anna');
  const hers = c.client(EC2Client, { credentials: user.credentials });
  const create = (KeyName: string, further: object = {}) =>
    hers.send(new CreateKeyPairCommand({ KeyName, KeyType: 'ed25519', ...further }));
  await assert.rejects(create('x', { DryRun: true }), refusal('UnauthorizedOperation'));
  await user.allow(
    { Effect: 'Allow', Action: 'ec2:CreateKeyPair', Resource: 'arn:aws:ec2:*:*:key-pair/anna-*' },
    {
      Effect: 'Allow',
      Action: 'ec2:CreateTags',
      Resource: '*',
      Condition: { StringEquals: { 'ec2:CreateAction': 'CreateKeyPair', 'aws:RequestTag/Owner': 'anna' } },
    },
    {
      Effect: 'Allow',
      Action: 'ec2:DeleteKeyPair',
      Resource: '*',
      Condition: { StringEquals: { 'aws:ResourceTag/Owner': 'anna', 'ec2:ResourceTag/Owner': 'anna' } },
    },
  );
  const dry = create('anna-2', { DryRun: true });
  await assert.rejects(dry, refusal('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.'));
  const { KeyPairs = [] } = await ec2.send(new DescribeKeyPairsCommand());
  assert.equal(KeyPairs.length, 2, 'a dry run makes nothing');
  await create('anna-2');
  await assert.rejects(create('bert-2'), refusal('UnauthorizedOperation'));
  const tagged = (Value: string) => ({
    TagSpecifications: [{ ResourceType: 'key-pair', Tags: [{ Key: 'Owner', Value }] }],
  });
  await create('anna-3', tagged('anna'));
  await assert.rejects(create('anna-4', tagged('bert')), refusal('UnauthorizedOperation'));
  await hers.send(new DeleteKeyPairCommand({ KeyName: 'anna-1' }));
  await assert.rejects(hers.send(new DeleteKeyPairCommand({ KeyName: 'bert-1' })), refusal('UnauthorizedOperation'));
  // Tags alone, without creating anything, are another thing.
  const { KeyPairs: [anna3] = [] } = await ec2.send(new DescribeKeyPairsCommand({ KeyNames: ['anna-3'] }));
  const Tags = [{ Key: 'Owner', Value: 'anna' }];
  const tagging = hers.send(new CreateTagsCommand({ Resources: [anna3?.KeyPairId ?? ''], Tags }));
  const { message = '' } = await tagging.then(
    () => assert.fail('it was allowed'),
    (error: Error) => error,
  );
  const [, EncodedMessage = ''] = /Encoded authorization failure message: (\S+)$/.exec(message) ?? [];
  const { DecodedMessage = '' } = await c
    .client(STSClient)
    .send(new DecodeAuthorizationMessageCommand({ EncodedMessage }));
  assert.match(DecodedMessage, /ec2:CreateTags/);
});

test('what is not there yet says so', async (t) => {
  const { ec2 } = await start(t);
  await assert.rejects(ec2.send(new DescribeFleetsCommand()), (error: Error) => {
    assert.match(`${error.name} ${error.message}`, /instances are not sold yet/);
    return true;
  });
});

test('a parameter that an operation does not have is refused, wherever it stands', async (t) => {
  const c = await cloud(t);
  const ask = async (operation: string, input: Record<string, string>, presignedFor?: number) => {
    const isPresigned = presignedFor !== undefined;
    const query = { Action: operation, Version: '2016-11-15', ...input };
    const draft = isPresigned ? { method: 'GET', query } : formDraft('2016-11-15', operation, input);
    return sendRaw(c, await signedRequest(c, draft, { service: 'ec2', ...(isPresigned && { presignedFor }) }));
  };
  const refused = async (operation: string, input: Record<string, string>, name: string) => {
    const { status, code, message } = await ask(operation, input);
    assert.deepEqual([status, code, message], [400, 'UnknownParameter', `The parameter ${name} is not recognized`]);
  };
  await refused('DescribeRegions', { Colour: 'blue' }, 'Colour');
  // Case counts.
  await refused('DescribeRegions', { allRegions: 'true' }, 'allRegions');
  await refused('DescribeRegions', { 'Filter.1.Name': 'region-name', 'Filter.1.Values.1': 'x' }, 'Values');
  await refused('CreateTags', { 'ResourceId.1': 'key-0', 'Tag.1.Key': 'a', 'Tag.1.Colour.Deep': 'b' }, 'Colour');
  const right = { AllRegions: 'true', 'Filter.1.Name': 'region-name', 'Filter.1.Value.1': 'eu-*' };
  assert.equal((await ask('DescribeRegions', right)).status, 200);
  // A presigned request has its signature beside them.
  assert.equal((await ask('DescribeRegions', right, 60)).status, 200);
});
