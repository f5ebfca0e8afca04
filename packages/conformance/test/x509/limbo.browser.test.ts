import { webCrypto } from "@handclasp/browser";
import { inject } from "vitest";
import { limboSuite } from "./limboSuite.ts";

limboSuite(inject("limbo"), [webCrypto]);
