import { noble } from "@handclasp/core";
import { asyncCredential, asyncProvider, coreSuite } from "@handclasp/testing";
import { describe, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";

coreSuite(
  { describe, test },
  {
    name: "asyncProvider(noble)",
    provider: asyncProvider(noble, { maxDelayMs: 1 }),
    credential: (issued) => asyncCredential(nodeCredential(issued), { maxDelayMs: 1 }),
    hasRawRsa: true,
  },
);
