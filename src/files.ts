import { constants } from "node:buffer";
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, readSync, readdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import type { Stats } from "node:fs";
import path from "node:path";
import { exitCodes } from "./exit-codes.ts";
import type { Failure, Result } from "./failure.ts";

/** In bytes. */
const PIECE = 2 ** 30;

/** The bytes of a file that the user named. */
export function readBytes(file: string): Result<Uint8Array> {
  return bytesOf(file, file);
}

/** The text of a UTF-8 file that the user named, without a byte order mark. */
export function readText(file: string): Result<string> {
  return decoded(file, readBytes(file));
}

/** The same of all that comes in on stdin; waits for its end. */
export function readStdin(): Result<string> {
  return decoded("stdin", bytesOf("stdin", 0));
}

function bytesOf(name: string, file: string | number): Result<Uint8Array> {
  try {
    const size = typeof file === "string" ? statSync(file).size : 0;
    return { ok: true, value: typeof file === "string" && size > PIECE ? readInPieces(file, size, PIECE) : readFileSync(file) };
  } catch (error) {
    return { ok: false, failure: unreadable(name, error) };
  }
}

/** As many bytes as a file has, of one that has more than Node reads at once; for weights, which grow beyond the 2 GiB of `readFileSync`. */
export function readInPieces(file: string, size: number, piece: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const from = openSync(file, "r");
  try {
    let at = 0, read = 1;
    while (at < size && read > 0) at += read = readSync(from, bytes, at, Math.min(piece, size - at), at);
    return bytes.subarray(0, at);
  } finally {
    closeSync(from);
  }
}

function decoded(name: string, bytes: Result<Uint8Array>): Result<string> {
  if (!bytes.ok) return bytes;
  try {
    return { ok: true, value: new TextDecoder("utf-8", { fatal: true }).decode(bytes.value) };
  } catch {
    return { ok: false, failure: bytes.value.length > constants.MAX_STRING_LENGTH ? tooLong(name) : isGzip(bytes.value) ? packed(name) : notUtf8(name, bytes.value) };
  }
}

/**
 * Writes a file so that at every moment, whatever ends the process or the machine, either the old content or the whole new one is there:
 * a temporary file beside it, synced, renamed over it, and the folder synced. Missing folders are made; a link keeps pointing to
 * the file, and the file keeps its permissions. Into a pipe or a device (`/dev/stdout`) it is written as it is.
 */
export function writeAtomically(file: string, content: string | Uint8Array): Result<undefined> {
  return writeTogether([[file, content]]);
}

/**
 * The same for files that belong together: all are written before the first takes its place, so that a full disk leaves all as they were.
 * `ready` is called in between.
 */
export function writeTogether(files: Iterable<readonly [file: string, content: string | Uint8Array]>, ready: () => void = () => {}): Result<undefined> {
  const staged: Staged[] = [];
  const poured: (readonly [file: string, content: string | Uint8Array])[] = [];
  let at = "";
  try {
    for (const [file, content] of files) {
      if (isStream((at = file))) {
        poured.push([file, content]);
        continue;
      }
      const place = placeOf(file);
      staged.push(place);
      stage(place, content);
    }
    ready();
    for (const { file, temporary, target } of staged) {
      at = file;
      renameSync(temporary, target);
      syncFolder(path.dirname(target));
    }
    for (const [file, content] of poured) writeFileSync((at = file), content);
    return { ok: true, value: undefined };
  } catch (error) {
    for (const { temporary } of staged) removeQuietly(temporary);
    return { ok: false, failure: unwritable(at, error) };
  }
}

interface Staged {
  readonly file: string;
  readonly target: string;
  readonly temporary: string;
  /** Of the file that is there. */
  readonly mode: number | undefined;
}

function placeOf(file: string): Staged {
  const existing = statOf(file);
  const target = existing === undefined ? file : realpathSync(file);
  return { file, target, temporary: path.join(path.dirname(target), `.${path.basename(target)}.${process.pid}.tmp`), mode: existing === undefined ? undefined : existing.mode & 0o777 };
}

