/** Launch templates and their versions, and launches by them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateLaunchTemplateCommand,
  CreateLaunchTemplateVersionCommand,
  DeleteLaunchTemplateCommand,
  DeleteLaunchTemplateVersionsCommand,
  DescribeLaunchTemplatesCommand,
  DescribeLaunchTemplateVersionsCommand,
  type DescribeLaunchTemplateVersionsCommandInput,
  EC2Client,
  GetLaunchTemplateDataCommand,
  ModifyLaunchTemplateCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { cloudWithHost, instanceOf, launchOne } from '#test/sdk/ec2-host.ts';
import { newUser } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';

test('a template has versions, one of which is the default, and launches by them', async (t) => {
  const { ec2, image } = await cloudWithHost(t);
  const made = await ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: 'web',
      VersionDescription: 'first',
      LaunchTemplateData: {
        ImageId: image,
        InstanceType: 't3.small',
        UserData: Buffer.from('hello').toString('base64'),
        TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'web' }] }],
      },
      TagSpecifications: [{ ResourceType: 'launch-template', Tags: [{ Key: 'Team', Value: 'a' }] }],
    }),
  );
  const id = made.LaunchTemplate?.LaunchTemplateId ?? '';
  assert.match(id, /^lt-0[0-9a-f]{16}$/);
  assert.deepEqual(made.LaunchTemplate?.Tags, [{ Key: 'Team', Value: 'a' }]);
  const second = await ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateName: 'web',
      SourceVersion: '1',
      LaunchTemplateData: { InstanceType: 't3.medium' },
    }),
  );
  const { VersionNumber, DefaultVersion, LaunchTemplateData } = second.LaunchTemplateVersion ?? {};
  assert.deepEqual([VersionNumber, DefaultVersion], [2, false]);
  assert.deepEqual([LaunchTemplateData?.InstanceType, LaunchTemplateData?.ImageId], ['t3.medium', image]);

  const run = (Version?: string) =>
    ec2.send(
      new RunInstancesCommand({
        LaunchTemplate: { LaunchTemplateId: id, ...(Version !== undefined && { Version }) },
        MinCount: 1,
        MaxCount: 1,
      }),
    );
  const typeOf = async (Version?: string) => (await run(Version)).Instances?.[0];
  assert.equal((await typeOf())?.InstanceType, 't3.small');
  const latest = await typeOf('$Latest');
  assert.equal(latest?.InstanceType, 't3.medium');
  const tags = new Map(latest?.Tags?.map(({ Key, Value }) => [Key, Value]));
  assert.deepEqual(
    [tags.get('Name'), tags.get('aws:ec2launchtemplate:id'), tags.get('aws:ec2launchtemplate:version')],
    ['web', id, '2'],
  );
  await assert.rejects(run('7'), refusal('InvalidLaunchTemplateId.VersionNotFound'));
  await ec2.send(new ModifyLaunchTemplateCommand({ LaunchTemplateId: id, DefaultVersion: '2' }));
  assert.equal((await typeOf())?.InstanceType, 't3.medium');

  const gone = await ec2.send(
    new DeleteLaunchTemplateVersionsCommand({ LaunchTemplateId: id, Versions: ['1', '2', '9'] }),
  );
  assert.deepEqual(
    gone.SuccessfullyDeletedLaunchTemplateVersions?.map((version) => version.VersionNumber),
    [1],
  );
  assert.deepEqual(
    gone.UnsuccessfullyDeletedLaunchTemplateVersions?.map(({ ResponseError }) => ResponseError?.Code),
    ['unexpectedError', 'launchTemplateVersionDoesNotExist'],
  );
  await ec2.send(new DeleteLaunchTemplateCommand({ LaunchTemplateName: 'web' }));
  await assert.rejects(run(), refusal('InvalidLaunchTemplateId.NotFound'));
});

test('templates and versions are described, by id, name and what they hold', async (t) => {
  const { ec2, image } = await cloudWithHost(t);
  const make = async (LaunchTemplateName: string) => {
    const data = { ImageId: image, InstanceType: 't3.micro' as const };
    const made = await ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName, LaunchTemplateData: data }));
    return made.LaunchTemplate?.LaunchTemplateId ?? '';
  };
  const [web] = [await make('web'), await make('app')];
  await ec2.send(
    new CreateLaunchTemplateVersionCommand({ LaunchTemplateId: web, LaunchTemplateData: { InstanceType: 'm5.large' } }),
  );
  const templates = await ec2.send(new DescribeLaunchTemplatesCommand({ LaunchTemplateNames: ['web'] }));
  assert.deepEqual(
    templates.LaunchTemplates?.map(({ LaunchTemplateId, LatestVersionNumber }) => [
      LaunchTemplateId,
      LatestVersionNumber,
    ]),
    [[web, 2]],
  );
  const Filters = [{ Name: 'launch-template-name', Values: ['a*'] }];
  const found = await ec2.send(new DescribeLaunchTemplatesCommand({ Filters }));
  assert.deepEqual(
    found.LaunchTemplates?.map(({ LaunchTemplateName }) => LaunchTemplateName),
    ['app'],
  );
  const versions = async (input: DescribeLaunchTemplateVersionsCommandInput) => {
    const { LaunchTemplateVersions = [] } = await ec2.send(new DescribeLaunchTemplateVersionsCommand(input));
    return LaunchTemplateVersions.map(
      ({ LaunchTemplateName, VersionNumber }) => `${LaunchTemplateName} ${VersionNumber}`,
    );
  };
  assert.deepEqual(await versions({ LaunchTemplateId: web }), ['web 2', 'web 1']);
  assert.deepEqual(await versions({ LaunchTemplateId: web, MaxVersion: '1' }), ['web 1']);
  assert.deepEqual((await versions({ Versions: ['$Latest'] })).sort(), ['app 1', 'web 2']);
  const large = [{ Name: 'instance-type', Values: ['m5.*'] }];
  assert.deepEqual(await versions({ LaunchTemplateId: web, Filters: large }), ['web 2']);

  const again = ec2.send(
    new CreateLaunchTemplateCommand({ LaunchTemplateName: 'web', LaunchTemplateData: { ImageId: image } }),
  );
  await assert.rejects(again, refusal('InvalidLaunchTemplateName.AlreadyExistsException'));
  await assert.rejects(make('a b'), refusal('InvalidLaunchTemplateName.MalformedException'));
  const unknown = new DescribeLaunchTemplatesCommand({ LaunchTemplateIds: ['lt-00000000000000000'] });
  await assert.rejects(ec2.send(unknown), refusal('InvalidLaunchTemplateId.NotFound'));
  const malformed = new DescribeLaunchTemplatesCommand({ LaunchTemplateIds: ['lt-x'] });
  await assert.rejects(ec2.send(malformed), refusal('InvalidLaunchTemplateId.Malformed'));
  const nobody = new DescribeLaunchTemplatesCommand({ LaunchTemplateNames: ['nobody'] });
  await assert.rejects(ec2.send(nobody), refusal('InvalidLaunchTemplateName.NotFoundException'));
  await assert.rejects(versions({}), refusal('MissingParameter'));
  await assert.rejects(versions({ Versions: ['1'] }), refusal('InvalidParameterCombination'));
});

test('an instance gives the template of another like it', async (t) => {
  const { ec2, image } = await cloudWithHost(t);
  const id = await launchOne(ec2, image, { DisableApiTermination: true });
  const { LaunchTemplateData: data } = await ec2.send(new GetLaunchTemplateDataCommand({ InstanceId: id }));
  const shown = await instanceOf(ec2, id);
  assert.deepEqual([data?.ImageId, data?.InstanceType, data?.DisableApiTermination], [image, 't3.micro', true]);
  assert.equal(data?.NetworkInterfaces?.[0]?.SubnetId, shown.SubnetId);
  assert.equal(data?.BlockDeviceMappings?.[0]?.DeviceName, '/dev/xvda');
});

test('who makes a template needs permission, and for its tags', async (t) => {
  const { c, image } = await cloudWithHost(t);
  const user = await newUser(c, 'anna');
  const ec2 = c.client(EC2Client, { credentials: user.credentials });
  const make = (tagged: boolean) =>
    ec2.send(
      new CreateLaunchTemplateCommand({
        LaunchTemplateName: `web-${tagged}`,
        LaunchTemplateData: { ImageId: image },
        ...(tagged && {
          TagSpecifications: [{ ResourceType: 'launch-template' as const, Tags: [{ Key: 'Team', Value: 'a' }] }],
        }),
      }),
    );
  await assert.rejects(make(false), refusal('UnauthorizedOperation'));
  await user.allow({ Effect: 'Allow', Action: 'ec2:CreateLaunchTemplate', Resource: '*' });
  await make(false);
  await assert.rejects(make(true), refusal('UnauthorizedOperation', /ec2:CreateTags/));
});
