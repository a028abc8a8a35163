/**
 * The errors that IAM's operations have in common, of every operation that can have them (tools/met-errors says which there are):
 * each operation stands once, under what it names, with an input that would do.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import * as IAM from '@aws-sdk/client-iam';
import { certificate } from '#gateway/http/x509.ts';
import { days } from '#platform/base/clock.ts';
import { type AccountId, GLOBAL_REGION } from '#platform/base/ids.ts';
import { workflows } from '#services/iam/delegation-requests/state.ts';
import { addToCount } from '#services/iam/state.ts';
import { document } from '#test/policy-document.ts';
import { idpKey, metadata } from '#test/saml-idp.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { newAccount, operate } from '#test/sdk/people.ts';

const PolicyDocument = document({ Effect: 'Allow', Action: 'sqs:*', Resource: '*' });
const Inline = { PolicyName: 'own' };
const TRUST = document({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' });
const AWS_POLICY = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
const SERVICE_ROLE_POLICY = 'arn:aws:iam::aws:policy/aws-service-role/AmazonSSMServiceRolePolicy';
const TEMPLATE = 'arn:aws:iam::aws:role-template/iam.amazonaws.com/PowerUserRoleTemplate:1';
const Tags = [{ Key: 'a', Value: 'b' }];
const TagKeys = ['a'];
const ID = 'X'.repeat(24);

/** The member that names something -> operations on it, with what they need besides. */
const OPERATIONS: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  UserName: {
    UpdateUser: { NewPath: '/x/' },
    CreateAccessKey: {},
    ListAccessKeys: {},
    UpdateAccessKey: { AccessKeyId: ID, Status: 'Inactive' },
    PutUserPolicy: { ...Inline, PolicyDocument },
    GetUserPolicy: Inline,
    ListUserPolicies: {},
    DeleteUserPolicy: Inline,
    DetachUserPolicy: { PolicyArn: AWS_POLICY },
    ListAttachedUserPolicies: {},
    PutUserPermissionsBoundary: { PermissionsBoundary: AWS_POLICY },
    DeleteUserPermissionsBoundary: {},
    TagUser: { Tags },
    UntagUser: { TagKeys },
    ListUserTags: {},
    AddUserToGroup: { GroupName: 'staff' },
    RemoveUserFromGroup: { GroupName: 'staff' },
    ListGroupsForUser: {},
    UploadSSHPublicKey: { SSHPublicKeyBody: 'x' },
    GetSSHPublicKey: { SSHPublicKeyId: ID, Encoding: 'SSH' },
    UpdateSSHPublicKey: { SSHPublicKeyId: ID, Status: 'Inactive' },
    UploadSigningCertificate: { CertificateBody: 'x' },
    ListSigningCertificates: {},
    UpdateSigningCertificate: { CertificateId: ID, Status: 'Inactive' },
    CreateServiceSpecificCredential: { ServiceName: 'codecommit.amazonaws.com' },
    ListServiceSpecificCredentials: {},
    ResetServiceSpecificCredential: { ServiceSpecificCredentialId: ID },
    UpdateServiceSpecificCredential: { ServiceSpecificCredentialId: ID, Status: 'Inactive' },
    ListMFADevices: {},
  },
  GroupName: {
    UpdateGroup: { NewPath: '/x/' },
    DeleteGroup: {},
    PutGroupPolicy: { ...Inline, PolicyDocument },
    GetGroupPolicy: Inline,
    ListGroupPolicies: {},
    DeleteGroupPolicy: Inline,
    AttachGroupPolicy: { PolicyArn: AWS_POLICY },
    DetachGroupPolicy: { PolicyArn: AWS_POLICY },
    ListAttachedGroupPolicies: {},
  },
  RoleName: {
    UpdateRole: {},
    UpdateRoleDescription: { Description: 'x' },
    UpdateAssumeRolePolicy: { PolicyDocument: TRUST },
    DeleteRole: {},
    PutRolePolicy: { ...Inline, PolicyDocument },
    GetRolePolicy: Inline,
    ListRolePolicies: {},
    DeleteRolePolicy: Inline,
    AttachRolePolicy: { PolicyArn: AWS_POLICY },
    DetachRolePolicy: { PolicyArn: AWS_POLICY },
    ListAttachedRolePolicies: {},
    PutRolePermissionsBoundary: { PermissionsBoundary: AWS_POLICY },
    DeleteRolePermissionsBoundary: {},
    TagRole: { Tags },
    UntagRole: { TagKeys },
    ListRoleTags: {},
    ListInstanceProfilesForRole: {},
  },
  PolicyArn: {
    GetPolicy: {},
    DeletePolicy: {},
    CreatePolicyVersion: { PolicyDocument },
    GetPolicyVersion: { VersionId: 'v1' },
    ListPolicyVersions: {},
    SetDefaultPolicyVersion: { VersionId: 'v1' },
    DeletePolicyVersion: { VersionId: 'v1' },
    ListEntitiesForPolicy: {},
    TagPolicy: { Tags },
    UntagPolicy: { TagKeys },
    ListPolicyTags: {},
    AttachUserPolicy: { UserName: 'ann' },
    DetachUserPolicy: { UserName: 'ann' },
    AttachGroupPolicy: { GroupName: 'staff' },
    DetachGroupPolicy: { GroupName: 'staff' },
    AttachRolePolicy: { RoleName: 'worker' },
    DetachRolePolicy: { RoleName: 'worker' },
  },
  PermissionsBoundary: {
    CreateUser: { UserName: 'bob' },
    PutUserPermissionsBoundary: { UserName: 'ann' },
    PutRolePermissionsBoundary: { RoleName: 'worker' },
  },
  InstanceProfileName: {
    TagInstanceProfile: { Tags },
    UntagInstanceProfile: { TagKeys },
    ListInstanceProfileTags: {},
  },
  ServerCertificateName: {
    UpdateServerCertificate: { NewPath: '/x/' },
    DeleteServerCertificate: {},
    TagServerCertificate: { Tags },
    UntagServerCertificate: { TagKeys },
    ListServerCertificateTags: {},
  },
  SerialNumber: {
    ResyncMFADevice: { UserName: 'ann', AuthenticationCode1: '000000', AuthenticationCode2: '111111' },
    TagMFADevice: { Tags },
    UntagMFADevice: { TagKeys },
    ListMFADeviceTags: {},
  },
  OpenIDConnectProviderArn: {
    AddClientIDToOpenIDConnectProvider: { ClientID: 'x' },
    RemoveClientIDFromOpenIDConnectProvider: { ClientID: 'x' },
    UpdateOpenIDConnectProviderThumbprint: { ThumbprintList: ['0'.repeat(40)] },
    TagOpenIDConnectProvider: { Tags },
    UntagOpenIDConnectProvider: { TagKeys },
    ListOpenIDConnectProviderTags: {},
  },
  SAMLProviderArn: {
    DeleteSAMLProvider: {},
    TagSAMLProvider: { Tags },
    UntagSAMLProvider: { TagKeys },
    ListSAMLProviderTags: {},
  },
  DelegationRequestId: {
    AssociateDelegationRequest: {},
    UpdateDelegationRequest: {},
    AcceptDelegationRequest: {},
    RejectDelegationRequest: {},
    SendDelegationToken: {},
  },
  OwnerId: { ListDelegationRequests: {} },
};
const PROVIDER_AND_POLICY_ARNS = ['PolicyArn', 'PermissionsBoundary', 'OpenIDConnectProviderArn', 'SAMLProviderArn'];

