/** What has broken SAML elsewhere, tried on ours with a real provider's signatures. Nobody but `ann` was ever signed. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { base64, idpKey, responseText, signedText } from '#test/saml-idp.ts';
import { named } from '#test/sdk/federation.ts';
import { invalid, saml } from '#test/sdk/saml-federation.ts';

const badSignature = invalid(/^Response signature invalid$/);

/** A response for `ann` with its parts, and one for `eve` that nobody signed. */
async function parts(t: TestContext) {
  const s = await saml(t);
  const good = signedText(responseText(s.assertion({ id: '_good' })), s.key);
  const [signedAssertion = ''] = /<saml:Assertion.*<\/saml:Assertion>/s.exec(good) ?? [];
  const [signature = ''] = /<ds:Signature.*<\/ds:Signature>/s.exec(signedAssertion) ?? [];
  const evil = (id = '_evil') => s.assertion({ id, nameId: 'eve' });
  const withSignature = (assertion: string, inserted: string): string =>
    assertion.replace('</saml:Issuer>', `</saml:Issuer>${inserted}`);
  assert.equal((await s.assume(base64(good))).Subject, 'ann');
  return { ...s, good, signedAssertion, signature, evil, withSignature };
}

test('no signature, a stranger’s, one that was altered', async (t) => {
  const { key, good, assertion, assume } = await parts(t);
  const refused = (xml: string, why: string) => assert.rejects(assume(base64(xml)), badSignature, why);
  await refused(responseText(assertion()), 'unsigned');
  await refused(signedText(responseText(assertion()), idpKey()), 'signed by somebody');
  await refused(good.replace('>ann<', '>eve<'), 'another name');
  await refused(good.replace(/Recipient="[^"]*"/, 'Recipient="https://signin.aws.amazon.com/static/saml"'), 'altered');
  await refused(good.replace(/<ds:SignatureValue>[^<]*/, '<ds:SignatureValue>AAAA'), 'no value');
  await refused(good.replace(/<ds:DigestValue>[^<]*/, '<ds:DigestValue>AAAA'), 'no digest');
  await refused(good.replace(/<ds:Reference URI="#_good"/, '<ds:Reference URI=""'), 'the whole document');
  await refused(good.replace(/<ds:Reference.*<\/ds:Reference>/s, ''), 'of nothing');
  const stranger = idpKey();
  const certificate = stranger.certificate.replace(/-----[^-]+-----|\s/g, '');
  const brought = signedText(responseText(assertion()), stranger).replace(
    '</ds:SignatureValue>',
    `</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`,
  );
  await refused(brought, 'a certificate that it brings along');
  // A response's broken signature is not made good by the assertion's.
  const both = signedText(good, key, { element: 'Response' });
  await refused(both.replace('_response" Version', '_response" Extra="1" Version'), 'a broken outer signature');
});

test('signature wrapping', async (t) => {
  const { key, good, signedAssertion, signature, evil, withSignature, assertion, assume } = await parts(t);
  const wrapped: Record<string, string> = {
    'two assertions, evil first': responseText(evil() + signedAssertion),
    'two assertions, evil last': responseText(signedAssertion + evil()),
    'the same id twice': responseText(evil('_good') + signedAssertion),
    'evil with the good one’s signature': responseText(withSignature(evil(), signature)),
    'evil of the good one’s id': responseText(withSignature(evil('_good'), signature)),
    'the good one inside of evil’s signature': responseText(
      withSignature(
        evil(),
        signature.replace('</ds:Signature>', `<ds:Object>${signedAssertion}</ds:Object></ds:Signature>`),
      ),
    ),
    'the good one without its signature inside of evil’s': responseText(
      withSignature(
        evil(),
        signature.replace(
          '</ds:Signature>',
          `<ds:Object>${signedAssertion.replace(signature, '')}</ds:Object></ds:Signature>`,
        ),
      ),
    ),
    'the good one in extensions': responseText(
      `<samlp:Extensions>${signedAssertion}</samlp:Extensions>${withSignature(evil(), signature)}`,
    ),
    'the good one as evil’s attribute': responseText(
      withSignature(evil(), signature).replace(
        '<saml:AttributeStatement>',
        `<saml:Advice>${signedAssertion}</saml:Advice>$&`,
      ),
    ),
    'evil around the good one': responseText(
      evil().replace('</saml:Assertion>', `${signedAssertion}</saml:Assertion>`),
    ),
    'a good response inside of an evil one': responseText(`<samlp:Extensions>${good}</samlp:Extensions>${evil()}`),
    'a signature full of things': good.replace(
      '</ds:Signature>',
      `<ds:Object>${'<a/>'.repeat(200)}</ds:Object></ds:Signature>`,
    ),
    'two signatures': good.replace(signature, signature + signature),
    'an id of another kind': responseText(
      withSignature(evil(), signature).replace('ID="_evil"', 'ID="_evil" Id="_good"'),
    ),
  };
  const signedResponse = signedText(responseText(assertion()), key, { element: 'Response' });
  const [outer = ''] = /<ds:Signature.*<\/ds:Signature>/s.exec(signedResponse) ?? [];
  wrapped['evil in a signed response'] = signedResponse.replace('</samlp:Response>', `${evil()}</samlp:Response>`);
  wrapped['a signed response inside of evil’s signature'] = responseText(evil()).replace(
    '</saml:Issuer>',
    `</saml:Issuer>${outer.replace('</ds:Signature>', `<ds:Object>${signedResponse}</ds:Object></ds:Signature>`)}`,
  );
  for (const [why, xml] of Object.entries(wrapped)) await assert.rejects(assume(base64(xml)), invalid(), why);
});

test('comments are no part of a name, and do not end it', async (t) => {
  const { key, good, assertion, assume } = await parts(t);
  // Added afterwards: the canonical form has no comments, so the signature is still good, and so is the name.
  assert.equal((await assume(base64(good.replace('>ann<', '>a<!-- x -->nn<')))).Subject, 'ann');
  const longer = signedText(responseText(assertion({ nameId: 'admin@corp<!-- x -->.evil.example' })), key);
  assert.equal((await assume(base64(longer))).Subject, 'admin@corp.evil.example');
  const inside = signedText(responseText(assertion({ nameId: 'admin<x/>@corp' })), key);
  await assert.rejects(assume(base64(inside)), named('AccessDenied'), 'elements in a name');
});

test('algorithms that do not protect', async (t) => {
  const { key, good, assertion, assume } = await parts(t);
  const sign = (options: object): string => signedText(responseText(assertion()), key, options);
  for (const options of [
    { signature: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' },
    { digest: 'http://www.w3.org/2000/09/xmldsig#sha1' },
    { canonicalization: 'http://www.w3.org/2001/10/xml-exc-c14n#WithComments' },
  ]) {
    await assert.rejects(assume(base64(sign(options))), badSignature, JSON.stringify(options));
  }
  // The certificate as the secret of an HMAC.
  const [info = ''] = /<ds:SignedInfo.*<\/ds:SignedInfo>/s.exec(good) ?? [];
  const hmacInfo = info.replace(/xmldsig-more#rsa-sha256/, 'xmldsig-more#hmac-sha256');
  const value = createHmac('sha256', key.certificate).update(hmacInfo).digest('base64');
  const confused = good.replace(info, hmacInfo).replace(/<ds:SignatureValue>[^<]*/, `<ds:SignatureValue>${value}`);
  await assert.rejects(assume(base64(confused)), badSignature);
  const stylesheet = good.replace(
    '<ds:Transforms>',
    '<ds:Transforms><ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>',
  );
  await assert.rejects(assume(base64(stylesheet)), badSignature);
});

test('what is no response', async (t) => {
  const { good, signedAssertion, assertion, assume } = await parts(t);
  const noResponse = invalid(/^Invalid SAML response$/);
  const doctype = '<!DOCTYPE r [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>';
  const laughs = `<!DOCTYPE r [<!ENTITY a "${'ha'.repeat(50)}"><!ENTITY b "${'&a;'.repeat(50)}">]>`;
  for (const [why, text] of Object.entries({
    'an assertion alone': signedAssertion,
    'a document type': doctype + good,
    'an external entity': doctype + good.replace('>ann<', '>&xxe;<'),
    'many entities': laughs + good.replace('>ann<', '>&b;<'),
    'no XML': 'hello there',
    'cut off': good.slice(0, -20),
    'nothing inside': responseText(''),
    'nested deeply': responseText(`${'<a>'.repeat(2000)}${'</a>'.repeat(2000)}`),
    'too many elements': responseText('<a/>'.repeat(6000)),
    'another namespace': good.replaceAll('urn:oasis:names:tc:SAML:2.0:protocol', 'urn:evil'),
  })) {
    await assert.rejects(assume(base64(text)), noResponse, why);
  }
  await assert.rejects(assume('%%%%'), invalid(/^Invalid base64 SAMLResponse$/));
  await assert.rejects(assume(Buffer.from([0xff, 0xfe, 0x3c, 0]).toString('base64')), noResponse, 'no UTF-8');
  const failed = responseText(assertion(), 'urn:oasis:names:tc:SAML:2.0:status:Responder');
  await assert.rejects(assume(base64(failed)), named('IDPRejectedClaimException'));
});
