import { noble } from "@handclasp/core";
import { asyncCredential, asyncProvider, coreSuite, type IssuedCertificate } from "@handclasp/testing";
import { describe, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const credential = (issued: IssuedCertificate) => nodeCredential(issued);

coreSuite(
  { describe, test },
  { name: "nodeCrypto", provider: nodeCrypto, credential, rawRsa: true, bulkEverywhere: true },
);
coreSuite({ describe, test }, { name: "noble", provider: noble, credential, rawRsa: true });
coreSuite(
  { describe, test },
  {
    name: "asyncProvider(noble)",
    provider: asyncProvider(noble, { maxDelayMs: 1 }),
    credential: (issued) => asyncCredential(nodeCredential(issued), { maxDelayMs: 1 }),
    rawRsa: true,
  },
);