const sender = (client: IAM.IAMClient) => {
  // Commands by name: what their inputs need, the tables say.
  const commands = IAM as unknown as Record<string, new (input: object) => IAM.CreateUserCommand>;
  return async (operation: string, input: object): Promise<IAM.CreateUserCommandOutput> => {
    const Command = commands[`${operation}Command`];
    assert.ok(Command, operation);
    return await client.send(new Command(input));
  };
};
type Send = ReturnType<typeof sender>;

const refused = (send: Send, name: string, operation: string, input: object): Promise<void> =>
  assert.rejects(send(operation, input), { name }, `${operation} ${JSON.stringify(input).slice(0, 200)}`);

/** An account that has one of everything that can be tagged. */
async function start(t: TestContext) {
  const c = await cloud(t);
  const send = sender(c.client(IAM.IAMClient));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const life = { notBefore: new Date(Date.now() - days(1)), notAfter: new Date(Date.now() + days(30)) };
  const self = { subject: 'web', issuer: 'web', key: privateKey, issuerKey: privateKey, names: ['web'], ...life };
  const PrivateKey = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  /** Operation -> input; each takes tags. */
  const making = (name: string): Record<string, object> => ({
    CreateUser: { UserName: name },
    CreateRole: { RoleName: name, AssumeRolePolicyDocument: TRUST },
    CreatePolicy: { PolicyName: name, PolicyDocument },
    CreateInstanceProfile: { InstanceProfileName: name },
    UploadServerCertificate: { ServerCertificateName: name, CertificateBody: certificate(self), PrivateKey },
    CreateVirtualMFADevice: { VirtualMFADeviceName: name },
    CreateOpenIDConnectProvider: { Url: `https://${name}.example`, ThumbprintList: ['0'.repeat(40)] },
    CreateSAMLProvider: { Name: name, SAMLMetadataDocument: metadata([idpKey()]) },
  });
  const iam = `arn:aws:iam::${c.account}:`;
  /** What each tag operation names it by. */
  const named = (name: string): Record<string, object> => ({
    TagUser: { UserName: name },
    TagRole: { RoleName: name },
    TagPolicy: { PolicyArn: `${iam}policy/${name}` },
    TagInstanceProfile: { InstanceProfileName: name },
    TagServerCertificate: { ServerCertificateName: name },
    TagMFADevice: { SerialNumber: `${iam}mfa/${name}` },
    TagOpenIDConnectProvider: { OpenIDConnectProviderArn: `${iam}oidc-provider/${name}.example` },
    TagSAMLProvider: { SAMLProviderArn: `${iam}saml-provider/${name}` },
  });
  for (const [operation, input] of Object.entries(making('first'))) await send(operation, input);
  return { c, send, iam, making, named, refused: refused.bind(undefined, send) };
}

