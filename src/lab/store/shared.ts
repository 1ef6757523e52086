/** Apart from the database itself, whose library a run without an index would load for nothing. */

/** The URL of the store that a team shares, if one is set. */
export const sharedStore = (): string | undefined => process.env.PUSHFORWARD_STORE || undefined;
