/**
 * The errors of enrolment (docs/guide/enrolment.md).
 * @module
 */
import type { EnrolmentFault } from "@handclasp/core/unstable";
import { type ErrorRow, internal, peer } from "./row.ts";

export const enrolmentRows: Readonly<Record<EnrolmentFault, ErrorRow>> = {
  enrolment_refused: peer(
    undefined,
    "In a page, the server refused to sign or to revoke a certificate, gave no answer in time, or answered " +
      "with anything but a certificate for the page's key. The page's old key and certificate stay. On a server, " +
      "this is the error of a client whose request the server refused: `allow` did not allow it, the request is " +
      "malformed, or its signature does not verify.",
    "Check the proof that the page sends, and the decision of the server's `allow`. A page whose certificate is " +
      "revoked calls `forget` and enrols again.",
    "no certificate: the server does not allow it",
  ),
  storage_failed: internal(
    undefined,
    "The browser did not keep the page's key and certificate in IndexedDB, or did not find them. `cause` is the " +
      "browser's error. Some browsers have no IndexedDB in private windows, and a full disk fails too.",
    "Read `cause`. Ask the user to open the page outside a private window, or to free space.",
    "IndexedDB failed: no answer in time",
  ),
};
