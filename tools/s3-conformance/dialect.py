"""A plugin of pytest: some tests speak Ceph's dialect, which AWS does not understand, and ask for what AWS can well do. For these alone,
requests are put into AWS's words and, where a test looks at them, answers back into Ceph's. WORDS says which tests, which operation, what
becomes of the request. No test and no expectation is changed, and a test that was translated for says so in the report."""

import configparser
import json
import os
import re

import boto3
import pytest

CONF = configparser.RawConfigParser()
CONF.optionxform = str
CONF.read(os.environ['S3TEST_CONF'])
ACCOUNT = CONF.get('dialect', 'account', fallback='')
TENANT = CONF.get('dialect', 'tenant', fallback='')
AUDIENCE = CONF.get('webidentity', 'aud', fallback='')
CANONICAL_USERS = CONF.items('canonical users') if CONF.has_section('canonical users') else []


def replaced(value, pairs):
    if isinstance(value, dict):
        return {name: replaced(each, pairs) for name, each in value.items()}
    if isinstance(value, list):
        return [replaced(each, pairs) for each in value]
    if isinstance(value, str):
        for old, new in pairs:
            value = value.replace(old, new)
    return value


def words(*pairs):
    return lambda asked: replaced(asked, pairs)


def provider(asked):
    # Ceph takes a token for whomever it is, where no clients are named.
    clients = asked.get('ClientIDList') or [AUDIENCE]
    return {**asked, 'Url': asked['Url'].replace('http://', 'https://'), 'ClientIDList': clients}


def without_principal(asked):
    """What a role may do is said of the role."""
    policy = json.loads(asked['PolicyDocument'])
    statements = policy['Statement'] if isinstance(policy['Statement'], list) else [policy['Statement']]
    if not any('Principal' in each for each in statements):
        return asked
    policy['Statement'] = [{name: each[name] for name in each if name != 'Principal'} for each in statements]
    return {**asked, 'PolicyDocument': json.dumps(policy)}


def first_of_key(tags):
    """A tag has one value."""
    return [tag for at, tag in enumerate(tags) if all(tag['Key'] != other['Key'] for other in tags[:at])]


def bucket_tags(asked):
    return {**asked, 'Tagging': {'TagSet': first_of_key(asked['Tagging']['TagSet'])}}


def role_tags(asked):
    return {**asked, 'Tags': first_of_key(asked['Tags'])} if 'Tags' in asked else asked


def object_tags(asked):
    tags = [{'Key': tag.split('=')[0], 'text': tag} for tag in asked.get('Tagging', '').split('&')]
    return {**asked, 'Tagging': '&'.join(tag['text'] for tag in first_of_key(tags))} if 'Tagging' in asked else asked


def without_tenant(asked):
    """Names of buckets are everybody's."""
    return {**asked, 'Bucket': asked['Bucket'].split(':')[-1]} if 'Bucket' in asked else asked


def own_bucket(asked):
    """The policy of a bucket names that bucket, and not all of them."""
    return {**asked, 'Policy': re.sub(r'arn:aws:s3:::[^/"]+', f'arn:aws:s3:::{asked["Bucket"]}', asked['Policy'])}


def small_objects_too(asked):
    """They are moved by rules alone that name their size."""
    rules = [
        {**rule, 'Filter': {'And': {'Prefix': rule['Prefix'], 'ObjectSizeGreaterThan': 1}}}
        for rule in asked['LifecycleConfiguration']['Rules']
    ]
    for rule in rules:
        del rule['Prefix']
    return {**asked, 'LifecycleConfiguration': {'Rules': rules}}


def one_of(match):
    """LIKE knows no classes of characters."""
    value, before, first, last, after = match.groups()
    each = [f"{value} like '{before}{chr(code)}{after}'" for code in range(ord(first), ord(last) + 1)]
    return f'({" or ".join(each)})'


def sql(asked):
    """A text stands in single quotes, a cast is a CAST, a document's rows are the elements of an array and have a name."""
    query = asked['Expression']
    query = re.sub(r'"([^"]*)"', r"'\1'", query)
    query = re.sub(r'\bint\(([^()]*)\)', r'cast(\1 as int)', query)
    query = re.sub(r"(\w+) like '([^'\[]*)\[(\w)-(\w)\]([^'\[]*)'", one_of, query)
    query = query.replace('from stdin', 'from s3object')
    query = re.sub(r'from s3object\[\*\]((?:\.\w+)+)', r'from s3object[*]\1[*] _1', query)
    # What the tests read is a row of values.
    output = {'CSV': {}} if 'JSON' in asked['OutputSerialization'] else asked['OutputSerialization']
    return {**asked, 'Expression': query, 'OutputSerialization': output}


