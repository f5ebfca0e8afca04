/** The adapters to prom-client and OpenTelemetry: a page that is scraped during a flood agrees with the flood. */
import { createServer as createHttp } from "node:http";
import { connect as connectSocket, type Socket } from "node:net";
import {
  connect,
  createServer,
  keepSessions,
  nodeCredential,
  type ServerOptions,
  type TlsConnection,
  tcpTransport,
} from "@handclasp/node";
import { openTelemetryMetrics } from "@handclasp/node/opentelemetry";
import { prometheusMetrics } from "@handclasp/node/prometheus";
import { testCa } from "@handclasp/testing";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import client, { type Registry } from "prom-client";
import { expect, onTestFinished, test, vi } from "vitest";

const ca = await testCa();
const otherCa = await testCa();
const credentials = nodeCredential(await ca.issue({ names: ["localhost"] }));
const echo = (channel: TlsConnection): Promise<void> => channel.readable.pipeTo(channel.writable);
const patience = { timeout: 60_000, interval: 10 };

async function serving(options: Partial<ServerOptions>) {
  const server = createServer({ credentials, onError: () => {}, ...options }, echo);
  onTestFinished(async () => void (await server.close({ grace: 0 })));
  const { port } = (await server.listenTcp()).address() as { port: number };
  return { server, port };
}

function socketTo(port: number): Socket {
  const socket = connectSocket(port, "localhost").on("error", () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** A page of metrics at a port of its own, and its values by their names with labels. */
async function pageOf(register: Registry): Promise<() => Promise<ReadonlyMap<string, number>>> {
  const http = createHttp((_, response) => {
    register.metrics().then(
      (page) => response.end(page),
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => http.listen(0, "localhost", resolve));
  onTestFinished(() => http.close().closeAllConnections());
  const { port } = http.address() as { port: number };
  return async () => {
    const lines = (await (await fetch(`http://localhost:${port}/`)).text()).split("\n");
    return new Map(
      lines
        .filter((line) => line && !line.startsWith("#"))
        .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
    );
  };
}

test("the page of Prometheus agrees with a flood of good, bad and half-open connections", async () => {
  const register = new client.Registry();
  const { port } = await serving({
    observe: prometheusMetrics({ client, register }),
    admission: { maxHandshakes: 8, perAddress: false },
  });
  const scrape = await pageOf(register);
  const at = (page: ReadonlyMap<string, number>, pattern: RegExp): number =>
    [...page].reduce((sum, [name, value]) => sum + (pattern.test(name) ? value : 0), 0);
  const expectAt = (pattern: RegExp, value: number): Promise<void> =>
    vi.waitFor(async () => expect(at(await scrape(), pattern), String(pattern)).toBe(value), patience);

  const open = (trusted = ca.pem, sessions = keepSessions()) =>
    connect(tcpTransport(socketTo(port)), { ca: trusted, serverName: "localhost", sessions });
  // Half-open connections fill the limit, so that three more are refused.
  const halfOpen = Array.from({ length: 8 }, () => socketTo(port));
  await expectAt(/^handclasp_connections\{state="handshaking"\}/, 8);
  for (let i = 0; i < 3; i++) await new Promise((resolve) => socketTo(port).resume().once("close", resolve));
  await expectAt(/^handclasp_refused_connections_total\{of="server",limit="maxHandshakes"\}/, 3);
  for (const socket of halfOpen) socket.destroy();
  await expectAt(/^handclasp_handshakes_total\{outcome="failed"/, 8);

  const sessions = keepSessions();
  const channels: TlsConnection[] = [];
  for (let i = 0; i < 5; i++) channels.push(await open(ca.pem, sessions));
  for (let i = 0; i < 4; i++) await expect(open(otherCa.pem)).rejects.toThrow();
  const garbage = Array.from({ length: 6 }, () => socketTo(port));
  for (const socket of garbage) socket.resume().write("GET / HTTP/1.1\r\n\r\n");
  await expectAt(/^handclasp_handshakes_total\{outcome="failed",code="unknown_ca"/, 4);
  await expectAt(/^handclasp_handshakes_total\{outcome="failed"/, 8 + 4 + 6);
  await expectAt(/^handclasp_handshakes_total\{outcome="established".*resumed="false"/, 1);
  await expectAt(/^handclasp_handshakes_total\{outcome="established".*resumed="true"/, 4);
  await expectAt(/^handclasp_connections\{state="open"\}/, 5);
  await expectAt(/^handclasp_alerts_total\{direction="received",level="fatal",description="unknown_ca"\}/, 4);
  await expectAt(/^handclasp_handshake_duration_seconds_count/, 5 + 8 + 4 + 6);

  const sentBefore = at(await scrape(), /^handclasp_bytes_total\{direction="received"\}/);
  for (const channel of channels) {
    await channel.write(new Uint8Array(10_000));
    for (let received = 0; received < 10_000; ) received += ((await channel.read()) as Uint8Array).length;
  }
  // The server has received all bytes that the clients have sent, and the connections of the flood have sent no more.
  const received = at(await scrape(), /^handclasp_bytes_total\{direction="received"\}/) - sentBefore;
  expect(received).toBe(5 * (10_000 + 5 + 24));
  expect(at(await scrape(), /^handclasp_fewest_records_left/)).toBeLessThan(2 ** 24.5);
  for (const channel of channels) await channel.close();
  await expectAt(/^handclasp_closed_connections_total\{code=""\}/, 5);
  await expectAt(/^handclasp_connections\{/, 0);
  expect([...(await scrape()).keys()].join()).not.toContain("fewest_records_left");
});

test("OpenTelemetry gets the same figures", async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => provider.shutdown());
  const { server, port } = await serving({ observe: openTelemetryMetrics(provider.getMeter("handclasp")) });
  const channel = await connect(`tcp://localhost:${port}`, { ca: ca.pem });
  await expect(connect(`tcp://localhost:${port}`, { ca: otherCa.pem })).rejects.toThrow();
  await vi.waitFor(() => expect(server.connections.size).toBe(1), patience);
  await provider.forceFlush();
  const points = (name: string) =>
    exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints }) => dataPoints as readonly { attributes: object; value: unknown }[]);
  expect(points("handclasp.handshake.duration")).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        attributes: expect.objectContaining({ "tls.established": true, "tls.cipher": channel.session.suite }),
        value: expect.objectContaining({ count: 1 }),
      }),
      expect.objectContaining({ attributes: expect.objectContaining({ "error.type": "unknown_ca" }) }),
    ]),
  );
  expect(points("handclasp.connections")).toContainEqual(
    expect.objectContaining({ attributes: { "handclasp.connection.state": "open" }, value: 1 }),
  );
  // No label is one that a client chooses.
  expect(JSON.stringify(points("handclasp.handshake.duration"))).not.toMatch(/localhost|127\.0\.0\.1|::1/);
  await channel.close();
});
