/**
 * The options of a server after a reload, as `ReloadOptions` describes them.
 * @module
 */

const clientOptions = [
  "clientAuth",
  "ca",
  "pins",
  "trust",
  "verify",
  "insecure",
  "minimumRsaBits",
  "minimumEcBits",
  "certificateAuthorities",
];
const ticketOptions = ["tickets", "ticketKeys"];

/**
 * If one option of a group is given, the others of the group are gone. Like checked options, the result has no
 * prototype.
 */
export function optionsWith<T extends object>(options: T, changes: object): T {
  const changed = Object.assign(Object.create(null), options) as Record<string, unknown>;
  for (const group of [clientOptions, ticketOptions])
    if (group.some((option) => option in changes)) for (const option of group) delete changed[option];
  return Object.assign(changed, changes) as T;
}

/** Expects checked options. */
export const changesTickets = (changes: object): boolean => ticketOptions.some((option) => option in changes);
