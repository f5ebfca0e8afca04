/**
 * The short form of `pnpm hostile`: raw clients and servers against a victim in a separate process. It checks only
 * counts (remaining connections, handlers and sockets, bytes of memory, rejections), never durations.
 */
import { describe, expect, test } from "vitest";
import { type Finding, makeMaterial, runAttack } from "../../src/hostile/attack.ts";
import { attacks } from "../../src/hostile/attacks/all.ts";

const material = await makeMaterial();

const exceeds = ({ kind, got, most }: Finding): boolean => kind === "count" && !(got <= most);
const show = ({ what, got, most }: Finding): string => `${what}: ${got}, at most ${most}`;

describe.each(Object.entries(attacks))("%s", (_, all) => {
  test.each(all.filter(({ long }) => !long))("$name", async (attack) => {
    const { findings, failure } = await runAttack(attack, material, true);
    expect({ exceeded: findings.filter(exceeds).map(show), failure }).toEqual({ exceeded: [], failure: undefined });
    // Otherwise an attack without checks would pass.
    expect(findings.length).toBeGreaterThan(2);
  });
});
