/**
 * The short form of `pnpm hostile`: raw clients and servers against a victim in a process of its own. It judges by counts
 * (connections, handlers and sockets left, bytes held, rejections), never by how long something took.
 */
import { describe, expect, test } from "vitest";
import { carryOut, type Finding, makeMaterial } from "../../src/hostile/attack.ts";
import { attacks } from "../../src/hostile/attacks/all.ts";

const material = await makeMaterial();

const exceeds = ({ kind, got, most }: Finding): boolean => kind === "count" && !(got <= most);
const show = ({ what, got, most }: Finding): string => `${what}: ${got}, at most ${most}`;

describe.each(Object.entries(attacks))("%s", (_, all) => {
  test.each(all.filter(({ long }) => !long))("$name", async (attack) => {
    const { findings, broke } = await carryOut(attack, material, true);
    expect({ exceeded: findings.filter(exceeds).map(show), broke }).toEqual({ exceeded: [], broke: undefined });
    // An attack that looked at nothing would pass as well.
    expect(findings.length).toBeGreaterThan(2);
  });
});
