/** A field, or the length of a field, and its bytes. */
export interface Field {
  /**
   * The path from the message or certificate, with the names of the trace: `extensions[2].data`. The header of a
   * message has the paths `msg_type` and `length`.
   */
  readonly path: string;
  /** True for the bytes that contain the field's length. */
  readonly isLength: boolean;
  /** The index of the first byte in the message. */
  readonly start: number;
  /** The index after the last byte. */
  readonly end: number;
  /** The RFC and the section that define the field, such as `RFC 5246 §7.4.1.2`. */
  readonly section: string;
  /** The value in readable form, for numbers and texts. */
  readonly value?: string;
}
