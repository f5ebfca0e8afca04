/**
 * The metrics of servers for prom-client. This entry imports no code of prom-client: the caller passes its own.
 * @module
 */
import { optionsOf } from "@handclasp/core/unstable";
import { withExplanationSync } from "@handclasp/core/unstable/engine";
import type * as promClient from "prom-client";
import { refusals } from "./admission/refusals.ts";
import type { ServerEvent } from "./observe/events.ts";
import { alertName, codeOf, handshakeLabels, Measured, states, Tally } from "./observe/measured.ts";
import { prometheusOptions } from "./optionTables.ts";

export type { ServerEvent } from "./observe/events.ts";

export interface PrometheusOptions {
  /** The module: `import client from "prom-client"`. */
  readonly client: Pick<typeof promClient, "Counter" | "Gauge" | "Histogram" | "register">;
  /** The registry of the metrics. Default: that of the module. */
  readonly register?: promClient.Registry;
}

/**
 * Makes the metrics of docs/observability.md, and returns the `observe` for servers. If several servers have the same
 * one, the metrics are their sums.
 * @throws TlsError `configuration`
 */
export function prometheusMetrics(options: PrometheusOptions): (event: ServerEvent) => void {
  const { client, register } = withExplanationSync(() => optionsOf(options ?? {}, prometheusOptions));
  const measured = new Measured();
  const registers = [register ?? client.register];
  /** A counter, and the function that counts. */
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) => {
    const tally = new Tally(labelNames);
    const metric = new client.Counter<Label>({
      name,
      help,
      labelNames,
      registers,
      collect() {
        tally.flush((labels, count) => this.inc(labels, count));
      },
    });
    return { metric, count: (labels: Readonly<Record<Label, string>>) => tally.count(labels) };
  };
  const handshakes = counter("handclasp_handshakes_total", "Handshakes, by outcome and the code of the error.", [
    "outcome",
    "code",
    "suite",
    "group",
    "resumed",
  ]);
  const durations = new client.Histogram({
    name: "handclasp_handshake_duration_seconds",
    help: "How long handshakes take, with the time on the network.",
    labelNames: ["outcome", "resumed"] as const,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const notResumed = counter("handclasp_sessions_not_resumed_total", "Sessions that were offered and not resumed.", [
    "reason",
  ]);
  const alerts = counter("handclasp_alerts_total", "Alerts in each direction.", ["direction", "level", "description"]);
  const refused = counter("handclasp_refused_connections_total", "Connections that a limit refused.", ["of", "limit"]);
  // A series that begins with the first refusal has no increase that an alert could see.
  for (const [of, limits] of Object.entries(refusals)) for (const limit of limits) refused.metric.inc({ of, limit }, 0);
  const closed = counter("handclasp_closed_connections_total", "Connections that ended, by the code of the error.", [
    "code",
  ]);
  const keyLimits = counter(
    "handclasp_key_limit_warnings_total",
    "Connections whose key is near its limit of records.",
    [],
  );
  new client.Gauge({
    name: "handclasp_connections",
    help: "Connections by state.",
    labelNames: ["state"] as const,
    registers,
    collect() {
      const { connections } = measured.measure();
      for (const state of states) this.set({ state }, connections[state]);
    },
  });
  new client.Gauge({
    name: "handclasp_queue",
    help: "Handshakes and calls that wait for their turn, pending calls, and bytes that peers have not taken.",
    labelNames: ["queue"] as const,
    registers,
    collect() {
      for (const [queue, size] of Object.entries(measured.measure().queues)) this.set({ queue }, size);
    },
  });
  new client.Gauge({
    name: "handclasp_fewest_records_left",
    help: "Records left under the key that is closest to its limit. Absent without an open connection.",
    registers,
    aggregator: "min",
    collect() {
      const { fewestRecordsLeft } = measured.measure();
      if (fewestRecordsLeft === undefined) this.remove();
      else this.set(fewestRecordsLeft);
    },
  });
  for (const [name, unit] of [
    ["handclasp_bytes_total", "bytes"],
    ["handclasp_records_total", "records"],
  ] as const)
    new client.Counter({
      name,
      help: `The ${unit} of all connections.`,
      labelNames: ["direction"] as const,
      registers,
      collect() {
        const { traffic } = measured.measure();
        this.reset();
        this.inc({ direction: "received" }, traffic[`${unit}Received`]);
        this.inc({ direction: "sent" }, traffic[`${unit}Sent`]);
      },
    });
  return (event) => {
    measured.add(event);
    switch (event.type) {
      case "handshake": {
        const labels = handshakeLabels(event);
        handshakes.count(labels);
        durations.observe({ outcome: labels.outcome, resumed: labels.resumed }, event.duration / 1_000);
        if (event.notResumed) notResumed.count({ reason: event.notResumed });
        break;
      }
      case "alert":
        alerts.count({ direction: event.direction, level: event.level, description: alertName(event.description) });
        break;
      case "refused":
        refused.count({ of: event.refusal.of, limit: event.refusal.limit });
        break;
      case "closed":
        closed.count({ code: codeOf(event.error) });
        break;
      case "key_limit":
        keyLimits.metric.inc();
        break;
      default:
    }
  };
}
