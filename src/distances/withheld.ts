/** A number that is not given, because it would say nothing. */
export interface Withheld {
  /** Why there is none. */
  readonly none: string;
}
