import { allocate } from "./bytes.ts";

/**
 * Deterministic CBOR (RFC 8949 section 4.2.1) for shapes that are known in advance: unsigned integers, byte strings,
 * ASCII text, arrays, and maps whose keys are ascending small integers. This is the hot path of every node; a general
 * encoder costs about 140 us per request here, this one about 3. It is held against `cbor2` in the tests.
 *
 * What always holds: whatever `Reader` accepts, `Writer` writes back byte for byte. There is one encoding per value.
 */

const UINT = 0;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const NULL = 0xf6;

/** Why bytes were refused; stable, and safe to show: it never quotes the input. */
export class NotCanonical extends Error {
  override readonly name = "NotCanonical";
  readonly reason: string;
  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

const SCRATCH_BYTES = 64 * 1024;
/** Lent to one writer at a time: most items are small and short-lived, and a fresh buffer for each costs more than filling it. */
let scratch: Uint8Array | undefined = new Uint8Array(SCRATCH_BYTES);

function borrow(): Uint8Array {
  const bytes = scratch ?? new Uint8Array(1024);
  scratch = undefined;
  return bytes;
}

function giveBack(bytes: Uint8Array): void {
  if (bytes.length === SCRATCH_BYTES) scratch = bytes;
}

const ENDED = new Uint8Array(0);

/** Builds one canonical item. Grows by doubling; `done()` returns a copy of exactly what was written, and ends it. */
export class Writer {
  #bytes = borrow();
  #at = 0;

  #room(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + size));
    grown.set(this.#bytes.subarray(0, this.#at));
    giveBack(this.#bytes);
    this.#bytes = grown;
  }

  #head(major: number, value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not an unsigned integer`);
    this.#room(9);
    const bytes = this.#bytes;
    const high = major << 5;
    if (value < 24) bytes[this.#at++] = high | value;
    else if (value < 0x100) {
      bytes[this.#at++] = high | 24;
      bytes[this.#at++] = value;
    } else {
      const [code, width] = value < 0x1_0000 ? [25, 2] : value < 0x1_0000_0000 ? [26, 4] : [27, 8];
      bytes[this.#at++] = high | code;
      let rest = value;
      for (let i = width - 1; i >= 0; i -= 1) {
        bytes[this.#at + i] = rest % 256;
        rest = Math.floor(rest / 256);
      }
      this.#at += width;
    }
    return this;
  }

  uint(value: number): this {
    return this.#head(UINT, value);
  }
  bytes(value: Uint8Array): this {
    this.#head(BYTES, value.length);
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }
  text(value: string): this {
    this.#head(TEXT, value.length);
    this.#room(value.length);
    for (let i = 0; i < value.length; i += 1) {
      const code = value.charCodeAt(i);
      if (code > 0x7e || code < 0x20) throw new RangeError("only printable ASCII text is canonical here");
      this.#bytes[this.#at++] = code;
    }
    return this;
  }
  array(length: number): this {
    return this.#head(ARRAY, length);
  }
  /** Opens a map of `size` entries; the caller writes the keys in ascending order. */
  map(size: number): this {
    return this.#head(MAP, size);
  }
  nothing(): this {
    this.#room(1);
    this.#bytes[this.#at++] = NULL;
    return this;
  }
  done(): Uint8Array {
    const item = allocate(this.#at);
    item.set(this.#bytes.subarray(0, this.#at));
    giveBack(this.#bytes);
    this.#bytes = ENDED;
    this.#at = 0;
    return item;
  }
}

/** Pulls one canonical item apart. Every refusal is a `NotCanonical`; nothing else is ever thrown for bad input. */
export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  #next(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new NotCanonical("the bytes end too early");
    this.#at += 1;
    return byte;
  }

  #head(major: number, what: string): number {
    const first = this.#next();
    if (first >> 5 !== major) throw new NotCanonical(`expected ${what}`);
    const low = first & 31;
    if (low < 24) return low;
    if (low > 27) throw new NotCanonical("indefinite or reserved length");
    const width = 1 << (low - 24);
    let value = 0;
    for (let i = 0; i < width; i += 1) value = value * 256 + this.#next();
    const smallest = width === 1 ? 24 : 256 ** (width / 2);
    if (value < smallest) throw new NotCanonical("an integer is not in its shortest form");
    if (!Number.isSafeInteger(value)) throw new NotCanonical("an integer is larger than 2^53");
    return value;
  }

  uint(max = Number.MAX_SAFE_INTEGER): number {
    const value = this.#head(UINT, "an unsigned integer");
    if (value > max) throw new NotCanonical(`an integer is larger than ${max}`);
    return value;
  }
  /** A byte string of exactly `size` bytes. */
  fixed(size: number): Uint8Array {
    const length = this.#head(BYTES, "a byte string");
    if (length !== size) throw new NotCanonical(`expected ${size} bytes`);
    return this.#take(length);
  }
  bytes(max: number): Uint8Array {
    const length = this.#head(BYTES, "a byte string");
    if (length > max) throw new NotCanonical(`a byte string is longer than ${max}`);
    return this.#take(length);
  }
  text(max: number): string {
    const length = this.#head(TEXT, "text");
    if (length > max) throw new NotCanonical(`text is longer than ${max}`);
    let text = "";
    for (const code of this.#take(length)) {
      if (code > 0x7e || code < 0x20) throw new NotCanonical("text is not printable ASCII");
      text += String.fromCharCode(code);
    }
    return text;
  }
  array(max: number): number {
    const length = this.#head(ARRAY, "an array");
    if (length > max) throw new NotCanonical(`an array is longer than ${max}`);
    return length;
  }
  map(): number {
    return this.#head(MAP, "a map");
  }
  /** The map key that must come next. */
  key(expected: number): this {
    if (this.uint() !== expected) throw new NotCanonical(`expected map key ${expected}`);
    return this;
  }
  isNothing(): boolean {
    if (this.#bytes[this.#at] !== NULL) return false;
    this.#at += 1;
    return true;
  }
  /** Nothing may follow the item. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new NotCanonical("bytes follow the item");
  }
  #take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw new NotCanonical("the bytes end too early");
    const part = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return part;
  }
}
