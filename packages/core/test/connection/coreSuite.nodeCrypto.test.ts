import { coreSuite } from "@handclasp/testing";
import { describe, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

coreSuite(
  { describe, test },
  {
    name: "nodeCrypto",
    provider: nodeCrypto,
    credential: (issued) => nodeCredential(issued),
    hasRawRsa: true,
    bulkEverywhere: true,
  },
);
