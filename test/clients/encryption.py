"""AWS Encryption SDK and boto3 over KMS, in the environment of the test: keys, envelopes, contexts, what is refused."""

import aws_encryption_sdk
import boto3
from aws_encryption_sdk.exceptions import DecryptKeyError
from aws_encryption_sdk.key_providers.kms import MRKAwareStrictAwsKmsMasterKeyProvider
from botocore.exceptions import ClientError

kms = boto3.client("kms")
arns = [kms.create_key(MultiRegion=True)["KeyMetadata"]["Arn"] for _ in range(2)]
context = {"purpose": "a test", "schlüssel": "wert"}
plaintext = b"x" * 100_000

client = aws_encryption_sdk.EncryptionSDKClient()
both = aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(key_ids=arns)
ciphertext, header = client.encrypt(source=plaintext, key_provider=both, encryption_context=context)
assert header.encryption_context["purpose"] == "a test"

# Either key opens it, as long as it is enabled.
for arn in arns:
    one = aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(key_ids=[arn])
    opened, _ = client.decrypt(source=ciphertext, key_provider=one)
    assert opened == plaintext
    kms.disable_key(KeyId=arn)
    try:
        client.decrypt(source=ciphertext, key_provider=one)
        raise AssertionError("a disabled key decrypts")
    except DecryptKeyError:
        pass
    kms.enable_key(KeyId=arn)

# By discovery the ciphertext says which key it was, and data keys are used again.
discovery = aws_encryption_sdk.DiscoveryAwsKmsMasterKeyProvider()
opened, _ = client.decrypt(source=ciphertext, key_provider=discovery)
assert opened == plaintext
cache = aws_encryption_sdk.LocalCryptoMaterialsCache(capacity=10)
manager = aws_encryption_sdk.CachingCryptoMaterialsManager(master_key_provider=both, cache=cache, max_age=60.0)
for _ in range(3):
    sealed, _ = client.encrypt(source=b"small", materials_manager=manager, encryption_context=context)
    assert client.decrypt(source=sealed, key_provider=discovery)[0] == b"small"

# A replica in another region opens it by its own ARN.
kms.replicate_key(KeyId=arns[0], ReplicaRegion="eu-west-1")
replica = arns[0].replace("us-east-1", "eu-west-1")
there = MRKAwareStrictAwsKmsMasterKeyProvider(key_ids=[replica])
assert client.decrypt(source=ciphertext, key_provider=there)[0] == plaintext

try:
    kms.encrypt(KeyId="alias/none", Plaintext=b"x")
    raise AssertionError("there is no such alias")
except ClientError as error:
    assert error.response["Error"]["Code"] == "NotFoundException", error

print("all is well")
