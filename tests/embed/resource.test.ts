import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bytesOf, jsonTextOf } from "../../runtime/embedded/resource.ts";
import type { Resource } from "../../runtime/embedded/resource.ts";

let server: Server;
let address = "";
beforeAll(async () => {
  server = createServer((request, response) => {
    const found = request.url === "/file";
    response.writeHead(found ? 200 : 404).end(found ? "abc" : "<html>nothing here</html>");
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((done) => server.close(done)));

const abc = Uint8Array.of(97, 98, 99);

it.each<readonly [string, () => Resource]>([
  ["an ArrayBuffer", () => abc.slice().buffer],
  ["a view into a larger buffer", () => Uint8Array.of(0, 97, 98, 99, 0).subarray(1, 4)],
  ["a view of another type", () => new DataView(abc.slice().buffer)],
  ["Node's Buffer", () => Buffer.from("abc")],
  ["a Blob", () => new Blob(["abc"])],
  ["a Response", () => new Response("abc")],
  ["a promise of a response", () => fetch(`${address}/file`)],
  ["an address", () => `${address}/file`],
  ["a URL", () => new URL(`${address}/file`)],
])("%s gives its bytes", async (_, resource) => {
  expect(Array.from(await bytesOf(resource(), "weights"))).toEqual(Array.from(abc));
});

it.each<readonly [string, () => unknown, string]>([
  ["an address with nothing there", () => `${address}/other`, "resource-unreachable"],
  ["a response that says so", () => fetch(`${address}/other`), "resource-unreachable"],
  ["an address without a server", () => new URL("http://127.0.0.1:9/"), "resource-unreachable"],
  ["a file's address, which Node does not fetch", () => new URL("file:///tmp/model.safetensors"), "resource-unreachable"],
  ["a path", () => "runs/model.safetensors", "resource-unreachable"],
  ["undefined", () => undefined, "resource-type"],
  ["a number", () => 3, "resource-type"],
  ["an object without bytes", () => ({}), "resource-type"],
])("%s is told as such", async (_, resource, code) => {
  await expect(bytesOf(resource() as Resource, "weights")).rejects.toMatchObject({ code, message: expect.stringContaining("The weights") });
});

it("a tokenizer may also be its text or its content", async () => {
  expect(await jsonTextOf(' {"a": 1}', "tokenizer")).toBe(' {"a": 1}');
  expect(JSON.parse(await jsonTextOf({ a: 1 }, "tokenizer"))).toEqual({ a: 1 });
  expect(await jsonTextOf(Buffer.from('{"a": 1}'), "tokenizer")).toBe('{"a": 1}');
  expect(await jsonTextOf(`${address}/file`, "tokenizer")).toBe("abc");
});
