/**
 * What can be wrong with a query or with what it reads, in the words of the API Reference's "List of SELECT Object Content Error
 * Codes". Thrown in the worker too, where nothing of the services is: so these are plain errors, made into S3's on the way out.
 */
const WORDS = {
  AmbiguousFieldName:
    'The field name matches to multiple fields in the file. Check the SQL expression and the file, and try again.',
  Busy: 'The service is unavailable. Try again later.',
  CSVParsingError: 'Encountered an error parsing the CSV file. Check the file and try again.',
  CastFailed: 'Attempt to convert from one data type to another using CAST failed in the SQL expression.',
  EvaluatorInvalidArguments: 'Incorrect number of arguments in the function call in the SQL expression.',
  EvaluatorInvalidTimestampFormatPattern: 'Invalid time stamp format string in the SQL expression.',
  EvaluatorLikePatternInvalidEscapeSequence: 'A LIKE pattern has an escape character that escapes nothing.',
  ExpressionTooLong: 'The SQL expression is too long: The maximum byte-length for the SQL expression is 256 KB.',
  IllegalSqlFunctionArgument: 'Illegal argument was used in the SQL function.',
  IncorrectSqlFunctionArgumentType: 'Incorrect type of arguments in function call in the SQL expression.',
  IntegerOverflow: 'Integer overflow or underflow in the SQL expression.',
  InvalidCompressionFormat: 'The file is not in a supported compression format. Only GZIP and BZIP2 are supported.',
  InvalidDataSource: 'Invalid data source type. Only CSV, JSON, and Parquet are supported at this time.',
  InvalidDataType: 'The SQL expression contains an invalid data type.',
  InvalidExpressionType: 'The ExpressionType is invalid. Only SQL expressions are supported at this time.',
  InvalidRequestParameter:
    'The value of a parameter in the SelectRequest element is invalid. Check the service API documentation and try again.',
  InvalidScanRange: 'The provided scan range is invalid.',
  InvalidTableAlias: 'The SQL expression contains an invalid table alias.',
  InvalidTextEncoding: 'Invalid encoding type. Only UTF-8 encoding is supported.',
  JSONParsingError: 'Encountered an error parsing the JSON file. Check the file and try again.',
  LexerInvalidChar: 'The SQL expression contains an invalid character.',
  LexerInvalidLiteral: 'The SQL expression contains an invalid literal.',
  MissingHeaders: 'Some headers in the query are missing from the file. Check the file and try again.',
  MissingRequiredParameter:
    'The SelectRequest entity is missing a required parameter. Check the service documentation and try again.',
  NumberFormatError:
    'An error occurred while parsing a number. This error can be caused by underflow or overflow of integers.',
  ObjectSerializationConflict:
    'The SelectRequest entity can only contain one of CSV or JSON. Check the service documentation and try again.',
  OverMaxColumn: 'The number of columns in the result is greater than the maximum allowable number of columns.',
  OverMaxParquetBlockSize: 'The Parquet file is above the max row group size.',
  OverMaxRecordSize: 'The length of a record in the input or result is greater than maxCharsPerRecord of 1 MB.',
  ParquetParsingError: 'Error parsing Parquet file. Please check the file and try again.',
  ParquetUnsupportedCompressionCodec: 'The specified Parquet compression codec is not supported.',
  ParseAsteriskIsNotAloneInSelectList:
    'Other expressions are not allowed in the SELECT list when * is used without dot notation in the SQL expression.',
  ParseExpectedDatePart: 'Did not find the expected date part in the SQL expression.',
  ParseExpectedExpression: 'Did not find the expected SQL expression.',
  ParseExpectedIdentForAlias: 'Did not find the expected identifier for the alias in the SQL expression.',
  ParseExpectedKeyword: 'Did not find the expected keyword in the SQL expression.',
  ParseExpectedLeftParenAfterCast: 'Did not find the expected left parenthesis after CAST in the SQL expression.',
  ParseExpectedNumber: 'Did not find the expected number in the SQL expression.',
  ParseExpectedTypeName: 'Did not find the expected type name in the SQL expression.',
  ParseExpectedWhenClause: 'Did not find the expected WHEN clause in the SQL expression. CASE is not supported.',
  ParseInvalidPathComponent: 'The SQL expression contains an invalid path component.',
  ParseNonUnaryAgregateFunctionCall: 'Only one argument is supported for aggregate functions in the SQL expression.',
  ParseSelectMissingFrom: 'The SQL expression contains a missing FROM after the SELECT list.',
  ParseUnExpectedKeyword: 'The SQL expression contains an unexpected keyword.',
  ParseUnexpectedToken: 'The SQL expression contains an unexpected token.',
  ParseUnsupportedSelect: 'The SQL expression contains an unsupported use of SELECT.',
  TruncatedInput:
    'Object decompression failed. Check that the object is properly compressed using the format specified in the request.',
  UnsupportedFunction: 'Encountered an unsupported SQL function.',
  UnsupportedScanRangeInput: 'Scan range queries are not supported on this type of object.',
  UnsupportedSqlOperation: 'Encountered an unsupported SQL operation.',
  UnsupportedSqlStructure: 'Encountered an unsupported SQL structure. Check the SQL Reference.',
  UnsupportedStorageClass:
    'Encountered an invalid storage class. Only STANDARD, STANDARD_IA, and ONEZONE_IA storage classes are supported at this time.',
  ValueParseFailure: 'Time stamp parse failure in the SQL expression.',
} as const;

export type SelectErrorCode = keyof typeof WORDS;

export class SelectError extends Error {
  override name = 'SelectError';
  readonly code: SelectErrorCode;
  /** What it is about, in our words. */
  readonly detail: string | undefined;

  constructor(code: SelectErrorCode, detail?: string) {
    super(detail === undefined ? WORDS[code] : `${WORDS[code]} (${detail})`);
    this.code = code;
    this.detail = detail;
  }
}

export function refuse(code: SelectErrorCode, detail?: string): never {
  throw new SelectError(code, detail);
}
