/**
 * Makes a text that the peer chose safe for a log: replaces control characters, and cuts the text to `length`
 * characters.
 */
export const printable = (text: string, length: number): string => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are replaced
  const clean = text.slice(0, length + 1).replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, "\ufffd");
  return clean.length > length ? `${clean.slice(0, length)}…` : clean;
};
