import { coreSuite } from "@handclasp/testing";
import { describe, test } from "vitest";
import { browserCredential } from "../src/crypto/credential.ts";
import { webCrypto } from "../src/crypto/webCrypto.ts";

// Both sides run in the page. WebCrypto has no raw RSA decryption, so the server offers no RSA key exchange.
coreSuite(
  { describe, test },
  { name: "webCrypto", provider: webCrypto, credential: browserCredential, hasRawRsa: false },
);
