/**
 * TagResources and UntagResources: each ARN becomes a call of its own service's tag operation, as the same caller, so that
 * permission for it is needed as well (as on AWS), and what the service checks is checked.
 */

import { ServiceError } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/resourcegroupstaggingapi.ts';
import type { Call, Input } from '#platform/service.ts';
import { type Taggable, type TaggingDeps, taggable } from '#services/tagging/resources.ts';

export function tagResources(
  deps: TaggingDeps,
  input: Model.TagResourcesInput,
  call: Call,
): Promise<Model.TagResourcesOutput> {
  return forEach(deps, call, input.ResourceARNList, ({ tagging: { tag } }, arn) => ({
    operation: tag.operation,
    input: tag.input(arn, { ...input.Tags }),
  }));
}

export function untagResources(
  deps: TaggingDeps,
  input: Model.UntagResourcesInput,
  call: Call,
): Promise<Model.UntagResourcesOutput> {
  return forEach(deps, call, input.ResourceARNList, ({ tagging: { untag } }, arn) => ({
    operation: untag.operation,
    input: untag.input(arn, input.TagKeys),
  }));
}

type Failures = Record<string, Model.FailureInfo>;

async function forEach(
  deps: TaggingDeps,
  call: Call,
  arns: readonly string[],
  callFor: (taggable: Taggable, arn: string) => { operation: string; input: Input },
): Promise<{ FailedResourcesMap: Failures }> {
  const failures: Failures = {};
  for (const arn of arns) {
    const found = await taggable(deps, call, arn);
    if (found === undefined) {
      failures[arn] = {
        StatusCode: 400,
        ErrorCode: 'InvalidParameterException',
        ErrorMessage: `The ARN ${arn} names no resource of this region that takes tags.`,
      };
      continue;
    }
    const { operation, input } = callFor(found, arn);
    try {
      await call.invoke(found.service.name, operation, input);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      failures[arn] = failureOf(error);
    }
  }
  return { FailedResourcesMap: failures };
}

function failureOf(error: ServiceError): Model.FailureInfo {
  const StatusCode = error.status ?? (error.code === 'AccessDenied' ? 403 : 400);
  const ErrorCode = StatusCode >= 500 ? 'InternalServiceException' : 'InvalidParameterException';
  return { StatusCode, ErrorCode, ErrorMessage: error.message };
}
