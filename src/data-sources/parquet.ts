import zlib from "node:zlib";
import { parquetMetadata, parquetReadObjects, parquetSchema } from "hyparquet";
import type { Compressors } from "hyparquet";
import type { Result } from "../failure.ts";
import { readBytes } from "../files.ts";
import { wrong } from "./source.ts";

/** The rows of a Parquet file: of each the values of the wanted columns. Columns of which a file has none are a failure of the whole file. */
export async function parquetRows(file: string, columns: readonly string[]): Promise<Result<readonly Readonly<Record<string, unknown>>[]>> {
  const bytes = readBytes(file);
  if (!bytes.ok) return bytes;
  // A copy: what is read of a file may lie within a larger buffer, and hyparquet takes a whole one.
  const buffer = Uint8Array.from(bytes.value).buffer;
  try {
    const metadata = parquetMetadata(buffer);
    const there = parquetSchema(metadata).children.map(({ element }) => element.name);
    const missing = columns.find((column) => !there.includes(column));
    if (missing !== undefined) return wrong("data-columns", `${file} has no column \`${missing}\`; it has ${there.join(", ")}`, `name its columns in the recipe's data, or write ${columns.join(", ")}`);
    return { ok: true, value: await parquetReadObjects({ file: buffer, metadata, columns: [...columns], compressors: COMPRESSORS }) };
  } catch (error) {
    return wrong("data-not-parquet", `${file} cannot be read as Parquet: ${error instanceof Error ? error.message : String(error)}`, "write it anew, uncompressed or packed by Snappy, gzip or Brotli");
  }
}

/** Node 22.15 has Zstandard as well. */
const zstd = (zlib as { readonly zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array }).zstdDecompressSync;

/** Beside Snappy, which hyparquet knows. */
const COMPRESSORS: Compressors = {
  GZIP: (bytes) => zlib.gunzipSync(bytes),
  BROTLI: (bytes) => zlib.brotliDecompressSync(bytes),
  ...(zstd === undefined ? {} : { ZSTD: (bytes: Uint8Array) => zstd(bytes) }),
};
