import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '#platform/base/ids.ts';
import { ServiceError } from '#platform/error.ts';
import { checkAdministrator } from './features.ts';
import type { Organization } from './organization.ts';

const MANAGEMENT = '111111111111' as AccountId;
const DELEGATE = '222222222222' as AccountId;
const MEMBER = '333333333333' as AccountId;
const whole: Organization = {
  id: 'o-1234567890',
  managementAccount: MANAGEMENT,
  hasAllFeatures: true,
  trustsIam: true,
  administrators: [DELEGATE],
};

function refusal(organization: Organization | undefined, account: AccountId, isChange: boolean): string | undefined {
  try {
    checkAdministrator(organization, account, isChange);
    return undefined;
  } catch (error) {
    return error instanceof ServiceError ? error.code : assert.fail(String(error));
  }
}

test('who sees to root access, and in which organizations', () => {
  assert.equal(refusal(whole, MANAGEMENT, true), undefined);
  assert.equal(refusal(whole, DELEGATE, false), undefined);
  assert.equal(refusal(whole, DELEGATE, true), 'CallerIsNotManagementAccountException');
  assert.equal(refusal(whole, MEMBER, false), 'AccountNotManagementOrDelegatedAdministratorException');
  assert.equal(refusal(undefined, MEMBER, false), 'OrganizationNotFoundException');
  const billing = { ...whole, hasAllFeatures: false };
  assert.equal(refusal(billing, MANAGEMENT, true), 'OrganizationNotInAllFeaturesModeException');
  assert.equal(refusal({ ...whole, trustsIam: false }, MANAGEMENT, true), 'ServiceAccessNotEnabledException');
});