function stage({ target, temporary, mode = 0o666 }: Staged, content: string | Uint8Array): void {
  const folder = path.dirname(target);
  makeFolders(folder);
  removeAbandoned(folder, path.basename(target));
  const descriptor = openSync(temporary, "w", mode);
  try {
    writeWhole(descriptor, typeof content === "string" ? Buffer.from(content) : content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Makes a folder that may be there already, and those above it that are missing. Throws Node's error. Node's own `recursive` never ends
 * where the system denies a new folder with the words that one above it is missing, as /proc does.
 */
export function makeFolders(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    const above = path.dirname(folder);
    if (isFolder(folder)) return;
    if (codeOf(error) !== "ENOENT" || isFolder(above)) throw error;
    makeFolders(above);
    makeFolders(folder);
  }
}

const isFolder = (place: string): boolean => statOf(place)?.isDirectory() === true;

/** Whether it is a pipe or a device: what is renamed over such a one is a file in its place, which nobody reads. */
function isStream(file: string): boolean {
  const existing = statOf(file);
  return existing !== undefined && !existing.isFile() && !existing.isDirectory();
}

/** Undefined for a file that is not there or not to be reached; the write then says why. */
function statOf(file: string): Stats | undefined {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}

/** What cannot be removed was most likely never made; the failure to report is another. */
function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    return;
  }
}

/** Temporary files of this file whose process was killed while it wrote. */
function removeAbandoned(folder: string, name: string): void {
  for (const entry of readdirSync(folder)) {
    if (!entry.startsWith(`.${name}.`)) continue;
    const writer = /^(\d+)\.tmp$/.exec(entry.slice(name.length + 2))?.[1];
    if (writer !== undefined && !isAlive(Number(writer))) removeQuietly(path.join(folder, entry));
  }
}

/** Whether there is such a process on this machine. */
export function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

/** One write may take only a part. */
function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
}

/** Makes the rename itself durable. Windows can neither open nor sync a folder. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function unreadable(file: string, error: unknown): Failure {
  const reason = codeOf(error);
  if (reason === "ENOENT") return { code: "file-missing", exit: exitCodes.wrong, message: `${file}: there is no such file`, remedy: "check the path" };
  if (reason === "EISDIR") return { code: "file-is-folder", exit: exitCodes.wrong, message: `${file} is a folder, not a file` };
  if (reason === "EACCES") return { code: "file-not-readable", exit: exitCodes.wrong, message: `${file}: no permission to read it` };
  if (error instanceof RangeError) return { code: "file-too-long", exit: exitCodes.wrong, message: `${file} is larger than what Node can hold of a file`, remedy: "give it in several files; weights with the index that names them, as Hugging Face's `save_pretrained(…, max_shard_size=\"2GB\")` writes them" };
  return { code: "file-not-readable", exit: exitCodes.wrong, message: `${file} could not be read: ${textOf(error)}` };
}

function unwritable(file: string, error: unknown): Failure {
  const reason = codeOf(error);
  const cause =
    reason === "ENOSPC" ? "the disk is full" : reason === "EACCES" || reason === "EPERM" || reason === "EROFS" ? "no permission to write there" : textOf(error);
  return { code: "file-not-writable", exit: exitCodes.wrong, message: `${file} could not be written: ${cause}` };
}

function tooLong(file: string): Failure {
  const message = `${file}: a text may have at most ${constants.MAX_STRING_LENGTH.toLocaleString("en")} characters in Node`;
  return { code: "file-too-long", exit: exitCodes.wrong, message, remedy: "give a part of it, or a Parquet file with a document in each row" };
}

/** By the two bytes that gzip begins with, which no UTF-8 text has. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function packed(file: string): Failure {
  return { code: "file-packed", exit: exitCodes.wrong, message: `${file} is packed by gzip, not a text`, remedy: "unpack it, with gunzip for instance" };
}

function notUtf8(file: string, bytes: Uint8Array): Failure {
  const { line, offset } = firstInvalid(bytes);
  const message = `${file}:${line}: not UTF-8 (byte 0x${(bytes[offset] ?? 0).toString(16).padStart(2, "0")} at offset ${offset})`;
  return { code: "file-not-utf8", exit: exitCodes.wrong, message, remedy: "save it as UTF-8, or convert it, for instance with iconv" };
}

/** Where the first sequence stands that is not UTF-8: the line, counted from 1, and the offset of its first byte. */
function firstInvalid(bytes: Uint8Array): { readonly line: number; readonly offset: number } {
  const decodes = (end: number): boolean => {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, end), { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  // The longest prefix that decodes, apart from a sequence cut off at its end.
  let low = 0;
  let high = bytes.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (decodes(middle)) low = middle;
    else high = middle - 1;
  }
  // Step back over the lead byte and continuations of a sequence that the next byte breaks off.
  let offset = low;
  for (let back = 1; back <= 3 && offset === low && low - back >= 0; back++) {
    const byte = bytes[low - back] ?? 0;
    if (byte >= 0xc0 && sequenceLength(byte) > back) offset = low - back;
    if (byte < 0x80 || byte >= 0xc0) break;
  }
  let line = 1;
  for (let i = 0; i < offset; i++) if (bytes[i] === 10) line++;
  return { line, offset };
}

const sequenceLength = (lead: number): number => (lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2);

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
