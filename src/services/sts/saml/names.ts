/** Names of SAML 2.0, of XML Signature and of AWS's attributes. */
export const ASSERTION = 'urn:oasis:names:tc:SAML:2.0:assertion';
export const PROTOCOL = 'urn:oasis:names:tc:SAML:2.0:protocol';
export const SIGNATURE = 'http://www.w3.org/2000/09/xmldsig#';
export const ENCRYPTION = 'http://www.w3.org/2001/04/xmlenc#';
export const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
export const SUCCESS = 'urn:oasis:names:tc:SAML:2.0:status:Success';
export const NAME_ID_FORMAT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:';

const AWS = 'https://aws.amazon.com/SAML/Attributes/';
/** "The value of the Name attribute in the Attribute tag is case-sensitive." */
export const ROLE = `${AWS}Role`;
export const ROLE_SESSION_NAME = `${AWS}RoleSessionName`;
export const SESSION_DURATION = `${AWS}SessionDuration`;
export const SOURCE_IDENTITY = `${AWS}SourceIdentity`;
export const TRANSITIVE_TAG_KEYS = `${AWS}TransitiveTagKeys`;
export const PRINCIPAL_TAG = `${AWS}PrincipalTag:`;

interface SamlKey {
  readonly key: string;
  /** One that holds one value. */
  readonly single?: true;
}

const single = (key: string): readonly SamlKey[] => [{ key, single: true }];
const list = (key: string): readonly SamlKey[] => [{ key }];

/**
 * Attributes that are condition keys (IAM User Guide, "Mapping SAML attributes to AWS trust policy context keys"). The guide maps
 * Active Directory's primarygroupsid to `uid`, and the authorization reference has `primaryGroupSID`: it counts as both.
 */
export const ATTRIBUTE_KEYS: Readonly<Record<string, readonly SamlKey[]>> = {
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.1': list('edupersonaffiliation'),
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.2': list('edupersonnickname'),
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.3': single('edupersonorgdn'),
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.4': list('edupersonorgunitdn'),
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.5': single('edupersonprimaryaffiliation'),
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.6': single('edupersonprincipalname'),
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.7': list('edupersonentitlement'),
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.8': single('edupersonprimaryorgunitdn'),
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.9': list('edupersonscopedaffiliation'),
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.10': list('edupersontargetedid'),
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.11': list('edupersonassurance'),
  'urn:oid:1.3.6.1.4.1.5923.1.2.1.2': list('eduorghomepageuri'),
  'urn:oid:1.3.6.1.4.1.5923.1.2.1.3': list('eduorgidentityauthnpolicyuri'),
  'urn:oid:1.3.6.1.4.1.5923.1.2.1.4': list('eduorglegalname'),
  'urn:oid:1.3.6.1.4.1.5923.1.2.1.5': list('eduorgsuperioruri'),
  'urn:oid:1.3.6.1.4.1.5923.1.2.1.6': list('eduorgwhitepagesuri'),
  'urn:oid:2.5.4.3': list('cn'),
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name': single('name'),
  'http://schemas.xmlsoap.org/claims/CommonName': single('commonname'),
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname': single('givenname'),
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname': single('surname'),
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress': single('mail'),
  'http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid': [
    { key: 'uid', single: true },
    { key: 'primarygroupsid', single: true },
  ],
  '2.5.4.3': single('commonname'),
  '2.5.4.4': single('surname'),
  '2.4.5.42': single('givenname'),
  '2.5.4.45': single('x500uniqueidentifier'),
  '0.9.2342.19200300100.1.1': single('uid'),
  '0.9.2342.19200300100.1.3': single('mail'),
  '0.9.2342.19200300.100.1.45': single('organizationstatus'),
};
