/**
 * The lists of extensions, by the slots that they fill. The client and the server have a list each, so that a bundle
 * without a server does not contain the server's.
 * @module
 */
import { alpnClient, alpnServer } from "./alpn.ts";
import { ecPointFormatsClient, ecPointFormatsServer } from "./ecPointFormats.ts";
import { encryptThenMacClient, encryptThenMacServer } from "./encryptThenMac.ts";
import { extendedMasterSecretClient, extendedMasterSecretServer } from "./extendedMasterSecret.ts";
import type { ClientExtensions, ServerExtensions } from "./extension.ts";
import { maxFragmentLengthClient, maxFragmentLengthServer } from "./maxFragmentLength.ts";
import { recordSizeLimitClient, recordSizeLimitServer } from "./recordSizeLimit.ts";
import { renegotiationInfoClient, renegotiationInfoServer } from "./renegotiationInfo.ts";
import { serverNameClient, serverNameServer } from "./serverName.ts";
import { sessionTicketClient, sessionTicketServer } from "./sessionTicket.ts";
import { signatureAlgorithmsClient, signatureAlgorithmsServer } from "./signatureAlgorithms.ts";
import { signedCertificateTimestampClient, signedCertificateTimestampServer } from "./signedCertificateTimestamp.ts";
import { statusRequestClient, statusRequestServer } from "./statusRequest.ts";
import { supportedGroupsClient, supportedGroupsServer } from "./supportedGroups.ts";
import { supportedVersionsServer } from "./supportedVersions.ts";

/**
 * The extensions that a client offers, in this order. The last one is never empty, because some old servers reject an
 * empty extension at the end.
 */
export const clientExtensions: ClientExtensions = {
  serverName: serverNameClient,
  extendedMasterSecret: extendedMasterSecretClient,
  encryptThenMac: encryptThenMacClient,
  secureRenegotiation: renegotiationInfoClient,
  maxFragmentLength: maxFragmentLengthClient,
  recordSizeLimit: recordSizeLimitClient,
  groups: supportedGroupsClient,
  pointFormats: ecPointFormatsClient,
  alpn: alpnClient,
  statusRequest: statusRequestClient,
  signedCertificateTimestamps: signedCertificateTimestampClient,
  ticket: sessionTicketClient,
  schemes: signatureAlgorithmsClient,
};

/**
 * The extensions that a server reads and answers, in this order. record_size_limit comes before max_fragment_length,
 * which it overrides. extended_master_secret comes before session_ticket, which depends on it.
 */
export const serverExtensions: ServerExtensions = {
  versions: supportedVersionsServer,
  serverName: serverNameServer,
  extendedMasterSecret: extendedMasterSecretServer,
  encryptThenMac: encryptThenMacServer,
  secureRenegotiation: renegotiationInfoServer,
  recordSizeLimit: recordSizeLimitServer,
  maxFragmentLength: maxFragmentLengthServer,
  groups: supportedGroupsServer,
  pointFormats: ecPointFormatsServer,
  schemes: signatureAlgorithmsServer,
  alpn: alpnServer,
  statusRequest: statusRequestServer,
  signedCertificateTimestamps: signedCertificateTimestampServer,
  ticket: sessionTicketServer,
};
