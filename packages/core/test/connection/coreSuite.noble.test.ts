import { noble } from "@handclasp/core";
import { coreSuite } from "@handclasp/testing";
import { describe, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";

coreSuite(
  { describe, test },
  { name: "noble", provider: noble, credential: (issued) => nodeCredential(issued), hasRawRsa: true },
);
