/**
 * Colours of a terminal.
 * @module
 */
import { styleText } from "node:util";

/** Formats a text, or returns it as it is. */
export type Style = (format: "red" | "green" | "bold" | "dim" | "cyan", text: string) => string;

export const plainStyle: Style = (_, text) => text;

/** Colours for a terminal that has them, unless the environment has NO_COLOR (https://no-color.org). */
export const styleOf = (stream: NodeJS.WriteStream): Style =>
  stream.isTTY && stream.hasColors()
    ? (format, text) => styleText(format, text, { validateStream: false })
    : plainStyle;
