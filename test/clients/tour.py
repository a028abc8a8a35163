"""The README's tour by boto3. Run by python.test.ts, with a cloud's address and keys in the environment."""

import json

import boto3
from botocore.exceptions import ClientError


def refused(code, action):
    try:
        action()
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        return error.response["Error"]["Message"]
    raise AssertionError(f"{code} was expected")


def queues():
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "0"}, tags={"team": "blue"})["QueueUrl"]
    attributes = {"n": {"DataType": "Number", "StringValue": "1"}, "b": {"DataType": "Binary", "BinaryValue": b"\0\xff"}}
    # boto3 checks the MD5s itself.
    sqs.send_message(QueueUrl=url, MessageBody="hello", MessageAttributes=attributes)
    [message] = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert message["Body"] == "hello" and message["MessageAttributes"]["b"]["BinaryValue"] == b"\0\xff", message
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    sqs.tag_queue(QueueUrl=url, Tags={"stage": "test"})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "blue", "stage": "test"}
    pages = boto3.client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(ResourcesPerPage=1)
    arns = [each["ResourceARN"] for page in pages for each in page["ResourceTagMappingList"]]
    assert [arn.split(":")[-1] for arn in arns] == ["orders"], arns
    gone = url + "-gone"
    refused("AWS.SimpleQueueService.NonExistentQueue", lambda: sqs.send_message(QueueUrl=gone, MessageBody="x"))
    try:
        sqs.send_message(QueueUrl=gone, MessageBody="x")
    except sqs.exceptions.QueueDoesNotExist:
        pass
    return sqs, url


def dead_letters(sqs, url):
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    sqs.send_message(QueueUrl=url, MessageBody="unlucky")
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    counts = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == "1", counts
    sqs.start_message_move_task(SourceArn=arn)
    for _ in range(100):
        [task] = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
        if task["Status"] == "COMPLETED":
            break
    back = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert [message["Body"] for message in back] == ["unlucky"], back


def fifo(sqs):
    url = sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
    entries = [{"Id": str(i), "MessageBody": body, "MessageGroupId": "g"} for i, body in enumerate("abca")]
    assert len(sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == 4
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    assert [message["Body"] for message in received] == ["a", "b", "c"], received


def people():
    iam = boto3.client("iam")
    iam.create_user(UserName="bob")
    key = iam.create_access_key(UserName="bob")["AccessKey"]
    bob = boto3.client("sqs", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    message = refused("AccessDenied", bob.list_queues)
    assert "because no identity-based policy allows the sqs:ListQueues action" in message, message
    statement = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="bob", PolicyName="own", PolicyDocument=document)
    assert iam.get_user_policy(UserName="bob", PolicyName="own")["PolicyDocument"]["Statement"] == [statement]
    assert len(bob.list_queues()["QueueUrls"]) == 3
    account = boto3.client("sts").get_caller_identity()["Account"]
    trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust)["Role"]
    session = boto3.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="tour")["Credentials"]
    as_reader = boto3.Session(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    assert as_reader.client("sts").get_caller_identity()["Arn"].endswith("assumed-role/reader/tour")
    wrong = boto3.client("sts", aws_secret_access_key="x" * 40, aws_access_key_id=key["AccessKeyId"])
    refused("SignatureDoesNotMatch", wrong.get_caller_identity)
    iam.update_access_key(UserName="bob", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    refused("InvalidClientTokenId", bob.list_queues)


def quotas():
    client = boto3.client("service-quotas")
    codes = [each["ServiceCode"] for page in client.get_paginator("list_services").paginate() for each in page["Services"]]
    assert "sqs" in codes, codes
    quota = client.list_service_quotas(ServiceCode="sqs")["Quotas"][0]
    wanted = {"ServiceCode": "sqs", "QuotaCode": quota["QuotaCode"]}
    asked = client.request_service_quota_increase(**wanted, DesiredValue=quota["Value"] * 2)["RequestedQuota"]
    assert asked["Status"] == "PENDING", asked


client, queue_url = queues()
dead_letters(client, queue_url)
fifo(client)
people()
quotas()
print("the tour is over")
