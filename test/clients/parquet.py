"""Decimals of Parquet files that DuckDB writes, in each of the forms that they are kept in, as SelectObjectContent has them."""
import json
import os
import tempfile
from decimal import Decimal

import boto3
import duckdb

# DuckDB keeps the first two as INT32, the third as INT64, the others as bytes.
TYPES = {
    "tiny": "DECIMAL(4,2)",
    "price": "DECIMAL(9,2)",
    "amount": "DECIMAL(18,6)",
    "exact": "DECIMAL(38,18)",
    "whole": "DECIMAL(38,0)",
}
ROWS = [
    ["12.30", "-1.00", "999999999999.123456", "12345678901234567890.123456789012345678", "9" * 38],
    ["-0.05", "9999999.99", "-0.000001", "-0.000000000000000001", "-1"],
    ["0", "0.10", "123456.5", "-99999999999999999999.999999999999999999", "0"],
    [None, None, None, None, None],
]

s3 = boto3.client("s3")
s3.create_bucket(Bucket="tables")


def put(table, *options):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "table.parquet")
        duckdb.sql(f"COPY ({table}) TO '{path}' (FORMAT parquet{''.join(f', {each}' for each in options)})")
        s3.upload_file(path, "tables", "table")


def select(expression, output):
    answer = s3.select_object_content(
        Bucket="tables",
        Key="table",
        Expression=expression,
        ExpressionType="SQL",
        InputSerialization={"Parquet": {}},
        OutputSerialization={output: {}},
    )
    return b"".join(each["Records"]["Payload"] for each in answer["Payload"] if "Records" in each).decode()


def rows_of(text):
    """With the digits that are there, which a double has not."""
    return [json.loads(line, parse_float=str, parse_int=str) for line in text.splitlines()]


literals = ["(%s)" % ", ".join("NULL" if each is None else f"'{each}'" for each in row) for row in ROWS]
columns = ", ".join(f"{name}::{kind} AS {name}" for name, kind in TYPES.items())
table = f"SELECT {columns} FROM (VALUES {', '.join(literals)}) t({', '.join(TYPES)})"
texts = duckdb.sql(f"SELECT {', '.join(f'{name}::VARCHAR' for name in TYPES)} FROM ({table})").fetchall()

# Plain values and dictionaries, in both versions of the format.
for options in (["PARQUET_VERSION 'V2'"], ["CODEC 'gzip'", "DICTIONARY_SIZE_LIMIT 0"], []):
    put(table, *options)
    assert select("SELECT * FROM S3Object", "CSV") == "".join(",".join(each or "" for each in row) + "\n" for row in texts)
assert [tuple(row.values()) for row in rows_of(select("SELECT * FROM S3Object", "JSON"))] == texts

# What a double can't tell apart.
assert select("SELECT s.price FROM S3Object s WHERE s.exact = 12345678901234567890.123456789012345678", "CSV") == "-1.00\n"
assert select("SELECT s.price FROM S3Object s WHERE s.exact = 12345678901234567890.123456789012345677", "CSV") == ""
assert select("SELECT s.tiny + 0.001, s.price * 3, -s.whole FROM S3Object s LIMIT 1", "CSV") == f"12.301,-3.00,-{'9' * 38}\n"

# As many rows as make a dictionary worth its while.
put(f"SELECT t.* FROM ({table}) t, range(5000)", "ROW_GROUP_SIZE 4096")
assert select("SELECT s.exact FROM S3Object s", "CSV").splitlines().count(texts[0][3]) == 5000
[counted] = rows_of(select("SELECT COUNT(*) n, SUM(s.amount) AS total, AVG(s.price) AS mean FROM S3Object s", "JSON"))
total, mean = duckdb.sql(f"SELECT sum(amount) * 5000, avg(price)::DECIMAL(18,2) FROM ({table})").fetchone()
assert (counted["n"], Decimal(counted["total"])) == ("20000", total), (counted, total)
assert round(Decimal(counted["mean"]), 2) == mean, (counted, mean)

# Moments, to the last digit that their column has, before 1970 too.
digits = {"TIMESTAMP_MS": "123", "TIMESTAMP": "123456", "TIMESTAMP_NS": "123456789"}
days = ["2024-05-01", "1969-12-31"]
moments = [", ".join(f"{kind} '{day} 10:00:00.{each}' AS {kind}" for kind, each in digits.items()) for day in days]
put(f"SELECT {moments[0]} UNION ALL SELECT {moments[1]}")
written = "".join(",".join(f"{day}T10:00:00.{each}Z" for each in digits.values()) + "\n" for day in days)
assert select("SELECT * FROM S3Object", "CSV") == written

# Within other values.
put("SELECT [1.10, 2.25]::DECIMAL(5,2)[] AS list, {'a': 7.5::DECIMAL(20,3)} AS struct, MAP {'k': 1::DECIMAL(30,1)} AS map")
assert select("SELECT * FROM S3Object", "JSON") == '{"list":[1.10,2.25],"struct":{"a":7.500},"map":{"k":1.0}}\n'
print("to the last digit")
