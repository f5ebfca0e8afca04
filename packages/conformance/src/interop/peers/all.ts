import type { Peer } from "../peer.ts";
import { botan } from "./botan.ts";
import { curl } from "./curl.ts";
import { gnutls } from "./gnutls.ts";
import { jsse } from "./jsse.ts";
import { nginx } from "./nginx.ts";
import { nodeTls } from "./nodeTls.ts";
import { nss } from "./nss.ts";
import { openssl } from "./openssl.ts";
import { python } from "./python.ts";

export const peers: readonly Peer[] = [openssl, nodeTls, gnutls, nss, botan, jsse, curl, nginx, python];
