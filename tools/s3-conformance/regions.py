"""A plugin of pytest. The suite makes clients of IAM, STS and SNS for a region without a name, and their signatures name it so, which
no endpoint of AWS takes: they are clients of the usual region here."""

import boto3

make = boto3.client


def client(*args, **kwargs):
    if kwargs.get('region_name') == '':
        kwargs['region_name'] = 'us-east-1'
    return make(*args, **kwargs)


boto3.client = client
