"""A plugin of pytest: some tests of roles speak Ceph's dialect, which AWS does not understand, and ask for what AWS can well do. For
these alone, requests are put into AWS's words and answers back into Ceph's: whose an ARN is, which Ceph leaves out; an issuer's `http`;
`app_id`, Ceph's name of a token's audience; thumbprints out of AWS's own examples, which are not hexadecimal. No test is changed, and
a test that was translated for says so in the report."""

import configparser
import os
import re

import boto3
import pytest

CONF = configparser.RawConfigParser()
CONF.read(os.environ['S3TEST_CONF'])
ACCOUNT = CONF.get('dialect', 'account', fallback='')
AUDIENCE = CONF.get('webidentity', 'aud', fallback='')

# But for one that waits a quarter of an hour until its session has ended.
SPEAKS_CEPH = re.compile(
    r'test_sts::(?!test_assume_role_creds_expiry)|test_iam::test_(account_oidc_provider|verify_\w+_oidc)$'
)
TO_AWS = [
    ('arn:aws:iam:::assumed-role/', f'arn:aws:sts::{ACCOUNT}:assumed-role/'),
    ('arn:aws:iam:::', f'arn:aws:iam::{ACCOUNT}:'),
    (':app_id"', ':aud"'),
    ('efEXAMPLE', 'ef0000000'),
    ('efSAMPLE1', 'ef1111111'),
]
TO_CEPH = {
    'CreateRole': [(f'arn:aws:iam::{ACCOUNT}:', 'arn:aws:iam:::')],
    'GetOpenIDConnectProvider': [('ef0000000', 'efEXAMPLE'), ('ef1111111', 'efSAMPLE1')],
}

# What says that the test that runs was translated for, if it is one of those.
note = None


def replaced(value, pairs):
    if isinstance(value, dict):
        return {name: replaced(each, pairs) for name, each in value.items()}
    if isinstance(value, list):
        return [replaced(each, pairs) for each in value]
    if isinstance(value, str):
        for old, new in pairs:
            value = value.replace(old, new)
    return value


def to_aws(params, model, **_):
    if note is None:
        return None
    asked = replaced(params, TO_AWS)
    if model.name == 'CreateOpenIDConnectProvider':
        asked['Url'] = asked['Url'].replace('http://', 'https://')
        # Ceph takes a token for whomever it is, where no clients are named.
        asked['ClientIDList'] = asked.get('ClientIDList') or [AUDIENCE]
    if asked != params:
        note()
    return asked


def to_ceph(parsed, model, **_):
    if note is None or model.name not in TO_CEPH:
        return
    parsed.update(replaced(parsed, TO_CEPH[model.name]))
    if 'Url' in parsed:
        parsed['Url'] = f'http://{parsed["Url"]}'


boto3.setup_default_session()
boto3.DEFAULT_SESSION.events.register('provide-client-params', to_aws)
boto3.DEFAULT_SESSION.events.register('after-call', to_ceph)


@pytest.fixture(autouse=True)
def dialect(request, record_property):
    global note
    name = f'{request.module.__name__.split(".")[-1]}::{request.node.name}'
    said = []

    def once():
        if not said:
            said.append(True)
            record_property('translated', 'yes')

    note = once if SPEAKS_CEPH.match(name) else None
    yield
    note = None
