"""A plugin of pytest. The suite makes clients of IAM, STS, SNS and S3 for a region without a name, and their signatures name it so,
which no endpoint of AWS takes: they are clients of the usual region here."""

from boto3.session import Session

make = Session.client


def client(self, *args, **kwargs):
    if kwargs.get('region_name') == '':
        kwargs['region_name'] = 'us-east-1'
    return make(self, *args, **kwargs)


Session.client = client
