"""A plugin of pytest. Where a test takes a header away or empties it, botocore puts it in again before it sends: here it goes as the test
says."""

import re

import boto3
import pytest

TESTS = re.compile(r'test_(bucket|object)_create_bad_(authorization|contentlength)_(none|empty)$')
CALLS = {'bucket': 'CreateBucket', 'object': 'PutObject'}
HEADERS = {'authorization': 'Authorization', 'contentlength': 'Content-Length'}

# Of the test that runs.
call, header, value = None, None, None


def as_asked(request, event_name, **_):
    if call is None or not event_name.endswith(f'.{call}'):
        return
    if header in request.headers:
        del request.headers[header]
    if value is not None:
        request.headers[header] = value


if boto3.DEFAULT_SESSION is None:
    boto3.setup_default_session()
boto3.DEFAULT_SESSION.events.register('before-send.s3', as_asked)


@pytest.fixture(autouse=True)
def headers(request, record_property):
    global call, header, value
    found = TESTS.match(request.node.name)
    if found:
        record_property('translated', 'yes')
        call, header, value = CALLS[found[1]], HEADERS[found[2]], '' if found[3] == 'empty' else None
    yield
    call, header, value = None, None, None
