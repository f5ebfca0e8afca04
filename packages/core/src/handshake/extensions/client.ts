/**
 * What a client offers, in this order. The last one is never empty: some servers of old choke on an empty one at the end.
 * @module
 */
import { alpnClient } from "./alpn.ts";
import { ecPointFormatsClient } from "./ecPointFormats.ts";
import { encryptThenMacClient } from "./encryptThenMac.ts";
import { extendedMasterSecretClient } from "./extendedMasterSecret.ts";
import type { ClientExtension } from "./extension.ts";
import { maxFragmentLengthClient } from "./maxFragmentLength.ts";
import { recordSizeLimitClient } from "./recordSizeLimit.ts";
import { renegotiationInfoClient } from "./renegotiationInfo.ts";
import { serverNameClient } from "./serverName.ts";
import { sessionTicketClient } from "./sessionTicket.ts";
import { signatureAlgorithmsClient } from "./signatureAlgorithms.ts";
import { signedCertificateTimestampClient } from "./signedCertificateTimestamp.ts";
import { statusRequestClient } from "./statusRequest.ts";
import { supportedGroupsClient } from "./supportedGroups.ts";

export const clientExtensions: readonly ClientExtension[] = [
  serverNameClient,
  extendedMasterSecretClient,
  encryptThenMacClient,
  renegotiationInfoClient,
  maxFragmentLengthClient,
  recordSizeLimitClient,
  supportedGroupsClient,
  ecPointFormatsClient,
  alpnClient,
  statusRequestClient,
  signedCertificateTimestampClient,
  sessionTicketClient,
  signatureAlgorithmsClient,
];