test('what is not there, and what is no ARN of it', async (t) => {
  const c = await cloud(t);
  const send = sender(c.client(IAM.IAMClient));
  const iam = `arn:aws:iam::${c.account}:`;
  await send('CreateUser', { UserName: 'ann' });
  await send('CreateGroup', { GroupName: 'staff' });
  await send('CreateRole', { RoleName: 'worker', AssumeRolePolicyDocument: TRUST });
  const missing: Record<string, string> = {
    PolicyArn: `${iam}policy/nothing`,
    PermissionsBoundary: `${iam}policy/nothing`,
    SerialNumber: `${iam}mfa/nothing`,
    OpenIDConnectProviderArn: `${iam}oidc-provider/nothing`,
    SAMLProviderArn: `${iam}saml-provider/nothing`,
    DelegationRequestId: ID,
    OwnerId: `${iam}user/nobody`,
  };
  for (const [member, operations] of Object.entries(OPERATIONS)) {
    for (const [operation, rest] of Object.entries(operations)) {
      const input = { ...rest, [member]: missing[member] ?? 'nobody' };
      await refused(send, 'NoSuchEntityException', operation, input);
    }
  }
  const elsewhere = `arn:aws:sqs:us-east-1:${c.account}:queue`;
  for (const member of [...PROVIDER_AND_POLICY_ARNS, 'OwnerId']) {
    for (const [operation, rest] of Object.entries(OPERATIONS[member] ?? {})) {
      await refused(send, 'InvalidInputException', operation, { ...rest, [member]: elsewhere });
    }
  }
  await refused(send, 'InvalidInputException', 'DeleteOpenIDConnectProvider', { OpenIDConnectProviderArn: elsewhere });
  await refused(send, 'NoSuchEntityException', 'AcquireRole', { TemplateArn: TEMPLATE.replace(':1', ':9') });
  const job = { JobId: '0'.repeat(36), ServiceNamespace: 'sqs' };
  await refused(send, 'NoSuchEntityException', 'GetServiceLastAccessedDetailsWithEntities', job);
  const expired = { UserName: 'ann', AccessKeyId: ID, Status: 'Expired' };
  await refused(send, 'InvalidInputException', 'UpdateAccessKey', expired);
  const broken = { PolicySourceArn: `${iam}user/ann`, PolicyInputList: ['{'] };
  await refused(send, 'InvalidInputException', 'GetContextKeysForPrincipalPolicy', broken);
  const ServiceName = 'nothing.amazonaws.com';
  await refused(send, 'ServiceNotSupportedException', 'ListServiceSpecificCredentials', {
    UserName: 'ann',
    ServiceName,
  });
  for (const [operation, input] of Object.entries({
    AttachGroupPolicy: { GroupName: 'staff', PolicyArn: SERVICE_ROLE_POLICY },
    PutUserPermissionsBoundary: { UserName: 'ann', PermissionsBoundary: SERVICE_ROLE_POLICY },
    PutRolePermissionsBoundary: { RoleName: 'worker', PermissionsBoundary: SERVICE_ROLE_POLICY },
  })) {
    await refused(send, 'PolicyNotAttachableException', operation, input);
  }
});

test('what is there already, tags that stand twice, and more of them than fifty', async (t) => {
  const { send, making, named, refused } = await start(t);
  const twice = { Tags: [...Tags, { Key: 'A', Value: 'c' }] };
  for (const [operation, input] of Object.entries(making('second'))) {
    await refused('InvalidInputException', operation, { ...input, ...twice });
  }
  for (const [operation, input] of Object.entries(making('first'))) {
    await refused('EntityAlreadyExistsException', operation, input);
  }
  const many = { Tags: Array.from({ length: 50 }, (_, n) => ({ Key: `k${n}`, Value: '' })) };
  for (const [operation, input] of Object.entries(named('first'))) {
    await refused('InvalidInputException', operation, { ...input, ...twice });
    await send(operation, { ...input, ...many });
    await refused('LimitExceededException', operation, { ...input, Tags });
  }
  await send('CreateUser', { UserName: 'ann' });
  await refused('EntityAlreadyExistsException', 'UpdateUser', { UserName: 'ann', NewUserName: 'First' });
  for (const GroupName of ['staff', 'ops']) await send('CreateGroup', { GroupName });
  await refused('EntityAlreadyExistsException', 'CreateGroup', { GroupName: 'STAFF' });
  await refused('EntityAlreadyExistsException', 'UpdateGroup', { GroupName: 'ops', NewGroupName: 'staff' });
});

