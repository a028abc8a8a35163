"""A plugin of pytest: what AWS wants of its users today beside the calls that a test makes, made by real calls with the test's own
credentials, as AWS's documentation says. A test that needed it says so in the report.

- Buckets, with BUCKETS_SET_UP=yes only: lists that count (ObjectWriter), no public access block, keys of customers allowed. A list in
  CreateBucket is set when these stand.
- A bucket whose tags a policy looks at has ABAC enabled.
- A user who takes a role of another account is allowed to by its own account too."""

import json
import os
import re

import pytest
from boto3.session import Session

ALL_BUCKETS = os.environ.get('BUCKETS_SET_UP') == 'yes'
LISTS = ('ACL', 'GrantFullControl', 'GrantRead', 'GrantReadACP', 'GrantWrite', 'GrantWriteACP')
DEFAULT_ENCRYPTION = {
    'Rules': [
        {
            'ApplyServerSideEncryptionByDefault': {'SSEAlgorithm': 'AES256'},
            'BlockedEncryptionTypes': {'EncryptionType': ['NONE']},
        }
    ]
}
TAKE_ROLES = {
    'Version': '2012-10-17',
    'Statement': [{'Effect': 'Allow', 'Action': 'sts:AssumeRole', 'Resource': '*'}],
}

LOOKS_AT_TAGS = re.compile(r'test_sts::\w+_resource_tag')
ROLE_OF_OTHERS = re.compile(r'test_iam::test_(same_account|cross_account|account)_role_policy_allow')

# The test that runs, and what says that it was set up for.
running, note = '', None


def of_today(params, context, **_):
    """Before CreateBucket: the list is for later; an ownership that the test names stays."""
    if note is None or 'ObjectOwnership' in params:
        return
    context['lists'] = {name: params.pop(name) for name in LISTS if name in params}
    params['ObjectOwnership'] = 'ObjectWriter'


def remember(params, context, **_):
    context['asked'] = params


def set_up_bucket(client, bucket, lists):
    note()
    client.delete_public_access_block(Bucket=bucket)
    client.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=DEFAULT_ENCRYPTION)
    if lists:
        client.put_bucket_acl(Bucket=bucket, **lists)


def enable_tags(client, bucket):
    if LOOKS_AT_TAGS.match(running):
        note()
        client.put_bucket_abac(Bucket=bucket, AbacStatus={'Status': 'Enabled'})


def let_take_roles(client, user):
    if ROLE_OF_OTHERS.match(running):
        note()
        client.put_user_policy(UserName=user, PolicyName='TakeRoles', PolicyDocument=json.dumps(TAKE_ROLES))


def follow(client, call, then):
    """After a call that succeeded."""

    def after(context, http_response, **_):
        if note is not None and http_response.status_code < 300:
            then(context)

    client.meta.events.register(f'after-call.{call}', after)


make = Session.client


def client(self, service_name, *args, **kwargs):
    made = make(self, service_name, *args, **kwargs)
    made.meta.events.register('provide-client-params', remember)
    if service_name == 's3':
        follow(made, 's3.PutBucketTagging', lambda context: enable_tags(made, context['asked']['Bucket']))
        if ALL_BUCKETS:
            made.meta.events.register('provide-client-params.s3.CreateBucket', of_today)
            follow(
                made,
                's3.CreateBucket',
                lambda context: set_up_bucket(made, context['asked']['Bucket'], context.get('lists')),
            )
    if service_name == 'iam':
        follow(made, 'iam.CreateUser', lambda context: let_take_roles(made, context['asked']['UserName']))
    return made


Session.client = client


@pytest.fixture(autouse=True)
def set_up(request, record_property):
    global running, note
    said = []

    def once():
        if not said:
            said.append(True)
            record_property('set up', 'yes')

    running, note = f'{request.module.__name__.split(".")[-1]}::{request.node.name}', once
    yield
    running, note = '', None
