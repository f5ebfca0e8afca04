/**
 * The process of the attacker: one address that sends all it can, at fixed rates.
 * @module
 */
import { createPrivateKey, randomBytes } from "node:crypto";
import { RawTls, type RawTlsOptions, type Step, types } from "../hostile/rawTls.ts";
import { dial, transports } from "../hostile/wire.ts";
import type { FloodRates, LoadReport, LoadSetup } from "./protocol.ts";

/** The number of 1-byte ChaCha20-Poly1305 records in a message of 1 MB. */
const recordsInMessage = Math.floor(1e6 / 22);
/** The number of connections that carry messages. */
const carriers = 5;
/** How often events that are due begin, in milliseconds. */
const interval = 10;
/** How long the report waits for the first refusal, in milliseconds. */
const patience = 60_000;

const counts = {
  halfOpen: { begun: 0, refused: 0 },
  handshakes: { begun: 0, refused: 0 },
  messages: { begun: 0, refused: 0 },
  bombs: { begun: 0, refused: 0 },
};

async function run(setup: LoadSetup): Promise<void> {
  const { ports, address, seconds, rates } = setup;
  const key = createPrivateKey(setup.key);
  const chains = setup.chains.map((chain) => chain.map((one) => Buffer.from(one, "base64")));
  let dialled = 0;

  /** Runs a handshake up to a step, alternately over TCP and WebSocket. */
  async function shakeHands(until: Step, options: RawTlsOptions = {}): Promise<RawTls> {
    const transport = transports[dialled++ % transports.length] as (typeof transports)[number];
    const tls = new RawTls(await dial(transport, ports[transport], address), options);
    for await (const step of tls.client()) if (step === until) break;
    return tls;
  }

  // Sealing takes as long as opening, so the messages are made before the attack.
  const perCarrier = Math.ceil((rates.messages * seconds) / carriers);
  const messages: { tls: RawTls; message: Buffer }[] = [];
  for (let i = 0; rates.messages && i < carriers; i++) {
    const tls = await shakeHands("open");
    tls.wire.socket.resume();
    for (let j = 0; j < perCarrier; j++)
      messages[i + j * carriers] = {
        tls,
        message: tls.records(types.applicationData, randomBytes(recordsInMessage), 1),
      };
  }

  const events: Readonly<Record<keyof FloodRates, () => Promise<void>>> = {
    // The server ends the connection.
    halfOpen: async () => void (await shakeHands("ClientHello")),
    async handshakes() {
      const tls = await shakeHands("open");
      tls.wire.reset();
    },
    async messages() {
      const next = messages.shift();
      next?.tls.wire.write(next.message);
    },
    async bombs() {
      const chain = chains[counts.bombs.begun % chains.length] as Buffer[];
      const tls = await shakeHands("Finished", { chain, key });
      await tls.wire.read();
      tls.wire.reset();
    },
  };
  process.send?.("ready");
  await new Promise((resolve) => process.once("message", resolve));
  const start = performance.now();
  const timer = setInterval(() => {
    const elapsed = performance.now() - start;
    if (elapsed > seconds * 1_000) {
      // A slow server refuses later. A flood of which it refuses nothing is a finding.
      if (rates.halfOpen && !counts.halfOpen.refused && elapsed < seconds * 1_000 + patience) return;
      clearInterval(timer);
      const report: LoadReport = counts;
      process.send?.(report);
      return;
    }
    for (const name of Object.keys(events) as (keyof FloodRates)[])
      for (const count = counts[name]; count.begun < (elapsed / 1_000) * rates[name]; ) {
        count.begun++;
        events[name]().catch(() => count.refused++);
      }
  }, interval);
}

process.once("message", (setup: LoadSetup) => void run(setup));
process.on("disconnect", () => process.exit());
