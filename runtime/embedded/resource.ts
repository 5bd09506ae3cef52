/** What a web page or a program has in hand when it loads a model: bytes, a response, a file, an address. */
import { decodeUtf8 } from "../text/utf8.ts";
import { notBytes, unreachable } from "./errors.ts";

/** Bytes; a Response, Blob or File; the address of one of them; a promise of any. */
export type Resource = Ready | PromiseLike<Ready>;
type Ready = ArrayBuffer | ArrayBufferView | HasBytes | Address | string;

interface HasBytes {
  arrayBuffer(): Promise<ArrayBuffer>;
}
/** A URL. */
interface Address {
  readonly href: string;
}

/** `what` names it in errors: "weights". Throws TfmError `resource-unreachable` or `resource-type`. */
export async function bytesOf(given: Resource, what: string): Promise<Uint8Array> {
  const resource = await given;
  if (typeof resource === "string") return fetched(resource, what);
  if (typeof resource !== "object" || resource === null) throw notBytes(what, String(resource));
  if (ArrayBuffer.isView(resource)) return new Uint8Array(resource.buffer, resource.byteOffset, resource.byteLength);
  // Not `instanceof`: it may come from another realm, and not every runtime has all of these classes.
  if ("arrayBuffer" in resource) return responseBytes(resource, what, "url" in resource && resource.url !== "" ? String(resource.url) : "its response");
  if ("href" in resource) return fetched(resource.href, what);
  if (Object.prototype.toString.call(resource) === "[object ArrayBuffer]") return new Uint8Array(resource as ArrayBuffer);
  throw notBytes(what, Object.prototype.toString.call(resource).slice(8, -1));
}

/** The same for text, which may also be given itself, or as the object that its JSON stands for. */
export async function jsonTextOf(given: Resource | object, what: string): Promise<string> {
  const resource: unknown = await given;
  if (typeof resource === "string" && resource.trimStart().startsWith("{")) return resource;
  if (typeof resource === "object" && resource !== null && Object.getPrototypeOf(resource) === Object.prototype) return JSON.stringify(resource);
  return decodeUtf8(await bytesOf(resource as Resource, what));
}

async function fetched(address: string, what: string): Promise<Uint8Array> {
  let response: Awaited<ReturnType<typeof fetch>>;
  try {
    response = await fetch(address);
  } catch (error) {
    throw unreachable(what, address, reasonOf(error));
  }
  return responseBytes(response, what, address);
}

async function responseBytes(response: HasBytes, what: string, address: string): Promise<Uint8Array> {
  // A server's page saying "not found" is no file.
  if ("ok" in response && response.ok === false) throw unreachable(what, address, `status ${"status" in response ? String(response.status) : "unknown"}`);
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw unreachable(what, address, reasonOf(error));
  }
}

/** Node's fetch hides the reason in the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as { readonly message?: unknown; readonly cause?: unknown };
  const inner = typeof cause === "object" && cause !== null && "message" in cause ? cause.message : undefined;
  return String(inner ?? message ?? error);
}
