/* Checks a draw made under "Open Draw v1", or one receipt, in the reader's own browser. Nothing is sent anywhere.

   One classic script, so that the page also works saved to a disk. It follows open_draw.py function by function and
   ends in the same words: verified | verified, seal time unproven | invalid: the first fault.
   Ed25519 comes from the browser (WebCrypto); the beacon's BLS signature is not checked here: open_draw.py does that.

   Sources: FIPS 180-4 (SHA-256), RFC 6962 (tree), RFC 2104 and 5869 (HMAC, HKDF), RFC 8785 (canonical JSON),
   PKWARE's APPNOTE (zip), and the C2SP formats signed-note, tlog-checkpoint, tlog-proof, tlog-cosignature. */

(function () {
  "use strict";

  const QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971";
  const GENESIS = 1692803367;
  const PERIOD = 3;
  const HOUR = 3600;
  const DAY = 86400;
  const VERIFIED = "verified";
  const UNPROVEN = "verified, seal time unproven";

  /* What is wrong with the draw or the receipt, in one sentence. */
  class Fault extends Error {}
  /* Nothing was checked: something is missing that is no fault of the draw. */
  class CannotBegin extends Error {}

  function fault(sentence) {
    throw new Fault(sentence);
  }

  const comma = (number) => number.toLocaleString("en-US");
  const shown = (text) => Array.from(text, (c) => (c >= " " && c <= "~" ? c : "?")).slice(0, 100).join("");
  const encode = (text) => new TextEncoder().encode(text);
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const unhex = (digits) => Uint8Array.from(digits.match(/../g) || [], (pair) => parseInt(pair, 16));
  const same = (a, b) => a.length === b.length && a.every((byte, n) => byte === b[n]);

  function joined(...parts) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  /* Long work in slices: the page stays alive and shows how far it is. */
  class Slices {
    constructor(progress) {
      this.progress = progress || function () {};
      this.next = 0;
    }

    async rest(done) {
      if (performance.now() < this.next) return;
      this.progress(done);
      await new Promise((resume) => setTimeout(resume));
      this.next = performance.now() + 50;
    }
  }

  /* ---- SHA-256 and HMAC (FIPS 180-4, RFC 2104): a hundred thousand calls of WebCrypto take longer than these -------- */

  const K = new Int32Array([
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
  ]);
  const START = new Int32Array([
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  ]);
  const words = new Int32Array(64);
  const state = new Int32Array(8);
  const scratch = new Uint8Array(66000); // room for the longest leaf

  /* Takes the blocks of 64 bytes in data[from..to) into `state`. */
  function compress(data, from, to) {
    for (let at = from; at < to; at += 64) {
      for (let t = 0, p = at; t < 16; t++, p += 4) {
        words[t] = (data[p] << 24) | (data[p + 1] << 16) | (data[p + 2] << 8) | data[p + 3];
      }
      for (let t = 16; t < 64; t++) {
        const x = words[t - 15];
        const y = words[t - 2];
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        words[t] = (words[t - 16] + s0 + words[t - 7] + s1) | 0;
      }
      let a = state[0];
      let b = state[1];
      let c = state[2];
      let d = state[3];
      let e = state[4];
      let f = state[5];
      let g = state[6];
      let h = state[7];
      for (let t = 0; t < 64; t++) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const t1 = (h + s1 + (g ^ (e & (f ^ g))) + K[t] + words[t]) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const t2 = (s0 + ((a & b) ^ (c & (a ^ b)))) | 0;
        h = g;
        g = f;
        f = e;
        e = (d + t1) | 0;
        d = c;
        c = b;
        b = a;
        a = (t1 + t2) | 0;
      }
      state[0] += a;
      state[1] += b;
      state[2] += c;
      state[3] += d;
      state[4] += e;
      state[5] += f;
      state[6] += g;
      state[7] += h;
    }
  }

  /* Ends a hash: the last `length` bytes are in `scratch`, `before` bytes are in `state` already. */
  function finish(length, before, out, at) {
    const padded = (length + 72) & ~63;
    scratch[length] = 0x80;
    scratch.fill(0, length + 1, padded);
    const bits = (before + length) * 8;
    for (let n = 1, rest = bits; n <= 8; n++, rest = Math.floor(rest / 256)) scratch[padded - n] = rest & 255;
    compress(scratch, 0, padded);
    for (let n = 0; n < 8; n++) {
      out[at + 4 * n] = state[n] >>> 24;
      out[at + 4 * n + 1] = state[n] >>> 16;
      out[at + 4 * n + 2] = state[n] >>> 8;
      out[at + 4 * n + 3] = state[n];
    }
    return out;
  }

  function sha256(data) {
    const whole = data.length & ~63;
    state.set(START);
    compress(data, 0, whole);
    scratch.set(data.subarray(whole));
    return finish(data.length - whole, whole, new Uint8Array(32), 0);
  }

  /* HMAC-SHA256 under one key, for messages that fit into `scratch`. */
  function hmac(key) {
    const [inner, outer] = [0x36, 0x5c].map((pad) => {
      const block = new Uint8Array(64).fill(pad);
      key.forEach((byte, n) => (block[n] ^= byte));
      state.set(START);
      compress(block, 0, 64);
      return state.slice();
    });
    return function (message, out = new Uint8Array(32), at = 0) {
      scratch.set(message);
      state.set(inner);
      finish(message.length, 64, scratch, 0);
      state.set(outer);
      return finish(32, 64, out, at);
    };
  }

  /* ---- The tree (RFC 6962, section 2.1) ----------------------------------------------------------------------------- */

  function leafHash(leaf, out = new Uint8Array(32), at = 0) {
    scratch[0] = 0;
    scratch.set(leaf, 1);
    state.set(START);
    return finish(leaf.length + 1, 0, out, at);
  }

  /* The hash over two nodes that stand side by side in `pair`. */
  function nodeHash(pair, out = new Uint8Array(32), at = 0) {
    scratch[0] = 1;
    scratch.set(pair, 1);
    state.set(START);
    return finish(65, 0, out, at);
  }

  /* The root over the first n leaf hashes for every n in `sizes`, in one pass. */
  async function roots(hashes, count, sizes, slices, share) {
    const found = new Map();
    const peaks = new Uint8Array(64 * 32); // the roots of the perfect subtrees so far, the largest first
    let depth = 0;
    for (let n = 1; n <= count; n++) {
      peaks.set(hashes.subarray(32 * (n - 1), 32 * n), 32 * depth++);
      for (let carry = n; carry % 2 === 0; carry /= 2) {
        depth--;
        nodeHash(peaks.subarray(32 * (depth - 1), 32 * (depth + 1)), peaks, 32 * (depth - 1));
      }
      if (sizes.has(n)) {
        let root = peaks.slice(32 * (depth - 1), 32 * depth);
        for (let left = depth - 2; left >= 0; left--) root = nodeHash(joined(peaks.subarray(32 * left, 32 * left + 32), root));
        found.set(n, root);
      }
      if (n % 256 === 0) await slices.rest(share(n / count));
    }
    return found;
  }

  /* The largest power of two below `size`: where RFC 6962 divides a tree. */
  function split(size) {
    let k = 1;
    while (k * 2 < size) k *= 2;
    return k;
  }

  function proofLength(index, size) {
    if (size === 1) return 0;
    const k = split(size);
    return 1 + (index < k ? proofLength(index, k) : proofLength(index - k, size - k));
  }

  function rootByProof(leaf, index, size, proof) {
    if (size === 1) return leaf;
    const k = split(size);
    const last = proof[proof.length - 1];
    const rest = proof.slice(0, -1);
    if (index < k) return nodeHash(joined(rootByProof(leaf, index, k, rest), last));
    return nodeHash(joined(last, rootByProof(leaf, index - k, size - k, rest)));
  }

  /* ---- Signed notes, checkpoints, cosignatures (c2sp.org) ------------------------------------------------------------ */

  async function publicKey(bytes) {
    return crypto.subtle.importKey("raw", bytes, { name: "Ed25519" }, false, ["verify"]);
  }

  async function needEd25519() {
    try {
      await publicKey(joined([0x58], new Uint8Array(31).fill(0x66))); // the curve's base point: a key that is surely one
    } catch {
      throw new CannotBegin(
        "This browser cannot check Ed25519 signatures, or not on a page without https. Nothing was checked: take a newer" +
          " browser, or open_draw.py.",
      );
    }
  }

  async function ed25519Verifies(key, message, signature) {
    if (signature.length !== 64) return false;
    try {
      return await crypto.subtle.verify({ name: "Ed25519" }, await publicKey(key), signature, message);
    } catch {
      return false; // the key is no point of the curve
    }
  }

  function asText(data, what) {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
    } catch {
      return fault(`${what} is not text in UTF-8`);
    }
  }

  /* Text from a reader's disk. Programs change line ends, add a byte order mark, drop the last line end: no harm. */
  function asSaved(data, what) {
    return asText(data, what).replace(/^\ufeff+/, "").replace(/\r\n/g, "\n").replace(/\n+$/, "") + "\n";
  }

  function toBase64(bytes) {
    return btoa(String.fromCharCode(...bytes));
  }

  /* Decoded; nothing where it is not exactly what encoding would give (RFC 4648, section 4). */
  function base64Of(text) {
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4) return new Uint8Array(0);
    const decoded = atob(text);
    return btoa(decoded) === text ? Uint8Array.from(decoded, (c) => c.charCodeAt(0)) : new Uint8Array(0);
  }

  /* A verifier key: name+id+base64(kind, public key). Kind 1 signs notes, kind 4 timestamps checkpoints. */
  function readVkey(vkey, kind, what) {
    const parts = /^([!-*,-~]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(vkey);
    const data = parts ? base64Of(parts[3]) : [];
    if (data.length !== 33 || data[0] !== kind) fault(`${what} is not a vkey of the kind ${kind}`);
    if (hex(sha256(joined(encode(parts[1] + "\n"), data)).subarray(0, 4)) !== parts[2]) {
      fault(`${what} has a key id that does not belong to its key`);
    }
    return { name: parts[1], id: parts[2], public: data.subarray(1) };
  }

  function readCheckpoint(note, what) {
    const cut = note.lastIndexOf("\n\n");
    const tail = note.slice(cut + 2);
    if (cut < 1 || !tail) fault(`${what} is truncated: it carries no signature`);
    if (!tail.endsWith("\n") || /[\0-\t\v-\x1f]/.test(note)) fault(`${what} is not a well-formed signed note`);
    const signatures = tail.slice(0, -1).split("\n").map((line) => {
      const parts = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/.exec(line);
      const data = parts ? base64Of(parts[2]) : [];
      if (data.length < 5) fault(`${what} has a signature line that is malformed or truncated`);
      return { name: parts[1], id: hex(data.subarray(0, 4)), data: data.subarray(4) };
    });
    const lines = note.slice(0, cut).split("\n");
    const root = lines.length >= 3 ? base64Of(lines[2]) : [];
    if (lines.includes("") || root.length !== 32 || !/^[1-9][0-9]{0,14}$/.test(lines[1])) {
      fault(`${what} does not state origin, size and root, a line each`);
    }
    return { what, origin: lines[0], size: Number(lines[1]), root, body: encode(note.slice(0, cut + 1)), signatures };
  }

  const by = (checkpoint, key) => checkpoint.signatures.filter((one) => one.name === key.name && one.id === key.id);

  /* The log's own Ed25519 signature (kind 1). Signatures of unknown keys are ignored, as the format asks. */
  async function checkSignature(checkpoint, key) {
    if (checkpoint.origin !== key.name) fault(`${checkpoint.what} is of another log: ${shown(checkpoint.origin)}, not ${key.name}`);
    const ours = by(checkpoint, key);
    if (!ours.length) fault(`${checkpoint.what} is not signed by the key of this log`);
    for (const { data } of ours) {
      if (data.length !== 64) fault(`the log's signature on ${checkpoint.what} is ${data.length} bytes long, not 64`);
      if (!(await ed25519Verifies(key.public, checkpoint.body, data))) fault(`the log's signature on ${checkpoint.what} is wrong`);
    }
  }

  /* Which of the witnesses we know saw this checkpoint, and when (kind 4: 8 bytes of time, then the signature). */
  async function cosignatures(checkpoint, witnesses) {
    const seen = [];
    for (const key of witnesses) {
      for (const { data } of by(checkpoint, key)) {
        const at = data.subarray(0, 8).reduce((sum, byte) => sum * 256 + byte, 0);
        const message = joined(encode(`cosignature/v1\ntime ${at}\n`), checkpoint.body);
        if (at >= 2 ** 34 || !(await ed25519Verifies(key.public, message, data.subarray(8)))) {
          fault(`the cosignature of ${key.name} on ${checkpoint.what} is wrong`);
        }
        seen.push({ who: `witness ${key.name}`, at });
      }
    }
    return seen;
  }

  /* Every one is signed, and no two signed ones conflict: of one size with different roots they prove fraud. */
  async function checkSigned(checkpoints, key, say) {
    for (const checkpoint of checkpoints) await checkSignature(checkpoint, key);
    checkpoints.forEach((one, n) => {
      for (const two of checkpoints.slice(n + 1)) {
        if (one.size === two.size && !same(one.root, two.root)) {
          fault(`the log was forked: ${one.what} and ${two.what}, both signed, have ${comma(one.size)} leaves and different roots`);
        }
      }
    });
    say("2. Signed by the log: " + checkpoints.map((one) => `${one.what} (${comma(one.size)} leaves)`).join(", ") + ".");
  }

  /* ---- Receipts (c2sp.org/tlog-proof) and entries --------------------------------------------------------------------- */

  function readReceipt(data, what) {
    const text = asSaved(data, what);
    const cut = text.indexOf("\n\n");
    const head = cut < 0 ? text.replace(/\n+$/, "") : text.slice(0, cut);
    const lines = head.split("\n");
    if (lines[0] !== "c2sp.org/tlog-proof@v1") {
      fault(`${what} does not begin with c2sp.org/tlog-proof@v1: it is no receipt, or its beginning is missing`);
    }
    if (!(lines[1] || "").startsWith("extra ")) fault(`${what} has no extra line, which holds the nonce`);
    const nonce = base64Of(lines[1].slice(6));
    if (nonce.length !== 32) fault(`the nonce in ${what} is not 32 bytes in base64`);
    if (!/^index (0|[1-9][0-9]{0,14})$/.test(lines[2] || "")) fault(`${what} has no line with its index`);
    const index = Number(lines[2].slice(6));
    const proof = lines.slice(3).map((line, n) => {
      const hash = base64Of(line);
      if (hash.length !== 32) fault(`line ${n + 4} of ${what} is not a hash of 32 bytes in base64`);
      return hash;
    });
    if (cut < 0) fault(`${what} is truncated: no checkpoint follows its proof`);
    const checkpoint = readCheckpoint(text.slice(cut + 2), `the checkpoint in ${what}`);
    if (index >= checkpoint.size) fault(`${what} is for entry ${comma(index)}, but its tree has only ${comma(checkpoint.size)} leaves`);
    const length = proofLength(index, checkpoint.size);
    if (proof.length !== length) {
      fault(`the proof in ${what} has ${proof.length} lines; entry ${comma(index)} of ${comma(checkpoint.size)} needs ${length}`);
    }
    return { nonce, index, proof, checkpoint };
  }

  /* A receipt or a checkpoint kept from before. */
  function readOlder(data, number) {
    const text = asSaved(data, `older file ${number}`);
    if (text.startsWith("c2sp.org/tlog-proof@")) return readReceipt(data, `older receipt ${number}`).checkpoint;
    return readCheckpoint(text, `older checkpoint ${number}`);
  }

  /* The leaf of the person who holds the receipt's nonce and the address, as the receipt's mail prints it. */
  function entryLeaf(receipt, campaign, address) {
    const mark = hmac(receipt.nonce)(encode(`open-draw/1\0${campaign}\0${address}`));
    return encode(`{"commitment":"${hex(mark)}","type":"entry"}`);
  }

  function proves(receipt, leaf) {
    const { size, root } = receipt.checkpoint;
    return same(rootByProof(leafHash(leaf), receipt.index, size, receipt.proof), root);
  }

  /* ---- Leaves: canonical JSON (RFC 8785, restricted) and their members ------------------------------------------------ */

  const seconds = (stamp) => Date.parse(stamp) / 1000;
  const stampOf = (at) => new Date(at * 1000).toISOString().slice(0, 19) + "Z";

  /* Exactly YYYY-MM-DDTHH:MM:SSZ, of a day that exists. */
  function isTime(value) {
    if (typeof value !== "string" || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/.test(value)) return false;
    return value >= "0001" && !Number.isNaN(seconds(value)) && stampOf(seconds(value)) === value;
  }

  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  const text = (pattern) => (value) => typeof value === "string" && pattern.test(value);
  const number = (least) => (value) => Number.isInteger(value) && value >= least;
  const record = (tests) => (value) =>
    isObject(value) &&
    Object.keys(value).length === Object.keys(tests).length &&
    Object.keys(tests).every((name) => Object.hasOwn(value, name) && tests[name](value[name]));

  const slug = text(/^[a-z0-9][a-z0-9_-]{0,63}$/);
  const hashHex = text(/^[0-9a-f]{64}$/);
  const someHex = text(/^([0-9a-f]{2})*$/);
  const drandTerms = record({ kind: text(/^drand$/), chain: someHex, round: number(1) });
  const operatorTerms = record({ kind: text(/^operator$/), commitment: hashHex });
  const drandBeacon = record({ kind: text(/^drand$/), round: number(1), signature: someHex });
  const operatorBeacon = record({ kind: text(/^operator$/), secret: someHex });
  const ranked = record({ rank: number(1), index: number(0), ticket: hashHex });
  const LEAVES = {
    open: {
      protocol: text(/^open-draw\/1$/), origin: text(/^[!-*,-~]+$/), campaign: slug, rules_sha256: hashHex,
      opens_at: isTime, closes_at: isTime, seals_at: isTime, draws_at: isTime,
      winners: number(1), alternates: number(0), claim_days: number(0),
      beacon: (value) => drandTerms(value) || operatorTerms(value),
    },
    entry: { commitment: hashHex },
    withdraw: { index: number(0), reason: slug },
    exclude: { index: number(0), reason: slug },
    seal: { at: isTime, entries: number(0), eligible: number(0) },
    draw: {
      at: isTime,
      beacon: (value) => drandBeacon(value) || operatorBeacon(value),
      ranking: (value) => Array.isArray(value) && value.every(ranked),
    },
    forfeit: { at: isTime, rank: number(1), reason: text(/^(no_answer|declined|ineligible|erasure)$/) },
    award: { at: isTime, rank: number(1) },
    paid: { at: isTime, rank: number(1) },
    void: { at: isTime, reason: slug },
  };
  const LATE = { draws_at: isTime, reason: slug }; // a late seal has these too, and a drand one its new round

  const TEMPLATE = encode(`{"commitment":"${"0".repeat(64)}","type":"entry"}`); // the only canonical form of an entry

  function isPlainEntry(leaf) {
    if (leaf.length !== 96) return false;
    for (let n = 0; n < 96; n++) {
      const byte = leaf[n];
      if (n >= 15 && n < 79) {
        if (!((byte >= 48 && byte <= 57) || (byte >= 97 && byte <= 102))) return false;
      } else if (byte !== TEMPLATE[n]) return false;
    }
    return true;
  }

  /* Encodes as RFC 8785 does; throws for what the protocol does not allow. */
  function canonicalText(value, depth = 0) {
    if (depth > 900) throw new RangeError("nested too deep");
    if (typeof value === "number") {
      if (!Number.isInteger(value) || Math.abs(value) > 2 ** 53) throw new RangeError("not an integer within 2^53");
      return String(value);
    }
    if (typeof value === "string") {
      if (/\p{Surrogate}/u.test(value)) throw new RangeError("half a character");
      return JSON.stringify(value);
    }
    if (typeof value === "boolean") return String(value);
    if (Array.isArray(value)) return "[" + value.map((inner) => canonicalText(inner, depth + 1)).join(",") + "]";
    if (value === null || Object.keys(value).some((name) => /[^\0-\x7f]/.test(name))) throw new RangeError("null, or a name beyond ASCII");
    const names = Object.keys(value).sort();
    return "{" + names.map((name) => JSON.stringify(name) + ":" + canonicalText(value[name], depth + 1)).join(",") + "}";
  }

  function canonical(data) {
    const given = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
    const value = JSON.parse(given);
    if (canonicalText(value) !== given) throw new RangeError("not the canonical form");
    return value;
  }

  /* Leaf n with the members of its type, each well-formed, and no others. */
  function readLeaf(data, n) {
    if (data.length > 65535) fault(`leaf ${comma(n)} is longer than 65,535 bytes`);
    let leaf;
    try {
      leaf = canonical(data);
    } catch {
      fault(`leaf ${comma(n)} is not canonical JSON`);
    }
    const kind = isObject(leaf) && Object.hasOwn(leaf, "type") ? leaf.type : null;
    if (typeof kind !== "string" || !Object.hasOwn(LEAVES, kind)) fault(`leaf ${comma(n)} is of an unknown type`);
    const tests = { ...LEAVES[kind], type: () => true };
    if (kind === "seal" && ["draws_at", "reason", "round"].some((name) => Object.hasOwn(leaf, name))) {
      Object.assign(tests, LATE, Object.hasOwn(leaf, "round") ? { round: number(1) } : {});
    }
    if (Object.keys(leaf).some((name) => !Object.hasOwn(tests, name))) {
      fault(`leaf ${comma(n)} (${kind}) has a member that does not belong there`);
    }
    for (const name of Object.keys(tests).sort()) {
      if (!Object.hasOwn(leaf, name)) fault(`leaf ${comma(n)} (${kind}) lacks its ${name}`);
      if (!tests[name](leaf[name])) fault(`leaf ${comma(n)} (${kind}) has an ill-formed ${name}`);
    }
    return leaf;
  }

  /* ---- The log as a whole --------------------------------------------------------------------------------------------- */

  class Log {
    constructor(leaves, terms) {
      this.leaves = leaves;
      this.terms = terms; // leaf 0
      this.hashes = new Uint8Array(32 * leaves.length);
      this.entries = new Map(); // commitment: index
      this.removed = new Map();
      this.seal = this.draw = this.void = null;
      this.steps = []; // what follows the draw
      this.ranks = []; // index of every eligible entry, in order
      this.ticket = null; // the ticket of a rank, in hex
      this.forfeited = new Map();
    }

    get operator() {
      return this.terms.beacon.kind === "operator";
    }

    get eligible() {
      return this.entries.size - this.removed.size;
    }

    get prizes() {
      return Math.min(this.eligible, this.terms.winners + this.terms.alternates);
    }

    /* The ranks that hold a prize: the lowest of the ranking that are not forfeited. */
    holders() {
      const holding = [];
      for (let rank = 1; rank <= this.prizes && holding.length < this.terms.winners; rank++) {
        if (!this.forfeited.has(rank)) holding.push(rank);
      }
      return holding;
    }
  }

  function checkTerms(leaf) {
    if (leaf.type !== "open") fault("leaf 0 does not open a log");
    if (!leaf.origin.endsWith(`/draws/${leaf.campaign}/log`)) fault("the origin in leaf 0 is not that of its campaign's log");
    const [opens, closes, seals, draws] = [leaf.opens_at, leaf.closes_at, leaf.seals_at, leaf.draws_at].map(seconds);
    if (!(opens < closes && closes <= seals && seals <= draws - HOUR)) {
      fault("the times in leaf 0 are not in order: opens_at < closes_at <= seals_at <= draws_at - 1 h");
    }
    if (leaf.winners + leaf.alternates > 500) fault("leaf 0 has more than 500 winners and alternates");
  }

  /* The leaves hash to every signed root, and so these are consistent with each other. */
  async function checkRoots(log, size, checkpoints, slices) {
    const count = log.leaves.length;
    if (count !== size) fault(`the log holds ${comma(count)} leaves, its checkpoint counts ${comma(size)}`);
    for (let n = 0; n < count; n++) {
      // A leaf that is too long has its own fault in check 4; here only its hash matters, and it cannot be a signed one.
      if (log.leaves[n].length > 65535) log.hashes.set(sha256(joined([0], log.leaves[n])), 32 * n);
      else leafHash(log.leaves[n], log.hashes, 32 * n);
      if (n % 256 === 0) await slices.rest(0.35 * (n / count));
    }
    const sizes = new Set(checkpoints.map((one) => one.size));
    const found = await roots(log.hashes, count, sizes, slices, (done) => 0.35 + 0.3 * done);
    for (const one of checkpoints) {
      if (!same(found.get(one.size), one.root)) {
        fault(`the leaves do not hash to the root of ${one.what}: it is signed, so leaves were changed or the log was forked`);
      }
    }
  }

  const SEAL_END = encode('"type":"seal"}');

  /* The last leaf under the sealed checkpoint is the only seal. Members are sorted, so every seal ends like this. */
  function checkSeals(log, sealed) {
    const seals = [];
    log.leaves.forEach((leaf, n) => {
      if (leaf[leaf.length - 3] === 0x6c && same(leaf.subarray(-SEAL_END.length), SEAL_END)) seals.push(n);
    });
    if (sealed && !seals.includes(sealed.size - 1)) fault(`leaf ${comma(sealed.size - 1)}, the last under the sealed checkpoint, is not a seal`);
    if (seals.length && !sealed) fault(`leaf ${comma(seals[0])} is a seal, but the sealed checkpoint is missing`);
    if (seals.length > 1) fault(`the log has more than one seal: leaves ${comma(seals[0])} and ${comma(seals[1])}`);
  }

  /* Every leaf is well-formed and allowed where it stands. */
  async function checkLeaves(log, slices) {
    const ascii = new TextDecoder("latin1");
    for (let n = 1; n < log.leaves.length; n++) {
      const data = log.leaves[n];
      if (isPlainEntry(data) && !log.seal && !log.void) {
        const mark = ascii.decode(data.subarray(15, 79));
        if (log.entries.has(mark)) fault(`leaves ${comma(log.entries.get(mark))} and ${comma(n)} have the same commitment`);
        log.entries.set(mark, n);
      } else checkLeaf(log, readLeaf(data, n), n);
      if (n % 256 === 0) await slices.rest(0.65 + (0.1 * n) / log.leaves.length);
    }
  }

  function checkLeaf(log, leaf, n) {
    const kind = leaf.type;
    const at = `leaf ${comma(n)}`;
    if (log.void) fault(`${at} (${kind}) follows the void, which ends a log`);
    if (kind === "open") fault(`${at} opens the log a second time`);
    if (["entry", "withdraw", "exclude"].includes(kind) && log.seal) fault(`${at} (${kind}) comes after the seal`);
    if (kind === "withdraw" || kind === "exclude") {
      if (leaf.index >= n || !isPlainEntry(log.leaves[leaf.index])) fault(`${at} (${kind}) does not name an earlier entry`);
      if (log.removed.has(leaf.index)) fault(`${at} (${kind}) removes entry ${comma(leaf.index)} a second time`);
      log.removed.set(leaf.index, leaf);
    } else if (kind === "seal") log.seal = leaf;
    else if (kind === "draw") {
      if (log.draw || !log.seal) fault(log.draw ? `${at} is a second draw` : `${at} (draw) comes before the seal`);
      log.draw = leaf;
    } else if (kind === "void") {
      if (log.draw) fault(`${at} (void) comes after the draw`);
      log.void = leaf;
    } else if (!log.draw) fault(`${at} (${kind}) comes before the draw`);
    else log.steps.push([n, leaf]);
  }

  function checkCounts(log) {
    for (const [name, count] of [["entries", log.entries.size], ["eligible", log.eligible]]) {
      if (log.seal && log.seal[name] !== count) fault(`the seal states ${comma(log.seal[name])} ${name}, the leaves hold ${comma(count)}`);
    }
  }

  /* ---- Times and the beacon ------------------------------------------------------------------------------------------- */

  const roundAt = (at) => Math.ceil((at - GENESIS) / PERIOD) + 1;
  const roundTime = (round) => GENESIS + (round - 1) * PERIOD;

  /* When the draw is due, and the round it must use (0 for an operator's): from leaf 0, or moved by a late seal. */
  function checkTimes(log) {
    const { beacon } = log.terms;
    const sealsAt = seconds(log.terms.seals_at);
    let due = seconds(log.terms.draws_at);
    let round = log.operator ? 0 : beacon.round;
    if (!log.operator && beacon.chain !== QUICKNET) fault("leaf 0 names another beacon chain than drand's quicknet");
    if (!log.operator && round !== roundAt(due)) {
      fault(`leaf 0 pins round ${comma(round)}, but the first round at or after draws_at is ${comma(roundAt(due))}`);
    }
    if (!log.seal) return { due, round };
    const at = seconds(log.seal.at);
    if (at < sealsAt && !log.operator) fault("the seal is dated before seals_at");
    if (at > due - HOUR) {
      const days = Math.max(1, Math.ceil((at + HOUR - due) / DAY));
      if (days > 7) fault("the seal is more than seven days late: the campaign is void");
      due += days * DAY;
      round = log.operator ? 0 : roundAt(due);
      if (log.seal.draws_at !== stampOf(due) || (log.seal.round || 0) !== round) {
        fault(`the seal is late and must move the draw to ${stampOf(due)}` + (round ? `, round ${comma(round)}` : ""));
      }
    } else if ("draws_at" in log.seal) fault("the seal moves the draw without being late");
    // Only an operator's campaign may be closed early, and then drawn at once.
    const earliest = log.operator && at < sealsAt ? at : due;
    if (log.draw && seconds(log.draw.at) < earliest) fault("the draw is dated before it was due");
    return { due, round };
  }

  /* The 32 bytes B that the draw is made from. */
  function checkBeacon(log, beacon, round, say) {
    if (beacon.kind !== log.terms.beacon.kind) fault("the draw's beacon is not of the kind that leaf 0 names");
    if (log.operator) {
      const secret = unhex(beacon.secret);
      if (secret.length !== 32) fault(`the operator's secret is ${secret.length} bytes long, not 32`);
      if (hex(sha256(secret)) !== log.terms.beacon.commitment) fault("the operator's secret is not the one that leaf 0 commits to");
      say("7. The operator's secret is the one that leaf 0 commits to.");
      return secret;
    }
    if (beacon.round !== round) fault(`the draw used round ${comma(beacon.round)} of the beacon, not round ${comma(round)}`);
    const signature = unhex(beacon.signature);
    if (signature.length !== 48) fault(`the beacon's signature is ${signature.length} bytes long, not 48`);
    if ((signature[0] & 0xc0) !== 0x80) fault("the beacon's signature is not a compressed point, or is infinity");
    say("7. The beacon's signature was NOT CHECKED here: open_draw.py does that, with a BLS library.");
    say(`   Compare it: https://api.drand.sh/${QUICKNET}/public/${round} must show ${beacon.signature}`);
    return sha256(signature);
  }

  /* ---- The draw and what follows it ----------------------------------------------------------------------------------- */

  /* The ticket of every eligible entry: HKDF-SHA256 with R as salt, B as key material, the leaf hash as info. */
  async function rankEntries(log, root, b, slices) {
    const ticket = hmac(hmac(root)(b));
    const info = new Uint8Array(33).fill(1, 32);
    const indexes = [...log.entries.values()].filter((index) => !log.removed.has(index));
    const tickets = new Uint8Array(32 * indexes.length);
    const heads = new Float64Array(indexes.length); // the first six bytes as a number: enough to order nearly all
    for (let n = 0; n < indexes.length; n++) {
      info.set(log.hashes.subarray(32 * indexes[n], 32 * indexes[n] + 32));
      ticket(info, tickets, 32 * n);
      for (let byte = 32 * n; byte < 32 * n + 6; byte++) heads[n] = heads[n] * 256 + tickets[byte];
      if (n % 256 === 0) await slices.rest(0.75 + (0.2 * n) / indexes.length);
    }
    const ticketOf = (n) => hex(tickets.subarray(32 * n, 32 * n + 32));
    const order = new Uint32Array(indexes.length).map((_, n) => n);
    order.sort((a, b) => heads[a] - heads[b] || (ticketOf(a) < ticketOf(b) ? -1 : 1));
    log.ranks = Array.from(order, (n) => indexes[n]);
    log.ticket = (rank) => ticketOf(order[rank - 1]);
  }

  function checkRanking(log, stated) {
    if (!log.prizes) fault("a draw was made with nobody eligible");
    if (stated.length !== log.prizes) fault(`the ranking has ${comma(stated.length)} ranks, not ${comma(log.prizes)}`);
    stated.forEach((given, n) => {
      const [index, ticket] = [log.ranks[n], log.ticket(n + 1)];
      if (given.rank !== n + 1 || given.index !== index || given.ticket !== ticket) {
        fault(`the ranking is wrong at rank ${n + 1}: it belongs to entry ${comma(index)}, ticket ${ticket}`);
      }
    });
  }

  /* Forfeits, awards and payments: each of a rank that may have it, in order and in time. */
  function checkSteps(log, drawnAt, say) {
    let last = seconds(drawnAt);
    const offered = new Map(log.holders().map((rank) => [rank, last])); // rank: when its claim time began
    const state = new Map();
    for (const [n, leaf] of log.steps) {
      const { type: kind, rank, reason } = leaf;
      const at = seconds(leaf.at);
      const what = `leaf ${comma(n)} (${kind}, rank ${comma(rank)})`;
      if (at < last) fault(`${what} is dated before what it follows`);
      if (rank > log.prizes) fault(`${what} names a rank that is not in the ranking`);
      if (log.forfeited.has(rank)) fault(`${what} names a rank that is forfeited`);
      if (!offered.has(rank)) fault(`${what} names a rank that holds no prize`);
      if (state.get(rank) === "paid") fault(`${what} names a rank that is paid`);
      if (kind === "award" && state.has(rank)) fault(`${what} names a rank that is awarded already`);
      if (kind === "paid" && !state.has(rank)) fault(`${what} names a rank that was not awarded`);
      if (reason === "no_answer" && at < offered.get(rank) + log.terms.claim_days * DAY) {
        fault(`${what} comes before the ${comma(log.terms.claim_days)} days to answer were over`);
      }
      if (kind === "forfeit") {
        log.forfeited.set(rank, reason);
        for (const holder of log.holders()) if (!offered.has(holder)) offered.set(holder, at);
      } else state.set(rank, kind === "award" ? "awarded" : "paid");
      last = at;
    }
    say(`9. ${comma(log.steps.length)} forfeits, awards and payments, in order and in time.`);
    for (const [rank, reason] of log.forfeited) say(`   Forfeited: entry ${comma(log.ranks[rank - 1])} (rank ${rank}, ${reason}).`);
    for (const rank of log.holders()) say(`   Winner: entry ${comma(log.ranks[rank - 1])} (rank ${rank}, ${state.get(rank) || "drawn"}).`);
    const missing = log.terms.winners - log.holders().length;
    if (missing) say(`   Prizes not awarded, for want of alternates: ${missing}.`);
  }

  /* ---- When was it sealed? -------------------------------------------------------------------------------------------- */

  /* A letter's text, however its mail program encoded it. */
  function decodings(letter) {
    const printable = letter.replace(/=\r?\n/g, "").replace(/=([0-9A-Fa-f]{2})/g, (_, pair) => String.fromCharCode(parseInt(pair, 16)));
    const blocks = (letter.match(/^(?:[A-Za-z0-9+/]{4,76}={0,2}\r?\n?)+/gm) || []).map((block) => {
      try {
        return atob(block.replace(/\s/g, ""));
      } catch {
        return "";
      }
    });
    return [letter, printable, ...blocks].join("\n");
  }

  /* Who received the seal's letter, and when: from the uppermost Received line, that of the reader's own provider. */
  function readLetter(data, root) {
    const letter = new TextDecoder("latin1").decode(data);
    if (!decodings(letter).includes(toBase64(root))) fault("the letter does not state the sealed root R");
    const head = letter.split(/\r?\n\r?\n/, 1)[0].replace(/\r?\n[ \t]+/g, " ");
    const received = (/^received:(.*)$/im.exec(head) || ["", ""])[1].replace(/\s+/g, " ");
    const by = /\bby ([!-~]+)/.exec(received);
    const at = /(\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? (?:[+-]\d{4}|GMT|UT))/.exec(received.slice(received.lastIndexOf(";")));
    const time = at ? Date.parse(at[1]) / 1000 : NaN;
    if (!by || Number.isNaN(time)) fault("the letter has no Received line with a time: save it with all its headers");
    return { who: `the mail in your inbox, received by ${by[1]},`, at: time };
  }

  /* Whether anybody but the publisher saw R before the round's time. Nothing in the log itself dates the seal. */
  function checkSealTime(log, before, seen, say) {
    if (log.operator) {
      say("   OPERATOR-TRUSTED: who knows the secret can try entries until a friend wins. No time of the seal helps.");
      return false;
    }
    const lines = seen.map(({ who, at }) => [who, at]);
    lines.sort((a, b) => (a[0] === b[0] ? a[1] - b[1] : a[0] < b[0] ? -1 : 1));
    const said = new Set(
      lines.map(([who, at]) => `   R was seen at ${stampOf(at)} by ${who} ${at < before ? "before" : "NOT before"} the round of ${stampOf(before)}.`),
    );
    said.forEach((line) => say(line));
    if (seen.some(({ at }) => at < before)) return true;
    say(`   Nobody's word but the publisher's dates R: look in your inbox for the mail with R, from before ${stampOf(before)}.`);
    return false;
  }

  /* ---- All checks, in order ------------------------------------------------------------------------------------------- */

  /* The log's vkey: from the reader's own mail if given, else from the rules; they may not differ. */
  function findVkey(rules, origin, given) {
    const pattern = new RegExp(origin.replace(/[^A-Za-z0-9]/g, "\\$&") + "\\+[0-9a-f]{8}\\+[A-Za-z0-9+/]{44}", "g");
    const inRules = new Set(new TextDecoder("latin1").decode(rules).match(pattern) || []);
    if (inRules.size > 1) fault("the rules hold more than one vkey of this log");
    if (!inRules.size && !given) fault("the rules do not hold the log's vkey: give the one that your mail prints");
    if (inRules.size && given && !inRules.has(given)) fault("the vkey you gave is not the one in the rules");
    return given || [...inRules][0];
  }

  function checkKey(show, terms, given, say) {
    checkTerms(terms);
    if (hex(sha256(show.rules)) !== terms.rules_sha256) fault("the rules are not those that leaf 0 names: their SHA-256 differs");
    const vkey = findVkey(show.rules, terms.origin, given);
    const key = readVkey(vkey, 1, "the log's vkey");
    if (key.name !== terms.origin) fault(`the vkey is of another log: ${key.name}, not ${terms.origin}`);
    const truth = { protocol: "open-draw/1", campaign: terms.campaign, origin: terms.origin, vkey, size: show.leaves.length };
    for (const name of Object.keys(truth)) {
      if (show.manifest && show.manifest[name] !== truth[name]) fault(`the ${name} in manifest.json is not that of the log`);
    }
    const whence = given ? "which you gave" : "from the rules: compare it with the one in your mail";
    say(`1. The log's key is ${vkey} (${whence}). Origin, leaf 0 and rules agree.`);
    return key;
  }

  async function checkDraw(log, root, round, say, slices) {
    if (log.void) say(`   Void since ${log.void.at} (${log.void.reason}): there is no draw.`);
    else if (!log.draw) say(log.seal ? "   Sealed, not drawn yet." : "   Not sealed yet: entries may still come and go.");
    else {
      await rankEntries(log, root, checkBeacon(log, log.draw.beacon, round, say), slices);
      checkRanking(log, log.draw.ranking);
      say(`8. All ${comma(log.eligible)} tickets recomputed; the ranking is right. Rank 1 is entry ${comma(log.ranks[0])}, ticket ${log.ticket(1)}.`);
      checkSteps(log, log.draw.at, say);
    }
  }

  function checkEntry(log, receipt, address, say) {
    const mine = entryLeaf(receipt, log.terms.campaign, address);
    const { index } = receipt;
    if (!same(log.leaves[index], mine)) {
      const true_ = log.entries.get(new TextDecoder("latin1").decode(mine.subarray(15, 79)));
      if (true_ !== undefined) fault(`your entry is number ${comma(true_)} in the log, your receipt says ${comma(index)}`);
      if (!isPlainEntry(log.leaves[index])) fault(`your receipt says ${comma(index)}, but that leaf is not an entry`);
      fault(`this e-mail and the receipt's nonce are not those of entry ${comma(index)}: type the address exactly as your mail prints it`);
    }
    if (!proves(receipt, mine)) fault("the proof in your receipt does not lead to the root it states");
    const gone = log.removed.get(index);
    if (gone) fault(`your entry ${comma(index)} took no part: removed before the seal (${gone.type}, ${gone.reason})`);
    say(`10. Your entry number ${comma(index)} (its place in the log); ${comma(log.eligible)} eligible.`);
    if (log.ranks.length) sayPlace(log, index, say);
  }

  function sayPlace(log, index, say) {
    const rank = 1 + log.ranks.indexOf(index);
    say(`    Your ticket ${log.ticket(rank)} is rank ${comma(rank)}.`);
    const holders = log.holders();
    if (log.forfeited.has(rank)) say(`    It was drawn, and forfeited (${log.forfeited.get(rank)}).`);
    else if (holders.includes(rank)) say("    YOU WON: it is among the lowest that are not forfeited.");
    else if (holders.length) {
      const last = holders[holders.length - 1];
      say(`    The winner's ${log.ticket(last)} is lower (entry ${comma(log.ranks[last - 1])}, rank ${last}).`);
    }
  }

  /* Checks 1 to 10: says what it finds and returns a good ending. Throws Fault at the first fault.
     show: { rules, leaves, checkpoint, sealed, manifest }; mine: { vkey, receipt, email, older, witnesses, letter }. */
  async function check(show, mine, say, progress) {
    await needEd25519();
    const slices = new Slices(progress);
    const receipt = mine.receipt ? readReceipt(mine.receipt, "your receipt") : null;
    const witnesses = (mine.witnesses || []).map((vkey) => readVkey(vkey, 4, "a witness's key"));
    if (!show.leaves.length) fault("the log holds no leaves");
    const log = new Log(show.leaves, readLeaf(show.leaves[0], 0));
    const key = checkKey(show, log.terms, mine.vkey, say);

    const noted = (data, what) => readCheckpoint(asText(data, what), what);
    const sealed = show.sealed ? noted(show.sealed, "the sealed checkpoint") : null;
    const current = noted(show.checkpoint, "the current checkpoint");
    const signed = [sealed, current, receipt && receipt.checkpoint].filter((one) => one);
    (mine.older || []).forEach((data, n) => signed.push(readOlder(data, n + 1)));
    await checkSigned(signed, key, say);
    for (const one of signed) {
      if (one.size > current.size) {
        fault(`the log was rolled back: ${one.what} has ${comma(one.size)} leaves, the current checkpoint ${comma(current.size)}`);
      }
    }
    const seen = [];
    for (const one of signed) if (sealed && one.size >= sealed.size) seen.push(...(await cosignatures(one, witnesses)));

    await checkRoots(log, current.size, signed, slices);
    checkSeals(log, sealed);
    const only = sealed ? ` R = ${hex(sealed.root)}; leaf ${comma(sealed.size - 1)} is the only seal.` : "";
    say(`3. All ${comma(current.size)} leaves hash to these roots.${only}`);
    await checkLeaves(log, slices);
    say("4. Every leaf is well-formed and in order; no two commitments are equal.");
    checkCounts(log);
    say(`5. ${comma(log.entries.size)} entries, ${comma(log.removed.size)} of them removed, ${comma(log.eligible)} eligible.`);

    const { due, round } = checkTimes(log);
    let proven = false;
    say(`6. The draw is due at ${stampOf(due)}` + (round ? `, by round ${comma(round)}.` : ", by the operator's own secret."));
    if (log.seal && "draws_at" in log.seal) {
      say(`   LATE SEAL (${log.seal.reason}): it moved the draw, which gives the publisher a veto on one draw.`);
    }
    if (sealed) {
      if (mine.letter) seen.push(readLetter(mine.letter, sealed.root));
      proven = checkSealTime(log, roundTime(round), seen, say);
    }
    await checkDraw(log, sealed ? sealed.root : null, round, say, slices);
    if (receipt) checkEntry(log, receipt, mine.email, say);
    return proven ? VERIFIED : UNPROVEN;
  }

  /* A receipt alone, by the vkey in one's mail: checks 1, 2 and 10 as far as they go without the log. */
  async function checkReceipt(mine, say) {
    await needEd25519();
    const receipt = readReceipt(mine.receipt, "your receipt");
    const key = readVkey(mine.vkey, 1, "the log's vkey");
    const campaign = /^.+\/draws\/([a-z0-9][a-z0-9_-]{0,63})\/log$/.exec(key.name);
    if (!campaign) fault("the vkey does not name the log of a campaign");
    const signed = [receipt.checkpoint, ...(mine.older || []).map((data, n) => readOlder(data, n + 1))];
    await checkSigned(signed, key, say);
    if (!proves(receipt, entryLeaf(receipt, campaign[1], mine.email))) {
      fault(
        "the proof does not lead from this e-mail and the receipt's nonce to the signed root: the address (type it exactly" +
          " as your mail prints it), the index or a line of the proof is wrong",
      );
    }
    const { size, root } = receipt.checkpoint;
    say(`10. Your entry number ${comma(receipt.index)} (its place in the log) is under the root ${hex(root)} of ${comma(size)} leaves.`);
    say("    Not checked without the whole draw: whether it was removed, the tickets, the winner.");
    return UNPROVEN;
  }

  /* ---- The bundle (PKWARE APPNOTE: stored and deflated members) -------------------------------------------------------- */

  const CRC = new Int32Array(256).map((_, n) => {
    for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
    return n;
  });

  function crc32(data) {
    let crc = -1;
    for (let n = 0; n < data.length; n++) crc = CRC[(crc ^ data[n]) & 255] ^ (crc >>> 8);
    return ~crc >>> 0;
  }

  /* The members of a zip file by name: where each lies and how to read it. */
  function readDirectory(zip) {
    const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
    let end = zip.length - 22;
    while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
    const members = new Map();
    try {
      let at = view.getUint32(end + 16, true);
      for (let left = view.getUint16(end + 10, true); left; left--) {
        if (view.getUint32(at, true) !== 0x02014b50) throw new RangeError("not a member");
        const field = (offset) => view.getUint32(at + offset, true);
        const short = (offset) => view.getUint16(at + offset, true);
        const name = new TextDecoder().decode(zip.subarray(at + 46, at + 46 + short(28)));
        if (members.has(name)) fault("the bundle holds a file twice");
        members.set(name, { flags: short(8), method: short(10), crc: field(16), packed: field(20), size: field(24), start: field(42) });
        at += 46 + short(28) + short(30) + short(32);
      }
    } catch (error) {
      if (error instanceof Fault) throw error;
      fault("the bundle is not a whole zip file");
    }
    return members;
  }

  async function unpack(zip, member) {
    const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
    if (member.flags & 1 || view.getUint32(member.start, true) !== 0x04034b50) throw new RangeError("encrypted, or not there");
    const from = member.start + 30 + view.getUint16(member.start + 26, true) + view.getUint16(member.start + 28, true);
    let data = zip.subarray(from, from + member.packed);
    if (member.method === 8) {
      const plain = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
      data = new Uint8Array(await new Response(plain).arrayBuffer());
    } else if (member.method !== 0) throw new RangeError("packed in another way");
    if (data.length !== member.size || crc32(data) !== member.crc) throw new RangeError("changed");
    return data;
  }

  function zipReader(zip) {
    const members = readDirectory(zip);
    return async function (name) {
      if (!members.has(name)) return null;
      try {
        return await unpack(zip, members.get(name));
      } catch {
        return fault(`${name} in the bundle is damaged`);
      }
    };
  }

  function lines(data) {
    const found = [];
    for (let from = 0; from < data.length; ) {
      const newline = data.indexOf(10, from);
      const to = newline < 0 ? data.length : newline;
      found.push(data.subarray(from, to));
      from = to + 1;
    }
    return found;
  }

  /* What a bundle shows, each file the one that manifest.json lists. */
  async function readBundle(read) {
    let manifest = null;
    try {
      manifest = JSON.parse(asText((await read("manifest.json")) || new Uint8Array(0), "manifest.json"));
    } catch (error) {
      if (error instanceof Fault && error.message.endsWith("damaged")) throw error;
    }
    if (!isObject(manifest) || !isObject(manifest.files)) fault("the bundle has no manifest.json that lists its files");
    const held = new Map();
    for (const name of [...new Set([...Object.keys(manifest.files), "rules.txt", "leaves.jsonl", "checkpoint"])].sort()) {
      if (!/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name)) fault("manifest.json lists something that is not a plain file name");
      const data = await read(name);
      if (data === null) fault(`the bundle lacks ${name}`);
      if (!Object.hasOwn(manifest.files, name) || hex(sha256(data)) !== manifest.files[name]) {
        fault(`${name} is not the file that manifest.json lists`);
      }
      held.set(name, data);
    }
    return { rules: held.get("rules.txt"), leaves: lines(held.get("leaves.jsonl")), checkpoint: held.get("checkpoint"), sealed: held.get("sealed"), manifest };
  }

  /* The whole check of a bundle (bytes of a zip file): what was said, and the ending. */
  async function run(zip, mine, progress, hear) {
    const said = [];
    const say = (line) => {
      said.push(line);
      if (hear) hear(line);
    };
    let ending;
    try {
      ending = zip ? await check(await readBundle(zipReader(zip)), mine, say, progress) : await checkReceipt(mine, say);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      ending = `invalid: ${error.message}`;
    }
    return { said, ending };
  }

  window.OpenDraw = { sha256, hmac, hex, unhex, leafHash, rootByProof, readLeaf, readReceipt, entryLeaf, proves, check, run };

  /* ---- The page -------------------------------------------------------------------------------------------------------- */

  const form = document.getElementById("verify-form");
  if (!form) return;
  const find = (id) => document.getElementById(id);
  const served = /^https?:$/.test(location.protocol);
  const dropped = {}; // what was dropped on the page, by the field it belongs to

  const bytesOf = async (file) => new Uint8Array(await file.arrayBuffer());

  async function chosen(id) {
    const file = find(id).files[0] || dropped[id];
    return file ? bytesOf(file) : null;
  }

  async function receiptBytes() {
    const pasted = find("receipt-text").value;
    return (await chosen("receipt")) || (pasted.trim() ? encode(pasted.trim() + "\n") : null);
  }

  /* The campaign that the reader typed, or that the receipt's checkpoint names. */
  function campaignOf(receipt) {
    const typed = find("campaign").value.trim();
    const named = receipt ? /\/draws\/([a-z0-9][a-z0-9_-]{0,63})\/log\n/.exec(asSaved(receipt, "your receipt")) : null;
    return typed || (named ? named[1] : "");
  }

  /* The bundle: the file chosen, else what this site serves. Only its public address is asked for. */
  async function bundleBytes(receipt) {
    const file = await chosen("bundle");
    if (file) return file;
    const campaign = campaignOf(receipt);
    if (!served || !campaign) return null;
    tell("Fetching the draw …");
    const answer = await fetch(`/draws/${encodeURIComponent(campaign)}/bundle.zip`).catch(() => null);
    if (!answer || !answer.ok) throw new CannotBegin(`This site does not serve a bundle of the draw “${campaign}”. Choose its bundle.zip as a file.`);
    return new Uint8Array(await answer.arrayBuffer());
  }

  async function whatIsMine(receipt) {
    return {
      receipt,
      email: find("email").value,
      vkey: find("vkey").value.trim() || null,
      witnesses: find("witnesses").value.split(/\s+/).filter((vkey) => vkey),
      older: await Promise.all(Array.from(find("older").files, bytesOf)),
      letter: await chosen("letter"),
    };
  }

  /* The announced line: every change of it is read out. */
  function tell(sentence, kind) {
    find("verdict").textContent = sentence;
    find("verdict").dataset.kind = kind || "";
  }

  const MEANING = {
    [VERIFIED]: "Everything that this page can check holds, and somebody other than the publisher saw the sealed list in time.",
    [UNPROVEN]: "Everything that this page can check holds. That the list was sealed in time, only the mail in your inbox can tell.",
  };

  function showResult({ said, ending }) {
    const mine = said.findIndex((line) => line.startsWith("10."));
    const own = mine < 0 ? "" : said.slice(mine).join(" ").replace(/^10\. /, "").replace(/\s+/g, " ");
    find("own").textContent = ending.startsWith("invalid") ? "" : own;
    const warnings = said.filter((line) => /NOT CHECKED|OPERATOR-TRUSTED|LATE SEAL|Void since|not drawn yet|Not sealed yet/.test(line));
    find("meaning").textContent = [MEANING[ending] || "", ...warnings.map((line) => line.replace(/^(\d+\.)?\s+/, ""))].join(" ").trim();
    find("said").textContent = said.join("\n");
    find("details").hidden = said.length === 0;
    tell(ending, ending.startsWith("invalid") ? "invalid" : "good");
  }

  async function start(withReceipt) {
    const bar = find("progress");
    find("result").hidden = false;
    find("details").hidden = true;
    find("own").textContent = find("meaning").textContent = "";
    form.setAttribute("aria-busy", "true");
    try {
      const receipt = withReceipt ? await receiptBytes() : null;
      if (withReceipt && !receipt) throw new CannotBegin("Choose your receipt first, or paste it.");
      if (withReceipt && !find("email").value) throw new CannotBegin("Type your e-mail address, exactly as the receipt’s mail prints it.");
      const mine = await whatIsMine(receipt);
      const bundle = await bundleBytes(receipt);
      if (!bundle && !(receipt && mine.vkey)) {
        form.querySelector("details").open = receipt !== null; // the field for the key is in there
        throw new CannotBegin("Choose the draw’s bundle.zip" + (receipt ? ", or type the log’s key as your mail prints it." : " or type the draw’s name."));
      }
      tell("Checking …");
      bar.hidden = false;
      showResult(await run(bundle, mine, (done) => (bar.value = done)));
    } catch (error) {
      if (error instanceof Fault) showResult({ said: [], ending: `invalid: ${error.message}` });
      else if (error instanceof CannotBegin) tell(error.message, "stopped");
      else tell(`The check stopped (${shown(String(error.message))}). Nothing is proven; try open_draw.py.`, "stopped");
    }
    bar.hidden = true;
    form.removeAttribute("aria-busy");
  }

  /* A dropped file goes where its first bytes say. */
  async function drop(event) {
    event.preventDefault();
    for (const file of event.dataTransfer.files) {
      const beginning = new TextDecoder("latin1").decode(new Uint8Array(await file.slice(0, 20).arrayBuffer()));
      const field = beginning.startsWith("PK") ? "bundle" : file.name.endsWith(".eml") ? "letter" : "receipt";
      dropped[field] = file;
      find(field).value = "";
      find(`${field}-name`).textContent = `Dropped: ${file.name}`;
    }
  }

  form.hidden = false;
  find("from-site").hidden = !served;
  find("campaign").value = new URLSearchParams(location.search).get("campaign") || "";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    start(true);
  });
  find("whole").addEventListener("click", () => start(false));
  form.addEventListener("dragover", (event) => event.preventDefault());
  form.addEventListener("drop", drop);
  for (const field of ["receipt", "bundle", "letter"]) {
    find(field).addEventListener("change", () => {
      delete dropped[field];
      find(`${field}-name`).textContent = "";
    });
  }
})();
