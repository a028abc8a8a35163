/**
 * Role templates: blueprints of roles for services, which AWS manages and versions (IAM User Guide, "Overview of role templates"). Names,
 * ARNs and parameters are AWS's; what a template says is worded here after the guides of the services, as AWS publishes it by
 * API alone. Versions never change: a new one is another entry.
 */
export interface RoleTemplate {
  readonly service: string;
  readonly name: string;
  readonly majorVersion: number;
  readonly minorVersion: number;
  readonly createdAt: number;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly trust: object;
  readonly managedPolicies: readonly string[];
  readonly inlinePolicies: readonly { readonly name: string; readonly document: object }[];
}

interface Parameter {
  readonly name: string;
  readonly description: string;
}

const VERSION = '2012-10-17';
const ROLE_NAME: Parameter = { name: 'RoleName', description: 'The name of the role.' };
const ACCOUNT: Parameter = { name: 'accountId', description: 'The account that the role is made in.' };

/** A service that may act for this account only. */
const trustedFor = (service: string) => ({
  Version: VERSION,
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: service },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'aws:SourceAccount': '@{accountId}' } },
    },
  ],
});

const TEMPLATES: readonly RoleTemplate[] = [
  {
    service: 'iam.amazonaws.com',
    name: 'PowerUserRoleTemplate',
    majorVersion: 1,
    minorVersion: 1,
    createdAt: Date.UTC(2026, 5, 26),
    description:
      'A role for open-ended work of a service: all services and resources, but not users, groups and roles.',
    parameters: [
      ROLE_NAME,
      { name: 'AWSServiceName', description: 'The principal of the service that assumes the role.' },
    ],
    trust: {
      Version: VERSION,
      Statement: [{ Effect: 'Allow', Principal: { Service: '@{AWSServiceName}' }, Action: 'sts:AssumeRole' }],
    },
    managedPolicies: ['arn:aws:iam::aws:policy/PowerUserAccess'],
    inlinePolicies: [],
  },
  {
    service: 'backup.amazonaws.com',
    name: 'AWSBackupDefaultServiceRoleTemplate',
    majorVersion: 1,
    minorVersion: 1,
    createdAt: Date.UTC(2026, 5, 26),
    description: 'The role with which AWS Backup makes backups and restores them.',
    parameters: [ROLE_NAME, ACCOUNT],
    trust: trustedFor('backup.amazonaws.com'),
    managedPolicies: [
      'arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup',
      'arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores',
    ],
    inlinePolicies: [],
  },
  {
    service: 'streams.metrics.cloudwatch.amazonaws.com',
    name: 'AmazonCloudWatchMetricStreamsFirehosePutRecordsRoleTemplate',
    majorVersion: 1,
    minorVersion: 1,
    createdAt: Date.UTC(2026, 5, 26),
    description: 'The role with which CloudWatch writes a metric stream to a Firehose stream.',
    parameters: [
      ROLE_NAME,
      ACCOUNT,
      { name: 'deliveryStreamName', description: 'The Firehose stream.' },
      { name: 'region', description: 'The region of the Firehose stream.' },
    ],
    trust: trustedFor('streams.metrics.cloudwatch.amazonaws.com'),
    managedPolicies: [],
    inlinePolicies: [
      {
        name: 'MetricStreams-FirehosePutRecords',
        document: {
          Version: VERSION,
          Statement: [
            {
              Effect: 'Allow',
              Action: ['firehose:PutRecord', 'firehose:PutRecordBatch'],
              Resource: 'arn:aws:firehose:@{region}:@{accountId}:deliverystream/@{deliveryStreamName}',
            },
          ],
        },
      },
    ],
  },
];

export const templateArn = ({ service, name, majorVersion }: RoleTemplate): string =>
  `arn:aws:iam::aws:role-template/${service}/${name}:${majorVersion}`;

/** The newest version of a template is its default. */
export function roleTemplate(arn: string, minorVersion: number | undefined): RoleTemplate | undefined {
  const versions = TEMPLATES.filter((each) => templateArn(each) === arn);
  return minorVersion === undefined ? versions.at(-1) : versions.find((each) => each.minorVersion === minorVersion);
}