# But for one that waits a quarter of an hour until its session has ended.
ROLES = re.compile(r'test_sts::(?!test_assume_role_creds_expiry)|test_iam::test_(account_oidc_provider|verify_\w+_oidc)$')
BY_EMAIL = re.compile(r'test_iam::\w+_grant_account_email$')
TENANTS = re.compile(r'test_s3::test_(\w+_different_tenant|\w+_tenanted_bucket)$')
OF_TENANT = re.compile(r'test_s3::test_(block_public_policy_with|get_nonpublicpolicy)_principal')

WORDS = [
    (
        ROLES,
        None,
        words(
            ('arn:aws:iam:::assumed-role/', f'arn:aws:sts::{ACCOUNT}:assumed-role/'),
            ('arn:aws:iam:::', f'arn:aws:iam::{ACCOUNT}:'),
            (':app_id"', ':aud"'),
            # A token that has it is told by it where others are by their audience.
            (':azp"', ':aud"'),
            ('efEXAMPLE', 'ef0000000'),
            ('efSAMPLE1', 'ef1111111'),
            ('"s3:ResourceTag/', '"aws:ResourceTag/'),
            # "Not with credentials of a session": no key says it in one word.
            ('"BoolIfExists":{"sts:authentication":"false"}', '"Null":{"aws:TokenIssueTime":"true"}'),
        ),
    ),
    (ROLES, 'CreateOpenIDConnectProvider', provider),
    (ROLES, 'PutRolePolicy', without_principal),
    (ROLES, 'CreateRole', role_tags),
    (ROLES, 'PutBucketTagging', bucket_tags),
    (ROLES, 'PutObject', object_tags),
    (BY_EMAIL, 'PutBucketAcl', words(*((f'emailAddress={email}', f'id={user}') for email, user in CANONICAL_USERS))),
    (TENANTS, None, without_tenant),
    (OF_TENANT, 'PutBucketPolicy', words(('arn:aws:iam::s3tenant1:', f'arn:aws:iam::{TENANT}:'))),
    (re.compile(r'test_s3::test_bucket(v2)?_policy_another_bucket$'), 'PutBucketPolicy', own_bucket),
    (
        re.compile(r'test_s3::test_lifecycle_plain_null_version_current_transition$'),
        'PutBucketLifecycleConfiguration',
        small_objects_too,
    ),
    (re.compile(r'test_s3select::'), 'SelectObjectContent', sql),
]
TO_CEPH = {
    'CreateRole': [(f'arn:aws:iam::{ACCOUNT}:', 'arn:aws:iam:::')],
    'GetOpenIDConnectProvider': [('ef0000000', 'efEXAMPLE'), ('ef1111111', 'efSAMPLE1')],
}

# The test that runs, and what says that it was translated for.
running, note = '', None


def to_aws(params, model, **_):
    asked = params
    for tests, operation, translated in WORDS:
        if tests.match(running) and operation in (None, model.name):
            asked = translated(asked)
    if asked != params:
        note()
        # In place, as set_up.py does: of two answers botocore would take one.
        params.update(asked)


def to_ceph(parsed, model, **_):
    if not ROLES.match(running) or model.name not in TO_CEPH:
        return
    parsed.update(replaced(parsed, TO_CEPH[model.name]))
    if 'Url' in parsed:
        parsed['Url'] = f'http://{parsed["Url"]}'


boto3.setup_default_session()
boto3.DEFAULT_SESSION.events.register('provide-client-params', to_aws)
boto3.DEFAULT_SESSION.events.register('after-call', to_ceph)


@pytest.fixture(autouse=True)
def dialect(request, record_property):
    global running, note
    said = []

    def once():
        if not said:
            said.append(True)
            record_property('translated', 'yes')

    running, note = f'{request.module.__name__.split(".")[-1]}::{request.node.name}', once
    yield
    running, note = '', None
