/**
 * What a server reads and answers, in this order.
 * @module
 */
import { alpnServer } from "./alpn.ts";
import { ecPointFormatsServer } from "./ecPointFormats.ts";
import { encryptThenMacServer } from "./encryptThenMac.ts";
import { extendedMasterSecretServer } from "./extendedMasterSecret.ts";
import type { ServerExtension } from "./extension.ts";
import { maxFragmentLengthServer } from "./maxFragmentLength.ts";
import { recordSizeLimitServer } from "./recordSizeLimit.ts";
import { renegotiationInfoServer } from "./renegotiationInfo.ts";
import { serverNameServer } from "./serverName.ts";
import { sessionTicketServer } from "./sessionTicket.ts";
import { signatureAlgorithmsServer } from "./signatureAlgorithms.ts";
import { signedCertificateTimestampServer } from "./signedCertificateTimestamp.ts";
import { statusRequestServer } from "./statusRequest.ts";
import { supportedGroupsServer } from "./supportedGroups.ts";
import { supportedVersionsServer } from "./supportedVersions.ts";

/** record_size_limit is read before max_fragment_length, which it makes void. */
export const serverExtensions: readonly ServerExtension[] = [
  supportedVersionsServer,
  serverNameServer,
  extendedMasterSecretServer,
  encryptThenMacServer,
  renegotiationInfoServer,
  recordSizeLimitServer,
  maxFragmentLengthServer,
  supportedGroupsServer,
  ecPointFormatsServer,
  signatureAlgorithmsServer,
  alpnServer,
  statusRequestServer,
  signedCertificateTimestampServer,
  sessionTicketServer,
];
