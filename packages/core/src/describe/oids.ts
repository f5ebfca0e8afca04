/**
 * The names of object identifiers in certificates.
 * @module
 */

/** The names of certificate extensions, and their sections in RFC 5280 unless another RFC is named. */
export const extensionNames: Readonly<Record<string, readonly [name: string, section: string]>> = {
  "2.5.29.14": ["subjectKeyIdentifier", "§4.2.1.2"],
  "2.5.29.15": ["keyUsage", "§4.2.1.3"],
  "2.5.29.17": ["subjectAltName", "§4.2.1.6"],
  "2.5.29.18": ["issuerAltName", "§4.2.1.7"],
  "2.5.29.19": ["basicConstraints", "§4.2.1.9"],
  "2.5.29.30": ["nameConstraints", "§4.2.1.10"],
  "2.5.29.31": ["cRLDistributionPoints", "§4.2.1.13"],
  "2.5.29.32": ["certificatePolicies", "§4.2.1.4"],
  "2.5.29.33": ["policyMappings", "§4.2.1.5"],
  "2.5.29.35": ["authorityKeyIdentifier", "§4.2.1.1"],
  "2.5.29.36": ["policyConstraints", "§4.2.1.11"],
  "2.5.29.37": ["extKeyUsage", "§4.2.1.12"],
  "2.5.29.54": ["inhibitAnyPolicy", "§4.2.1.14"],
  "1.3.6.1.5.5.7.1.1": ["authorityInfoAccess", "§4.2.2.1"],
  "1.3.6.1.5.5.7.1.24": ["tlsFeature", "§4.2"],
  "1.3.6.1.4.1.11129.2.4.2": ["signedCertificateTimestampList", "§4.2"],
};

/** The purposes of extKeyUsage, RFC 5280 §4.2.1.12. */
export const purposeNames: Readonly<Record<string, string>> = {
  "2.5.29.37.0": "anyExtendedKeyUsage",
  "1.3.6.1.5.5.7.3.1": "serverAuth",
  "1.3.6.1.5.5.7.3.2": "clientAuth",
  "1.3.6.1.5.5.7.3.3": "codeSigning",
  "1.3.6.1.5.5.7.3.4": "emailProtection",
  "1.3.6.1.5.5.7.3.8": "timeStamping",
  "1.3.6.1.5.5.7.3.9": "OCSPSigning",
};

/** The names of signature algorithms, RFC 8017 §A.2, RFC 5758 §3.2, RFC 8410 §3. */
export const signatureNames: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
  "1.2.840.113549.1.1.10": "RSASSA-PSS",
  "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
  "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
  "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
  "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
  "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
  "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
  "1.3.101.112": "Ed25519",
};
