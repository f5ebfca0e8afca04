/**
 * Writes a recording as pcapng, with the secrets inside, for Wireshark and tshark.
 * @module
 */
import type { Direction } from "@handclasp/core";
import { concat, toHex } from "@handclasp/core/unstable";
import type { Recording } from "./recording.ts";

/**
 * Writes the records of a recording as a TCP connection to port 443, with a key log inside if the recording has the
 * master secret. Wireshark then shows the decrypted data. The TCP connection is made up, because the trace does not
 * contain the transport's packets: its addresses are from RFC 5737, and each packet has one record. The client's
 * address and port come from its random, so that a file into which you merge recordings has a connection for each.
 * @example
 * const file = new Blob([recordingToPcapng({ role: "client", events: [] })]);
 */
export function recordingToPcapng({ role, events }: Recording): Uint8Array<ArrayBuffer> {
  const blocks: Uint8Array[] = [sectionHeader(), interfaceDescription()];
  const keyLog = keyLogOf({ role, events });
  if (keyLog) blocks.push(decryptionSecrets(keyLog));
  const stream = new TcpStream(role === "client" ? "sent" : "received", clientOf(events));
  const packets = [...stream.open()];
  for (const event of events)
    if (event.type === "record") packets.push(stream.data(event.direction, event.header, event.fragment));
  packets.push(...stream.close());
  return concat(...blocks, ...packets.map(enhancedPacket));
}

/** The line of the NSS key log, or `undefined` without secrets. */
function keyLogOf({ events }: Recording): string | undefined {
  const agreed = events.find((event) => event.type === "agreed");
  const master = events.find((event) => event.type === "secret" && event.name === "master_secret");
  if (agreed?.type !== "agreed" || master?.type !== "secret") return undefined;
  return `CLIENT_RANDOM ${toHex(agreed.clientRandom)} ${toHex(master.bytes)}\n`;
}

interface Client {
  readonly address: Uint8Array;
  readonly port: number;
}

function clientOf(events: Recording["events"]): Client {
  const agreed = events.find((event) => event.type === "agreed");
  const [high = 0, middle = 0, low = 0] = agreed?.type === "agreed" ? agreed.clientRandom.subarray(-3) : [];
  const firstPort = 49_152; // of the dynamic ports, of which there are 2^14
  return {
    address: Uint8Array.of(192, 0, 2, 1 + (high % 254)),
    port: firstPort + (((middle << 8) | low) & 0x3fff),
  };
}

// The blocks of pcapng (draft-ietf-opsawg-pcapng), in little-endian order.

function block(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = concat(...parts);
  const padding = new Uint8Array(-body.length & 3);
  const length = 12 + body.length + padding.length;
  return concat(uint32(type), uint32(length), body, padding, uint32(length));
}

/** The byte-order magic, the version 1.0, and an unknown length. */
const sectionHeader = (): Uint8Array =>
  block(0x0a0d0d0a, uint32(0x1a2b3c4d), Uint8Array.of(1, 0, 0, 0), new Uint8Array(8).fill(0xff));
/** LINKTYPE_RAW (101): packets begin with the IP header. No limit of their length. */
const interfaceDescription = (): Uint8Array => block(1, Uint8Array.of(101, 0, 0, 0), uint32(0));
/** A TLS key log: "TLSK". */
const decryptionSecrets = (keyLog: string): Uint8Array => {
  const text = new TextEncoder().encode(keyLog);
  return block(10, uint32(0x544c534b), uint32(text.length), text);
};
/** A packet of interface 0. The packets are one millisecond apart. */
const enhancedPacket = (packet: Uint8Array, index: number): Uint8Array =>
  block(6, uint32(0), uint32(0), uint32(index * 1_000), uint32(packet.length), uint32(packet.length), packet);

// IPv4 and TCP, in big-endian order.

const flags = { fin: 0x11, syn: 0x02, synAck: 0x12, ack: 0x10, psh: 0x18 } as const;

class TcpStream {
  readonly #toServer: Direction;
  readonly #client: Client;
  readonly #next: Record<Direction, number> = { sent: 0, received: 0 };

  constructor(toServer: Direction, client: Client) {
    this.#toServer = toServer;
    this.#client = client;
  }

  *open(): Iterable<Uint8Array> {
    const [client, server] = this.#directions();
    yield this.#packet(client, flags.syn, 1);
    yield this.#packet(server, flags.synAck, 1);
    yield this.#packet(client, flags.ack, 0);
  }

  data(direction: Direction, ...parts: readonly Uint8Array[]): Uint8Array {
    const data = concat(...parts);
    return this.#packet(direction, flags.psh, data.length, data);
  }

  *close(): Iterable<Uint8Array> {
    const [client, server] = this.#directions();
    yield this.#packet(client, flags.fin, 1);
    yield this.#packet(server, flags.fin, 1);
    yield this.#packet(client, flags.ack, 0);
  }

  #directions(): readonly [Direction, Direction] {
    return this.#toServer === "sent" ? ["sent", "received"] : ["received", "sent"];
  }

  /** @param length the part of the sequence space that the packet takes */
  #packet(direction: Direction, flag: number, length: number, data: Uint8Array = new Uint8Array(0)): Uint8Array {
    const other: Direction = direction === "sent" ? "received" : "sent";
    const isToServer = direction === this.#toServer;
    const { address, port: clientPort } = this.#client;
    const [from, to] = isToServer ? [address, serverAddress] : [serverAddress, address];
    const [sourcePort, port] = isToServer ? [clientPort, serverPort] : [serverPort, clientPort];
    const acknowledged = flag === flags.syn ? 0 : this.#next[other];
    const tcp = Uint8Array.of(
      ...big16(sourcePort),
      ...big16(port),
      ...big32(this.#next[direction]),
      ...big32(acknowledged),
      5 << 4, // the length of the header, in words
      flag,
      ...big16(0xffff), // the window
      ...big16(0), // the checksum, which is added below
      ...big16(0),
    );
    this.#next[direction] += length;
    const segment = concat(tcp, data);
    const pseudoHeader = concat(from, to, Uint8Array.of(0, tcpProtocol, ...big16(segment.length)));
    segment.set(big16(checksum(concat(pseudoHeader, segment))), 16);
    const ip = Uint8Array.of(
      0x45,
      0,
      ...big16(20 + segment.length),
      0,
      0,
      0x40, // do not fragment
      0,
      64,
      tcpProtocol,
      0,
      0,
      ...from,
      ...to,
    );
    ip.set(big16(checksum(ip)), 10);
    return concat(ip, segment);
  }
}

const tcpProtocol = 6;
const serverAddress = Uint8Array.of(198, 51, 100, 1);
const serverPort = 443;

/** The Internet checksum, RFC 1071. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const big16 = (value: number): [number, number] => [(value >> 8) & 0xff, value & 0xff];
const big32 = (value: number): [number, number, number, number] => [
  (value >>> 24) & 0xff,
  (value >>> 16) & 0xff,
  (value >>> 8) & 0xff,
  value & 0xff,
];

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