test('more than a quota', async (t) => {
  const { c, send, making, refused } = await start(t);
  for (let n = 0; n < 10; n++) {
    await send('CreateGroup', { GroupName: `group${n}` });
    await send('AddUserToGroup', { UserName: 'first', GroupName: `group${n}` });
  }
  await send('CreateGroup', { GroupName: 'staff' });
  // Those that can be lowered are; the others are too high to be reached one by one.
  const lowered = ['L-FE177D64', 'L-F4A5425F', 'L-E95E4862', 'L-6E65F664', 'L-858F3967', 'L-DB618D39'];
  for (const QuotaCode of [...lowered, 'L-4019AD8B', 'L-0DA4ABF3', 'L-384571C4']) {
    const ours = { ServiceCode: 'iam', QuotaCode, AccountId: c.account, Region: 'us-east-1' };
    await operate(c, 'SetQuota', { ...ours, Value: 0 });
  }
  const store = c.running.cloud.store;
  store.partition({ service: 'iam', account: c.account as AccountId, region: GLOBAL_REGION }).transact((tx) => {
    for (let n = 0; n < 5000; n++) addToCount(tx, 'user', 1);
    for (let n = 0; n < 5000; n++) addToCount(tx, 'mfa-device', 1);
    for (let n = 0; n < 20; n++) addToCount(tx, 'server-certificate', 1);
  });
  const given = (...values: string[]) => ({ Values: values });
  const ReplacementValues = { RoleName: given('power'), AWSServiceName: given('ec2.amazonaws.com') };
  for (const [operation, input] of Object.entries({
    ...making('second'),
    CreateGroup: { GroupName: 'ops' },
    AddUserToGroup: { UserName: 'first', GroupName: 'staff' },
    AttachUserPolicy: { UserName: 'first', PolicyArn: AWS_POLICY },
    AttachGroupPolicy: { GroupName: 'staff', PolicyArn: AWS_POLICY },
    AttachRolePolicy: { RoleName: 'first', PolicyArn: AWS_POLICY },
    CreateServiceLinkedRole: { AWSServiceName: 'ecs.amazonaws.com' },
    AcquireRole: { TemplateArn: TEMPLATE, ReplacementValues },
  })) {
    await refused('LimitExceededException', operation, input);
  }
});

test('more delegation requests than an account may have', async (t) => {
  const c = await cloud(t);
  const PARTNER = '210987654321';
  const directory = c.running.cloud.store.partition({ service: 'iam', account: 'global', region: GLOBAL_REGION });
  // A thousand calls would take their time.
  directory.transact((tx) => {
    for (let n = 0; n < 1000; n++) tx.put(workflows, workflows.key(c.account, `w${n}`), { id: `${PARTNER}-${n}` });
  });
  const send = sender(c.client(IAM.IAMClient));
  const { Policy } = (await send('CreatePolicy', {
    PolicyName: 'ask',
    PolicyDocument,
  })) as IAM.CreatePolicyCommandOutput;
  await refused(send, 'LimitExceededException', 'CreateDelegationRequest', {
    Description: 'one too many',
    Permissions: { PolicyTemplateArn: Policy?.Arn },
    RequestorWorkflowId: 'the last',
    NotificationChannel: `arn:aws:sqs:us-east-1:${c.account}:told`,
    SessionDuration: 3600,
  });
});

test('root access is for the management account of an organization to see to', async (t) => {
  const c = await cloud(t);
  const member = sender(c.client(IAM.IAMClient, { credentials: await newAccount(c, '210987654321') }));
  const operator = sender(c.client(IAM.IAMClient, { credentials: c.operator }));
  for (const operation of [
    'ListOrganizationsFeatures',
    'EnableOrganizationsRootCredentialsManagement',
    'DisableOrganizationsRootCredentialsManagement',
    'EnableOrganizationsRootSessions',
    'DisableOrganizationsRootSessions',
  ]) {
    await refused(member, 'AccountNotManagementOrDelegatedAdministratorException', operation, {});
    await refused(operator, 'OrganizationNotFoundException', operation, {});
  }
});
