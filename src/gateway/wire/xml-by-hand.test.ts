import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { protocols } from '#gateway/wire/protocols.ts';
import { BY_HAND } from '#gateway/wire/xml-by-hand.ts';
import { modelLoader } from '#platform/model/load.ts';

const model = modelLoader()('s3');
const encoderOf = (serviceId: string) =>
  protocols['rest-xml'].compile({ ...model, metadata: { ...model.metadata, serviceId } }).operation('ListObjectsV2')
    .encode;

const text = fc.string({ unit: 'binary' });
const listed = fc.record(
  {
    Key: text,
    LastModified: fc.integer({ min: 0, max: 4e12 }),
    ETag: fc.oneof(
      text,
      fc.stringMatching(/^[0-9a-f]{32}$/).map((hash) => `"${hash}"`),
    ),
    ChecksumAlgorithm: fc.array(fc.constantFrom('CRC32', 'CRC64NVME')),
    ChecksumType: fc.constantFrom('COMPOSITE', 'FULL_OBJECT'),
    Size: fc.integer({ min: 0 }),
    StorageClass: fc.constantFrom('STANDARD', 'GLACIER_IR'),
    Owner: fc.record({ ID: text, DisplayName: text }, { requiredKeys: ['ID'] }),
    RestoreStatus: fc.record({ IsRestoreInProgress: fc.boolean(), RestoreExpiryDate: fc.integer({ min: 0 }) }),
  },
  { requiredKeys: ['Key', 'LastModified', 'ETag', 'Size', 'StorageClass'] },
);

test('objects of lists are written by hand as the model has them', () => {
  assert.ok('S3 Object' in BY_HAND);
  const [byHand, ofModel] = [encoderOf('S3'), encoderOf('not by hand')];
  fc.assert(
    fc.property(fc.array(listed, { maxLength: 4 }), (Contents) => {
      const [found, expected] = [byHand, ofModel].map((encode) => encode({ Name: 'bucket', Contents }, 'id').body);
      assert.equal(found, expected);
    }),
  );
});
