import { nodeCrypto } from "@handclasp/node";
import { prometheusMetrics } from "@handclasp/node/prometheus";
import client from "prom-client";
import { aes, channelOf, handclasp } from "./handclasp.ts";
import type { Subject } from "./subject.ts";

/** With the metrics of prom-client, which is the most expensive listener that most users have. */
export const observedOverTcp: Subject = handclasp("tcp", nodeCrypto, aes, channelOf, {
  observe: prometheusMetrics({ client }),
});
