/**
 * The metrics of servers for OpenTelemetry. This entry imports no code of OpenTelemetry: the caller passes a meter.
 * @module
 */
import { configurationError } from "@handclasp/core/unstable";
import type { Meter } from "@opentelemetry/api";
import type { Attributes, ServerEvent } from "./observe/events.ts";
import { alertName, codeOf, Measured, states } from "./observe/measured.ts";

export type { ServerEvent } from "./observe/events.ts";

/**
 * Makes the metrics of docs/observability.md, and returns the `observe` for servers. If several servers have the same
 * one, the metrics are their sums. Attributes that a client chooses freely, such as its address and `server.address`,
 * are left out.
 * @throws TlsError `configuration`
 */
export function openTelemetryMetrics(meter: Meter): (event: ServerEvent) => void {
  if (typeof meter?.addBatchObservableCallback !== "function")
    throw configurationError("this is no meter", 'call openTelemetryMetrics(metrics.getMeter("app"))');
  const measured = new Measured();
  const durations = meter.createHistogram("handclasp.handshake.duration", { unit: "s" });
  const notResumed = meter.createCounter("handclasp.session.not_resumed");
  const alerts = meter.createCounter("handclasp.alerts");
  const refused = meter.createCounter("handclasp.connections.refused");
  const closed = meter.createCounter("handclasp.connections.closed");
  const keyLimits = meter.createCounter("handclasp.key_limit.warnings");
  const connections = meter.createObservableGauge("handclasp.connections");
  const queue = meter.createObservableGauge("handclasp.queue");
  const recordsLeft = meter.createObservableGauge("handclasp.fewest_records_left");
  const bytes = meter.createObservableCounter("handclasp.bytes", { unit: "By" });
  const records = meter.createObservableCounter("handclasp.records");
  meter.addBatchObservableCallback(
    (result) => {
      const { traffic, fewestRecordsLeft, ...measures } = measured.measure();
      for (const state of states)
        result.observe(connections, measures.connections[state], { "handclasp.connection.state": state });
      for (const [name, size] of Object.entries(measures.queues))
        result.observe(queue, size, { "handclasp.queue.name": name });
      if (fewestRecordsLeft !== undefined) result.observe(recordsLeft, fewestRecordsLeft);
      for (const direction of ["received", "sent"] as const) {
        const attributes = { "handclasp.direction": direction };
        const suffix = direction === "sent" ? "Sent" : "Received";
        result.observe(bytes, traffic[`bytes${suffix}`], attributes);
        result.observe(records, traffic[`records${suffix}`], attributes);
      }
    },
    [connections, queue, recordsLeft, bytes, records],
  );
  return (event) => {
    measured.add(event);
    switch (event.type) {
      case "handshake":
        durations.record(event.duration / 1_000, handshakeAttributes(event));
        if (event.notResumed) notResumed.add(1, { "handclasp.reason": event.notResumed });
        break;
      case "alert":
        alerts.add(1, {
          "handclasp.direction": event.direction,
          "handclasp.alert.level": event.level,
          "handclasp.alert.description": alertName(event.description),
        });
        break;
      case "refused":
        refused.add(1, { "handclasp.limit": event.refusal.limit, "handclasp.limit_of": event.refusal.of });
        break;
      case "closed":
        closed.add(1, event.error === undefined ? {} : { "error.type": codeOf(event.error) });
        break;
      case "key_limit":
        keyLimits.add(1);
        break;
      default:
    }
  };
}

const handshakeNames = [
  "network.transport",
  "handclasp.carrier",
  "tls.protocol.name",
  "tls.protocol.version",
  "tls.cipher",
  "tls.curve",
  "tls.resumed",
  "tls.established",
  "error.type",
];

const handshakeAttributes = ({ attributes }: ServerEvent): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => handshakeNames.includes(name)));
