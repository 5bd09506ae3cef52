/**
 * The names that browsers and Node share and that runtime/ uses: the project has neither the DOM's types nor Node's, so
 * that nothing else can be reached by accident, and WebGPU's types are written over a few of the DOM's.
 */
interface Event {
  readonly type: string;
  preventDefault(): void;
}
type EventListenerOrEventListenerObject = (event: Event) => void;
interface AddEventListenerOptions {
  readonly once?: boolean;
}
interface EventListenerOptions {
  readonly capture?: boolean;
}
interface EventInit {
  readonly cancelable?: boolean;
}
interface EventTarget {
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | EventListenerOptions): void;
}
interface AbortSignal {
  throwIfAborted(): void;
}
interface DOMException extends Error {
  readonly code: number;
}
type BufferSource = ArrayBufferView | ArrayBuffer;

interface Navigator {
  readonly gpu: GPU;
}
declare const navigator: Navigator | undefined;

declare const performance: { now(): number };
declare function setTimeout(callback: () => void, milliseconds: number): unknown;
declare function setInterval(callback: () => void, milliseconds: number): unknown;
declare function clearInterval(timer: unknown): void;

declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: "utf-8", options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean });
  decode(bytes?: BufferSource): string;
}

interface FetchedResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly url: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}
declare function fetch(address: string): Promise<FetchedResponse>;
