export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** An object of which nothing else is known. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
