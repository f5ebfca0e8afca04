/** The refusal of a request for a certificate, whose message the client may know. */
export class Refusal extends Error {}
