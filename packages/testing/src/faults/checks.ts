/**
 * Checks the options of the fault proxy.
 * @module
 */
import { configurationError } from "@handclasp/core/unstable";
import { checkedOptions, type OptionTable } from "../options.ts";
import type { Fault, FaultProxyOptions } from "./fault.ts";

const place: OptionTable = {
  kind: ["string!", "the kind of the fault"],
  from: ["=client|=server!", '"client" or "server"'],
  after: ["0~9007199254740991", "a whole number of bytes"],
};
const ms: OptionTable = { ms: ["0~2147483647!", "milliseconds"] };
const length: OptionTable = { length: ["1~2147483647!", "a whole number of bytes"] };

/** The options of each kind of fault. */
const kinds: Readonly<Record<Fault["kind"], OptionTable>> = {
  delay: { ...place, ...ms },
  stall: place,
  drop: { ...place, ...length },
  truncate: place,
  halfOpen: place,
  reset: place,
  flip: place,
  duplicate: place,
  reorder: place,
  split: place,
  slow: { ...place, ...ms },
  close: { ...place, code: ["1000~4999!", "the code of a Close frame"] },
  text: place,
  giant: { ...place, ...length },
};

const proxyOptions: OptionTable = {
  target: ["1~65535!", "the port of the server"],
  transport: ["=tcp|=ws!", '"tcp" or "ws"'],
  fault: ["object", 'a fault, such as { kind: "reset", from: "server", after: 1000 }'],
};

export function checkedProxyOptions(options: FaultProxyOptions): FaultProxyOptions {
  const { fault, ...rest } = checkedOptions(options, proxyOptions);
  return { ...rest, ...(fault && { fault: checkedFault(fault) }) };
}

export function checkedFault(fault: Fault): Fault {
  const { kind } = Object(fault) as { kind?: Fault["kind"] };
  if (kind !== undefined && !Object.hasOwn(kinds, kind))
    throw configurationError("fault.kind: unknown", `give one of ${Object.keys(kinds).join(", ")}`);
  return checkedOptions(fault, kind ? kinds[kind] : place, "fault.");
}
