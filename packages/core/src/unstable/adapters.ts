/**
 * Exports for the authors of providers, credentials and transports. All of them may change in any version, so depend on
 * an exact version, and read `CHANGELOG.md` before you upgrade.
 * @module
 */
export { ascii, concat, equal, fromBase64, fromHex, latin1, toBase64, toHex, wipe } from "../bytes/bytes.ts";
export { der, derElement, derInteger, sequence, tags } from "../bytes/der.ts";
export { transportError } from "../connection/errors.ts";
export { WebSocketCredit } from "../connection/webSocketCredit.ts";
export {
  highWaterMark,
  reportClose,
  type WebSocketLike,
  WebSocketSender,
} from "../connection/webSocketSender.ts";
export { finiteField } from "../crypto/finiteField.ts";
export { rsaKeyFault } from "../crypto/rsaKey.ts";
export { schemesForKey, signingSchemes } from "../crypto/signatures.ts";
export type {
  EnrolmentFault,
  HttpFault,
  LocalFault,
  MessageFault,
  ProtocolFault,
  TransportFault,
} from "../errorCodes.ts";
export { configurationError, usageError } from "../errors.ts";
export { runFlow } from "../flow.ts";
export { itemOverhead, maxTransportMessage } from "../limits.ts";
export { printable } from "../printable.ts";
export { optionsOf, wrongOption } from "../validation/options.ts";
export { clientOptions } from "../validation/tables.ts";
export { withExplanation } from "../validation/withExplanation.ts";
export { keyMismatch, readOwnChain, verifyChain, verifyKey } from "../x509/chain.ts";
export { readCredential } from "../x509/credential.ts";
export { readName } from "../x509/distinguishedName.ts";
export { readPublicKey, readSignatureAlgorithm } from "../x509/key.ts";
export { parsePemCertificates, pemBlocks } from "../x509/pem.ts";
