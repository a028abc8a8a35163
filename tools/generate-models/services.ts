/** The services whose models are generated: botocore's folder, and the prefix of its actions in IAM policies. */
export const SERVICES: Readonly<Record<string, { readonly prefix: string }>> = {
  cloudtrail: { prefix: 'cloudtrail' },
  ec2: { prefix: 'ec2' },
  'ec2-instance-connect': { prefix: 'ec2-instance-connect' },
  iam: { prefix: 'iam' },
  kms: { prefix: 'kms' },
  resourcegroupstaggingapi: { prefix: 'tag' },
  signin: { prefix: 'signin' },
  'service-quotas': { prefix: 'servicequotas' },
  s3: { prefix: 's3' },
  s3control: { prefix: 's3' },
  sqs: { prefix: 'sqs' },
  sts: { prefix: 'sts' },
};

/** The release that all models come from. Raise it, run generate.ts, read the diff of models/. */
export const BOTOCORE_VERSION = '1.44.5';
