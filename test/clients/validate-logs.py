"""Runs the AWS CLI's own `cloudtrail validate-logs` over files in a folder, which stand for the objects of a bucket.

python validate-logs.py FOLDER TRAIL-ARN START END
"""
import json
import sys
from pathlib import Path

import jmespath
from awscli.customizations.cloudtrail.validation import CloudTrailValidateLogs, normalize_date, parse_date
from botocore.exceptions import ClientError

folder, trail_arn, start, end = Path(sys.argv[1]), *sys.argv[2:]


class Pages:
    def __init__(self, keys):
        self.pages = [{"Contents": [{"Key": key} for key in keys]}]

    def search(self, expression):
        return (found for page in self.pages for found in jmespath.search(expression, page) or [])


class S3:
    def get_paginator(self, _operation):
        return self

    def paginate(self, Bucket, Marker, Prefix):
        names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.gz"))
        return Pages([name for name in names if name > Marker and name.startswith(Prefix)])

    def get_object(self, Bucket, Key):
        path = folder / Key
        if not path.exists():
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no such key"}}, "GetObject")
        return {"Body": path.open("rb"), "Metadata": json.loads(Path(f"{path}.metadata").read_text())}


class Buckets:
    def get_client(self, _bucket):
        return S3()


class CloudTrail:
    def list_public_keys(self, StartTime, EndTime):
        return {"PublicKeyList": json.loads((folder / "keys.json").read_text())}


class Session:
    user_agent_name = user_agent_version = ""


validator = CloudTrailValidateLogs(Session())
validator.trail_arn = trail_arn
validator.is_verbose = True
validator.start_time, validator.end_time = (normalize_date(parse_date(text)) for text in (start, end))
validator.s3_bucket, validator.s3_prefix = "logs", None
validator.s3_client_provider = Buckets()
validator.cloudtrail_client = CloudTrail()
validator.organization_client = None
validator._source_region = "us-east-1"
validator._call()
