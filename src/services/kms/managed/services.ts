/**
 * The services that have a key of their own in each account and region, and what these keys are like on AWS: names, descriptions
 * and policies as DescribeKey and GetKeyPolicy have been seen to show them. What was not seen (README.md) is like the others.
 */

export interface ManagedService {
  /** What follows "Default key that protects my". */
  readonly protects: string;
  /** Of the key's policy. */
  readonly policyId: string;
  /** How the policy calls the service, and what its users may use, if that is another name. */
  readonly title: string;
  readonly used?: string;
  /** What they may do with the key, through the service. */
  readonly actions: readonly string[];
  /** `kms:ViaService` begins with it. */
  readonly host: string;
}

const CRYPTOGRAPHIC = ['Encrypt', 'Decrypt', 'ReEncrypt*', 'GenerateDataKey*'];
const USE = [...CRYPTOGRAPHIC, 'DescribeKey'];
const GRANT = [...CRYPTOGRAPHIC, 'CreateGrant', 'DescribeKey'];
const LIST = [...CRYPTOGRAPHIC, 'CreateGrant', 'ListGrants', 'DescribeKey'];
const OPEN = ['Decrypt', 'GenerateDataKey*', 'CreateGrant', 'ListGrants', 'DescribeKey'];

const service = (
  host: string,
  title: string,
  protects: string,
  actions: readonly string[] = GRANT,
  policyId = `auto-${host}-1`,
): ManagedService => ({ host, title, protects, actions, policyId });

export const MANAGED_SERVICES: Readonly<Record<string, ManagedService>> = {
  acm: service('acm', 'ACM', 'ACM private keys'),
  backup: service('backup', 'Backup', 'Backup data'),
  dynamodb: service('dynamodb', 'Amazon DynamoDB', 'DynamoDB data'),
  ebs: service('ec2', 'EBS', 'EBS volumes', GRANT, 'auto-ebs-2'),
  ecr: service('ecr', 'ECR', 'ECR data'),
  elasticfilesystem: service('elasticfilesystem', 'EFS', 'EFS filesystems'),
  es: service(
    'es',
    'OpenSearch Service',
    'Amazon OpenSearch Service (successor to Amazon Elasticsearch Service) data',
    GRANT,
    'auto-es-2',
  ),
  fsx: service('fsx', 'FSx', 'FSx resources'),
  glue: service('glue', 'Glue', 'Glue data'),
  kafka: service('kafka', 'Kafka', 'Kafka data', LIST),
  kinesis: service('kinesis', 'Kinesis', 'Kinesis data'),
  kinesisvideo: service('kinesisvideo', 'Kinesis Video', 'kinesis video data'),
  lambda: service('lambda', 'AWS Lambda', 'Lambda functions', GRANT, 'auto-awslambda'),
  lightsail: service('lightsail', 'Lightsail', 'Lightsail data'),
  rds: service('rds', 'RDS', 'RDS database volumes', LIST, 'auto-rds-2'),
  redshift: service('redshift', 'Redshift', 'Redshift clusters'),
  s3: service('s3', 'S3', 'S3 objects', USE, 'auto-s3-2'),
  secretsmanager: service('secretsmanager', 'AWS Secrets Manager', 'Secrets Manager data'),
  sns: service('sns', 'SNS', 'SNS data', OPEN),
  sqs: { ...service('sqs', 'Simple Queue Service (SQS)', 'SQS messages'), used: 'SQS' },
  ssm: service('ssm', 'SSM', 'SSM parameters', USE),
  workmail: service('workmail', 'WorkMail', 'WorkMail data', [
    'Decrypt',
    'CreateGrant',
    'ReEncrypt*',
    'DescribeKey',
    'Encrypt',
  ]),
  xray: service('xray', 'X-Ray', 'X-Ray data'),
};

/** Each of them is there from the start; its key comes later. */
export const PREDEFINED_ALIASES: readonly string[] = Object.keys(MANAGED_SERVICES).map((name) => `alias/aws/${name}`);

/** `sqs` of `alias/aws/sqs`, in every form that a KeyId has. */
export function managedService(keyId: string): string | undefined {
  const name = /(?:^|:)alias\/aws\/([a-z0-9]+)$/.exec(keyId)?.[1];
  return name !== undefined && Object.hasOwn(MANAGED_SERVICES, name) ? name : undefined;
}
