/**
 * The services that a trust policy may name. IAM knows its own ("Invalid principal in policy: "SERVICE":"tagging.amazonaws.com"",
 * hashicorp/terraform issue 35086) and publishes no list. Here one is known by the prefix of its actions, wherever that stands in the
 * name (`pods.eks`, `states.us-east-1`), or by a name of its own below: those that AWS's managed policies and guides have.
 */
import type { ActionCatalogue } from '#platform/model/actions.ts';

const NAMES = new Set(
  `airflow-env application-insights aws-artifact-account-sync aws-mcp billingconsole cassandra-streams cloudwatch-crossaccount
  codecatalyst-runner cognito-identity-us-gov config-conforms config-multiaccountsetup datazonecontrol deepcomposer deeplens deepracer
  dms-data-migrations ec2-images ec2fastlaunch ec2fleet ec2scheduled ec2sqlha ecs-compute ecs-tasks edgelambda eks-connector eks-fargate
  eks-fargate-pods eks-nodegroup iot1click iotroborunner iotthingsgraph ipam lexv2 macie managedservices marketplace
  metering-marketplace migrationhub mobilehub monitoring networkinsights opensearchservice osis-pipelines partnercentral-selling
  rds-preview sdmp securityhubv2 servicecatalog-appregistry spot spotfleet transitgateway user-attribute-cost-allocation-data vmie
  vpc-flow-logs zocalo`.split(/\s+/),
);

/** Alexa's skills are outside of AWS's domain. */
const ELSEWHERE = new Set(['alexa-appkit.amazon.com', 'alexa-connectedhome.amazon.com']);

const DOMAIN = /\.(?:amazonaws\.com(?:\.cn)?|aws\.internal)$/;

export function isService(principal: string, actions: ActionCatalogue): boolean {
  if (principal === '*' || ELSEWHERE.has(principal)) return true;
  if (!DOMAIN.test(principal)) return false;
  const labels = principal.replace(DOMAIN, '').split('.');
  return labels.some((label) => NAMES.has(label) || actions.nameOf(label) !== undefined);
}
