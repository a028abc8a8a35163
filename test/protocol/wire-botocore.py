"""Parses HTTP responses as botocore, the SDK for Python, does: an independent judge of what our codecs encode.

Reads a JSON list of {file, suite, test, status, headers, body (base64)} and writes a list of {parsed} or {failed}, each
with {tree}: the XML of the body and of the vector's own as nested lists, without what is no part of the result.
The conventions are those of botocore's own tests/unit/test_protocols.py, whose vectors name the expected values.
"""

import base64
import copy
import json
import math
import os
import sys
import xml.etree.ElementTree as ET

from botocore import parsers
from botocore.awsrequest import HeadersDict
from botocore.eventstream import EventStream
from botocore.model import NoShapeFoundError, OperationModel, ServiceModel
from botocore.utils import parse_timestamp
from dateutil.tz import tzutc


class RawStream:
    def __init__(self, data):
        self.data = data

    def stream(self):
        yield self.data


def seconds(value):
    return parse_timestamp(value).astimezone(tzutc()).timestamp()


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, EventStream):
        return [plain(item) for item in value]
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, (bytes, bytearray)):
        return value.decode('utf-8')
    if isinstance(value, float) and not math.isfinite(value):
        return 'NaN' if value != value else 'Infinity' if value > 0 else '-Infinity'
    return value


def parse(suites, answer):
    suite = copy.deepcopy(suites[answer['suite']])
    case = suite.pop('cases')[answer['test']]
    name = case['given'].get('name', 'OperationName')
    suite['operations'] = {name: case}
    model = ServiceModel(suite)
    operation = OperationModel(case['given'], model)
    protocol = model.metadata['protocol']
    parser = parsers.PROTOCOL_PARSERS[protocol](timestamp_parser=seconds)
    body = base64.b64decode(answer['body'])
    response = {
        'status_code': answer['status'],
        'headers': HeadersDict(answer['headers']),
        'body': RawStream(body) if operation.has_event_stream_output else body,
        'context': {'operation_name': name},
    }
    shape = operation.output_shape
    if 'error' not in case:
        if protocol == 'query' and shape and shape.members:
            shape.serialization['resultWrapper'] = name + 'Result'
        parsed = parser.parse(response, shape)
    else:
        parsed = parser.parse(response, shape)
        try:
            error = model.shape_for_error_code(parsed.get('Error', {}).get('Code'))
            parsed.update(parser.parse(response, error))
        except NoShapeFoundError:
            pass
    parsed.pop('ResponseMetadata', None)
    return plain(parsed)


def tree(element):
    children = [tree(child) for child in element if local(child) not in ('ResponseMetadata', 'requestId')]
    return [local(element), (element.text or '').strip(), sorted(element.attrib.items()), children]


def local(element):
    return element.tag.split('}')[-1]


def trees(suites, answer):
    case = suites[answer['suite']]['cases'][answer['test']]
    bodies = (base64.b64decode(answer['body']), case['response'].get('body', '').encode())
    try:
        return [tree(ET.fromstring(body)) for body in bodies]
    except ET.ParseError:
        return None


def main():
    folder = sys.argv[1]
    suites = {}
    results = []
    for answer in json.load(sys.stdin):
        path = answer['file']
        if path not in suites:
            with open(os.path.join(folder, path), encoding='utf-8') as file:
                suites[path] = json.load(file)
        try:
            result = {'parsed': parse(suites[path], answer)}
        except Exception as error:  # any failure to parse is the answer's failure
            result = {'failed': f'{type(error).__name__}: {error}'}
        results.append({**result, 'tree': trees(suites[path], answer)})
    json.dump(results, sys.stdout)


main()
