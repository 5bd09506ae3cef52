/** Headless Chromium on this machine, with pages from a folder, over loopback. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";
import type { Page } from "playwright-core";
import { browser } from "../../scripts/setup/browser.mjs";

/** Nothing of it reaches further than this machine. */
const FLAGS = [
  "--headless", "--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export interface Served {
  /** The page `index.html` of the folder. */
  readonly page: Page;
  readonly address: string;
  /** What the page wrote to its console, and errors that nothing caught. */
  readonly messages: readonly string[];
  close(): Promise<void>;
}

/** Why nothing can be tried on a page, or the folder's `index.html` in a browser that offers WebGPU. */
export async function openInChromium(folder: string): Promise<Served | string> {
  const found = browser();
  if (found === undefined) return "there is no Chromium (npm test says why it could not be fetched)";
  const server = createServer((request, response) => {
    const file = path.join(folder, path.normalize(new URL(request.url ?? "/", "http://localhost").pathname).replace(/\/$/, "/index.html"));
    if (!file.startsWith(folder) || !existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[path.extname(file)] ?? "application/octet-stream" }).end(readFileSync(file));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const profile = mkdtempSync(path.join(tmpdir(), "tfm-chromium-"));
  // The loader's variables are for Node's driver; Chromium brings its own.
  const { LD_LIBRARY_PATH: _, VK_DRIVER_FILES: __, ...inherited } = process.env as Record<string, string>;
  const env = { ...inherited, ...found.environment };
  const context = await chromium.launchPersistentContext(profile, { executablePath: found.executable, args: FLAGS, env, timeout: 180_000 });
  const page = context.pages()[0] ?? (await context.newPage());
  const messages: string[] = [];
  page.on("console", (message) => messages.push(message.text()));
  page.on("pageerror", (error) => messages.push(String(error)));
  const close = async (): Promise<void> => {
    await context.close();
    await new Promise((done) => server.close(done));
    rmSync(profile, { recursive: true, force: true });
  };
  await page.goto(address);
  const adapter = await page.evaluate("navigator.gpu?.requestAdapter().then((adapter) => adapter !== null) ?? false");
  if (adapter === true) return { page, address, messages, close };
  await close();
  return `${found.executable} offers no WebGPU adapter`;
}

const TYPES: Readonly<Record<string, string>> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".json": "application/json" };
