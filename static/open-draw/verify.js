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
  const shown = (text) => Array.from(text, (c) => (c >= " " && c <= "~" ? c : "?")).slice(0, 100).join(""); // foreign text, harmless
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

  const NUMBER = "(?:0|[1-9][0-9]{0,14})";
  const BASE64_32 = "[A-Za-z0-9+/]{43}=";
  const SIGNATURE = "\u2014 ([!-*,-~]+) ((?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\n";
  const BODY = `([!-~]+)\n([1-9][0-9]{0,14})\n(${BASE64_32})\n(?:[^\0-\x1f]+\n)*`; // origin, size, root
  const NOTE = new RegExp(`^(?:c2sp.org/tlog-proof@v1\n(?:[^\n]+\n)+\n)?(${BODY})\n((?:${SIGNATURE})+)$`); // perhaps in a receipt
  const RECEIPT = ["c2sp.org/tlog-proof@v1", `extra ${BASE64_32}`, `index ${NUMBER}`, BASE64_32]; // its lines; the last recurs

  /* Text, perhaps saved by a program that changed its line ends, put a mark before it or dropped the last one. */
  function asText(data) {
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(data);
    return text.replace(/^\ufeff+/, "").replace(/\r\n/g, "\n").replace(/\n+$/, "") + "\n";
  }

  const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));
  const base64Of = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

  /* A verifier key: name+id+base64(kind, public key). Kind 1 signs notes, kind 4 timestamps checkpoints. */
  function readVkey(vkey, kind, what) {
    const parts = /^([!-*,-~]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(vkey);
    if (!parts) fault(`${what} is not a whole vkey`);
    const data = base64Of(parts[3]);
    const id = hex(sha256(joined(encode(parts[1] + "\n"), data)).subarray(0, 4));
    if (data[0] !== kind || id !== parts[2]) fault(`${what} is not of the kind ${kind}, or its id is of another key`);
    return { name: parts[1], id, public: data.subarray(1) };
  }

  function readCheckpoint(data, what) {
    const found = NOTE.exec(asText(data));
    if (!found) fault(`${what} is truncated or malformed: it must be origin, size, root, an empty line and signatures`);
    const signatures = Array.from(found[5].matchAll(new RegExp(SIGNATURE, "g")), ([, name, text]) => {
      const signature = base64Of(text);
      return { name, id: hex(signature.subarray(0, 4)), data: signature.subarray(4) };
    });
    return { what, origin: found[2], size: Number(found[3]), root: base64Of(found[4]), body: encode(found[1]), signatures };
  }

  const by = (checkpoint, key) => checkpoint.signatures.filter((one) => one.name === key.name && one.id === key.id);

  /* The log's own Ed25519 signature (kind 1). Signatures of unknown keys are ignored, as the format asks. */
  async function checkSignature(checkpoint, key) {
    if (checkpoint.origin !== key.name) fault(`${checkpoint.what} is of another log: ${checkpoint.origin}, not ${key.name}`);
    const ours = by(checkpoint, key);
    if (!ours.length) fault(`${checkpoint.what} is not signed by the key of this log`);
    for (const { data } of ours) {
      if (!(await ed25519Verifies(key.public, checkpoint.body, data))) fault(`the signature of ${key.name} on ${checkpoint.what} is wrong`);
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
          fault(`the signature of ${key.name} on ${checkpoint.what} is wrong`);
        }
        seen.push({ who: `witness ${key.name}`, at });
      }
    }
    return seen;
  }

  /* Every one is signed, and no two signed ones conflict: of one size with different roots they prove fraud. */
  async function checkSigned(checkpoints, key, say) {
    for (const [n, one] of checkpoints.entries()) {
      await checkSignature(one, key);
      for (const two of checkpoints.slice(0, n)) {
        if (one.size === two.size && !same(one.root, two.root)) {
          fault(`the log was forked: ${two.what} and ${one.what} differ at ${comma(one.size)} leaves`);
        }
      }
    }
    say("2. Signed by the log: " + checkpoints.map((one) => `${one.what} (${comma(one.size)} leaves)`).join(", ") + ".");
  }

  /* ---- Receipts (c2sp.org/tlog-proof) and entries --------------------------------------------------------------------- */

  /* A receipt: which entry, the nonce that only its owner has, the proof that it is in the tree that was signed. */
  function readReceipt(data) {
    const lines = asText(data).split("\n\n", 1)[0].replace(/\n+$/, "").split("\n");
    for (let n = 0; n < Math.max(3, lines.length); n++) {
      if (!new RegExp(`^${RECEIPT[Math.min(n, 3)]}$`).test(lines[n] || "")) fault(`line ${n + 1} of your receipt is missing, truncated or changed`);
    }
    const index = Number(lines[2].slice(6));
    const checkpoint = readCheckpoint(data, "the checkpoint in your receipt");
    if (index >= checkpoint.size) fault(`your receipt is for entry ${comma(index)}, but its tree has ${comma(checkpoint.size)} leaves`);
    return { nonce: base64Of(lines[1].slice(6)), index, proof: lines.slice(3).map(base64Of), checkpoint };
  }

  /* The leaf of the person who holds the receipt's nonce and the address, as the receipt's mail prints it. */
  function entryLeaf(receipt, campaign, address) {
    const mark = hmac(receipt.nonce)(encode(`open-draw/1\0${campaign}\0${address}`));
    return encode(`{"commitment":"${hex(mark)}","type":"entry"}`);
  }

  /* Whether the proof, with no hash too many or too few, leads from the leaf to the signed root (RFC 9162). */
  function proves(receipt, leaf) {
    let root = leafHash(leaf);
    let [index, last] = [receipt.index, receipt.checkpoint.size - 1];
    const up = () => ([index, last] = [Math.floor(index / 2), Math.floor(last / 2)]);
    for (const neighbour of receipt.proof) {
      while (last && index === last && index % 2 === 0) up(); // the last of an odd row goes up as it is
      if (!last) return false;
      root = nodeHash(index % 2 ? joined(neighbour, root) : joined(root, neighbour));
      up();
    }
    return last === 0 && same(root, receipt.checkpoint.root);
  }

  /* ---- Leaves: canonical JSON (RFC 8785) leaves no choice of bytes, so each is matched as text ----------------------- */

  const seconds = (stamp) => Date.parse(stamp) / 1000;
  const stampOf = (at) => new Date(at * 1000).toISOString().slice(0, 19) + "Z";
  const record = (members) => "\\{" + Object.entries(members).map(([name, pattern]) => `"${name}":${pattern}`).join(",") + "\\}";

  const HASH = '"[0-9a-f]{64}"';
  const HEX = '"(?:[0-9a-f]{2})*"';
  const DRAND = '"drand"';
  const OPERATOR = '"operator"';
  const RANKED = record({ index: NUMBER, rank: NUMBER, ticket: HASH });
  const SHAPES = {
    number: NUMBER,
    time: '"[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"',
    code: '"[a-z0-9][a-z0-9_-]{0,63}"',
    hash: HASH,
    origin: '"[!#-*,-\\[\\]-~]+"',
    "pinned-beacon": record({ chain: HEX, kind: DRAND, round: NUMBER }) + "|" + record({ commitment: HASH, kind: OPERATOR }),
    beacon: record({ kind: DRAND, round: NUMBER, signature: HEX }) + "|" + record({ kind: OPERATOR, secret: HEX }),
    ranking: `\\[(?:${RANKED}(?:,${RANKED})*)?\\]`,
    "known-reason": '"(?:no_answer|declined|ineligible|erasure)"',
    version: '"open-draw/1"',
    word: '"[a-z]+"',
  };
  /* The members of each type in canonical order, each with its shape; only a late seal has those with a "?". */
  const LEAVES = {
    open:
      "alternates=number beacon=pinned-beacon campaign=code claim_days=number closes_at=time draws_at=time" +
      " opens_at=time origin=origin protocol=version rules_sha256=hash seals_at=time type=word winners=number",
    entry: "commitment=hash type=word",
    withdraw: "index=number reason=code type=word",
    exclude: "index=number reason=code type=word",
    seal: "at=time draws_at=time? eligible=number entries=number reason=code? round=number? type=word",
    draw: "at=time beacon=beacon ranking=ranking type=word",
    forfeit: "at=time rank=number reason=known-reason type=word",
    award: "at=time rank=number type=word",
    paid: "at=time rank=number type=word",
    void: "at=time reason=code type=word",
  };

  function isTime(stamp) {
    return !Number.isNaN(seconds(stamp)) && stampOf(seconds(stamp)) === stamp; // of a day that exists
  }

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

  /* Leaf n with exactly the members of its type, in canonical form. */
  function readLeaf(data, n) {
    const text = new TextDecoder("latin1").decode(data);
    const kind = (/"type":"([a-z]+)"/.exec(text) || ["", ""])[1];
    if (!Object.hasOwn(LEAVES, kind) || data.length > 65535) fault(`leaf ${comma(n)} is of an unknown type, or longer than 65,535 bytes`);
    let days = true;
    let at = 0;
    for (const member of LEAVES[kind].split(" ")) {
      const [name, shape] = member.replace("?", "").split("=");
      const pattern = new RegExp(`${at ? "," : "\\{"}"${name}":(${SHAPES[shape]})`, "y");
      pattern.lastIndex = at;
      const found = pattern.exec(text);
      if (found) {
        at = pattern.lastIndex;
        days = days && (shape !== "time" || isTime(found[1].slice(1, -1)));
      } else if (!member.endsWith("?")) at = Infinity;
    }
    if (text.slice(at) !== "}") fault(`leaf ${comma(n)} (${kind}) is ill-formed: not canonical, or not with its members`);
    if (!days) fault(`leaf ${comma(n)} (${kind}) is ill-formed: there is no such day`);
    return JSON.parse(text);
  }

  /* ---- The log as a whole --------------------------------------------------------------------------------------------- */

  /* Which leaves a log may take in each of its states, and a rank's prize in each of its own; and the states that follow. */
  const LOG = { open: "entry withdraw exclude seal void", sealed: "draw void", drawn: "forfeit award paid", void: "" };
  const LOG_AFTER = { seal: "sealed", draw: "drawn", void: "void" };
  const PRIZE = { drawn: "award forfeit", awarded: "paid forfeit", paid: "", forfeited: "", "not offered": "" };
  const PRIZE_AFTER = { award: "awarded", paid: "paid", forfeit: "forfeited" };

  class Log {
    constructor(leaves, terms) {
      this.leaves = leaves;
      this.terms = terms; // leaf 0
      this.hashes = new Uint8Array(32 * leaves.length);
      this.entries = new Map(); // commitment: index
      this.removed = new Map(); // index: the leaf that removed it
      this.state = "open";
      this.latest = ""; // the latest time in a leaf
      this.seal = this.draw = this.void = null;
      this.steps = []; // what follows the draw
      this.ranks = []; // index of every eligible entry, in order
      this.ticket = null; // the ticket of a rank, in hex
      this.prizes = new Map(); // rank: the state of its prize
    }

    get operator() {
      return this.terms.beacon.kind === "operator";
    }

    get eligible() {
      return this.entries.size - this.removed.size;
    }

    holders() {
      return [...this.prizes.keys()].filter((rank) => this.prizes.get(rank) !== "forfeited");
    }
  }

  function checkTerms(leaf) {
    if (leaf.type !== "open") fault("leaf 0 does not open a log");
    if (!leaf.origin.endsWith(`/draws/${leaf.campaign}/log`)) fault("the origin in leaf 0 is not that of its campaign's log");
    const [opens, closes, seals, draws] = [leaf.opens_at, leaf.closes_at, leaf.seals_at, leaf.draws_at].map(seconds);
    const inOrder = opens < closes && closes <= seals && seals <= draws - HOUR;
    if (!inOrder || !leaf.winners || leaf.winners + leaf.alternates > 500) {
      const must = "there must be opens_at < closes_at <= seals_at <= draws_at - 1 h, 1 winner, at most 500 ranks";
      fault(`the terms in leaf 0 are not possible: ${must}`);
    }
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
      if (one.size > count) fault(`the log was rolled back: to ${comma(count)} leaves, ${one.what} has ${comma(one.size)}`);
      if (!same(found.get(one.size), one.root)) fault(`the leaves do not hash to the root of ${one.what}: changed, or forked`);
    }
  }

  const SEAL_END = encode('"type":"seal"}');

  /* The last leaf under the sealed checkpoint is the only seal. Members are sorted, so every seal ends like this. */
  function checkSeals(log, sealed) {
    const seals = [];
    log.leaves.forEach((leaf, n) => {
      if (leaf[leaf.length - 3] === 0x6c && same(leaf.subarray(-SEAL_END.length), SEAL_END)) seals.push(n);
    });
    if (seals.length && !sealed) fault("the log holds a seal, but the sealed checkpoint is missing");
    if (sealed && (seals.length !== 1 || seals[0] !== sealed.size - 1)) {
      fault(`leaf ${comma(sealed.size - 1)}, where the sealed checkpoint ends, is not the only seal`);
    }
  }

  /* Every leaf is well-formed and allowed where it stands. */
  async function checkLeaves(log, slices) {
    const ascii = new TextDecoder("latin1");
    for (let n = 1; n < log.leaves.length; n++) {
      const data = log.leaves[n];
      if (log.state === "open" && isPlainEntry(data)) {
        const mark = ascii.decode(data.subarray(15, 79));
        if (log.entries.has(mark)) fault(`leaves ${comma(log.entries.get(mark))} and ${comma(n)} have the same commitment`);
        log.entries.set(mark, n);
      } else checkLeaf(log, readLeaf(data, n), n);
      if (n % 256 === 0) await slices.rest(0.65 + (0.1 * n) / log.leaves.length);
    }
  }

  function checkLeaf(log, leaf, n) {
    const { type: kind, index } = leaf;
    const what = `leaf ${comma(n)} (${kind})`;
    const at = leaf.at || log.latest;
    if (!LOG[log.state].split(" ").includes(kind)) fault(`${what} may not stand in a log that is ${log.state}`);
    if (at < log.latest) fault(`${what} is dated before what it follows`);
    log.latest = at;
    log.state = LOG_AFTER[kind] || log.state;
    if (index !== undefined) {
      if (index >= n || !isPlainEntry(log.leaves[index]) || log.removed.has(index)) {
        fault(`${what} does not name an earlier entry not yet removed`);
      }
      log.removed.set(index, leaf);
    } else if ("rank" in leaf) log.steps.push([n, leaf]);
    else log[kind] = leaf; // the seal, the draw, the void
  }

  function checkCounts(log) {
    const { seal, entries, eligible } = log;
    if (seal && (seal.entries !== entries.size || seal.eligible !== eligible)) {
      fault(`the seal counts wrong: the leaves hold ${comma(entries.size)} entries, ${comma(eligible)} of them eligible`);
    }
  }

  /* ---- Times and the beacon ------------------------------------------------------------------------------------------- */

  const roundAt = (at) => Math.ceil((at - GENESIS) / PERIOD) + 1;
  const roundTime = (round) => GENESIS + (round - 1) * PERIOD;

  /* Check 6. The round that the draw must use (0 for an operator's): from leaf 0, or moved by a late seal. */
  function checkTimes(log, say) {
    const { beacon } = log.terms;
    const drand = !log.operator;
    const seal = log.seal || {};
    let due = seconds(log.terms.draws_at);
    let round = drand ? beacon.round : 0;
    if (drand && beacon.chain !== QUICKNET) fault("leaf 0 names another beacon chain than drand's quicknet");
    if (drand && (round < 1 || round !== roundAt(due))) {
      fault(`leaf 0 does not pin the first round at or after draws_at, which is ${comma(roundAt(due))}`);
    }
    const early = log.seal !== null && seal.at < log.terms.seals_at; // an operator's may be closed early, and drawn at once
    if (early && drand) fault("the seal is dated before seals_at");
    const late = log.seal ? seconds(seal.at) + HOUR - due : 0;
    if (late > 7 * DAY) fault("the seal is more than seven days late: the campaign is void");
    const stated = (name) => (Object.hasOwn(seal, name) ? seal[name] : null);
    if (late > 0) {
      due += Math.ceil(late / DAY) * DAY;
      round = drand ? roundAt(due) : 0;
      if (stated("draws_at") !== stampOf(due) || stated("round") !== (round || null) || stated("reason") === null) {
        fault(`the seal is late by ${Math.ceil(late / DAY)} days: it must give a reason and move the draw to ${stampOf(due)}`);
      }
    } else if (["draws_at", "reason", "round"].some((name) => stated(name) !== null)) {
      fault("the seal is late by 0 days: it may not move the draw");
    }
    const when = early ? seal.at : stampOf(due);
    if (log.draw && log.draw.at < when) fault("the draw is dated before it was due");
    say(`6. The draw is due at ${when}, by ${drand ? `round ${comma(round)}` : "the operator's own secret"}.`);
    if (log.draw) say(`   It was made at ${log.draw.at}.`);
    if (late > 0) say(`   LATE SEAL (${seal.reason}): the draw moved, which gives the publisher a veto on one draw.`);
    return round;
  }

  /* The 32 bytes B that the draw is made from. */
  function checkBeacon(log, beacon, round, say) {
    if (beacon.kind !== log.terms.beacon.kind) fault("the draw's beacon is not of the kind that leaf 0 names");
    if (log.operator) {
      const secret = unhex(beacon.secret);
      if (secret.length !== 32 || hex(sha256(secret)) !== log.terms.beacon.commitment) {
        fault("the operator's secret is not the 32 bytes that leaf 0 commits to");
      }
      say("7. The operator's secret is the one that leaf 0 commits to.");
      return secret;
    }
    if (beacon.round !== round) fault(`the draw used round ${comma(beacon.round)} of the beacon, not round ${comma(round)}`);
    const signature = unhex(beacon.signature);
    if (signature.length !== 48 || (signature[0] & 0xc0) !== 0x80) {
      fault(`the beacon's signature of ${signature.length} bytes is not a compressed point of 48, or is infinity`);
    }
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
    const count = Math.min(log.eligible, log.terms.winners + log.terms.alternates);
    if (!count) fault("a draw was made with nobody eligible");
    if (stated.length !== count) fault(`the ranking has ${comma(stated.length)} ranks, not ${comma(count)}`);
    stated.forEach((given, n) => {
      const [index, ticket] = [log.ranks[n], log.ticket(n + 1)];
      if (given.rank !== n + 1 || given.index !== index || given.ticket !== ticket) {
        fault(`the ranking is wrong at rank ${n + 1}: it belongs to entry ${comma(index)}, ticket ${ticket}`);
      }
    });
  }

  /* Forfeits, awards and payments; the lowest rank not used yet takes over a forfeited prize. */
  function checkSteps(log, say) {
    const [winners, days, ranks] = [log.terms.winners, log.terms.claim_days, log.draw.ranking.length];
    const offered = new Map(); // when the time to answer began
    const offer = (rank, at) => {
      log.prizes.set(rank, "drawn");
      offered.set(rank, at);
    };
    for (let rank = 1; rank <= Math.min(winners, ranks); rank++) offer(rank, seconds(log.draw.at));
    for (const [n, leaf] of log.steps) {
      const { type: kind, rank } = leaf;
      const at = seconds(leaf.at);
      const what = `leaf ${comma(n)} (${kind}, rank ${comma(rank)})`;
      const prize = log.prizes.get(rank) || "not offered";
      if (!PRIZE[prize].split(" ").includes(kind)) fault(`${what} may not follow: that rank's prize is ${prize}`);
      if (leaf.reason === "no_answer" && at < offered.get(rank) + days * DAY) {
        fault(`${what} comes before the ${comma(days)} days to answer were over`);
      }
      log.prizes.set(rank, PRIZE_AFTER[kind]);
      if (kind === "forfeit" && log.prizes.size < ranks) offer(log.prizes.size + 1, at);
    }
    say(`9. ${comma(log.steps.length)} forfeits, awards and payments, in order and in time.`);
    for (const [, { type, rank, reason }] of log.steps) {
      if (type === "forfeit") say(`   Forfeited: entry ${comma(log.ranks[rank - 1])} (rank ${rank}, ${reason}).`);
    }
    for (const rank of log.holders()) say(`   Winner: entry ${comma(log.ranks[rank - 1])} (rank ${rank}, ${log.prizes.get(rank)}).`);
    const missing = winners - log.holders().length;
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
    const head = letter.split(/\r?\n\r?\n/, 1)[0].replace(/\r?\n[ \t]+/g, " ");
    const received = (/^received:(.*)$/im.exec(head) || ["", ""])[1].replace(/\s+/g, " ");
    const by = /\bby ([!-~]+)/.exec(received);
    const at = /(\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? (?:[+-]\d{4}|GMT|UT))/.exec(received.slice(received.lastIndexOf(";")));
    const time = at ? Date.parse(at[1]) / 1000 : NaN;
    if (!by || Number.isNaN(time) || !decodings(letter).includes(toBase64(root))) {
      fault("the letter cannot be read, has no Received line with a time, or does not state the sealed root R");
    }
    return { who: `the mail in your inbox, received by ${by[1]},`, at: time };
  }

  /* Whether anybody but the publisher saw R before the round's time. Nothing in the log itself dates the seal. */
  function checkSealTime(log, round, seen, say) {
    if (log.operator) {
      say("   OPERATOR-TRUSTED: who knows the secret can try entries until a friend wins. No seal helps.");
      return false;
    }
    const before = roundTime(round);
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
    const vkey = given || [...inRules][0];
    if (!vkey || [...inRules].some((one) => one !== vkey)) fault(`the log's vkey is unclear: ${inRules.size} in the rules, ${given || "none"} given`);
    return vkey;
  }

  function checkKey(show, terms, given, say) {
    checkTerms(terms);
    if (hex(sha256(show.rules)) !== terms.rules_sha256) fault("the rules are not those that leaf 0 names, or missing");
    const vkey = findVkey(show.rules, terms.origin, given);
    const key = readVkey(vkey, 1, "the log's vkey");
    if (key.name !== terms.origin) fault(`the vkey is of another log: ${key.name}, not ${terms.origin}`);
    const truth = { protocol: "open-draw/1", campaign: terms.campaign, origin: terms.origin, vkey, size: show.leaves.length };
    if (show.manifest && Object.keys(truth).some((name) => show.manifest[name] !== truth[name])) {
      fault(`manifest.json is of another log: not of ${comma(show.leaves.length)} leaves, ${vkey}`);
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
      checkSteps(log, say);
    }
  }

  function checkEntry(log, receipt, address, say) {
    const mine = entryLeaf(receipt, log.terms.campaign, address);
    const { index } = receipt;
    const number = log.entries.get(new TextDecoder("latin1").decode(mine.subarray(15, 79)));
    if (number !== undefined && number !== index) fault(`your entry is number ${comma(number)} in the log, your receipt says ${comma(index)}`);
    if (!same(log.leaves[index], mine)) {
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
    if (log.prizes.get(rank) === "forfeited") say("    It was drawn, and forfeited.");
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
    const receipt = mine.receipt ? readReceipt(mine.receipt) : null;
    const witnesses = (mine.witnesses || []).map((vkey) => readVkey(vkey, 4, "a witness's key"));
    if (!show.leaves.length) fault("the log holds no leaves");
    const log = new Log(show.leaves, readLeaf(show.leaves[0], 0));
    const key = checkKey(show, log.terms, mine.vkey, say);

    const sealed = show.sealed ? readCheckpoint(show.sealed, "the sealed checkpoint") : null;
    const current = readCheckpoint(show.checkpoint, "the current checkpoint");
    const signed = [sealed, current, receipt && receipt.checkpoint].filter((one) => one);
    (mine.older || []).forEach((data, n) => signed.push(readCheckpoint(data, `older file ${n + 1}`)));
    await checkSigned(signed, key, say);
    await checkRoots(log, current.size, signed, slices);
    checkSeals(log, sealed);
    const only = sealed ? ` R = ${hex(sealed.root)}; leaf ${comma(sealed.size - 1)} is the only seal.` : "";
    say(`3. All ${comma(current.size)} leaves hash to these roots.${only}`);
    await checkLeaves(log, slices);
    say("4. Every leaf is well-formed and in order; no two commitments are equal.");
    checkCounts(log);
    say(`5. ${comma(log.entries.size)} entries, ${comma(log.removed.size)} of them removed, ${comma(log.eligible)} eligible.`);

    const round = checkTimes(log, say);
    if (!sealed && mine.letter) fault("a letter states the sealed root R, but this log shows no seal");
    let proven = false;
    if (sealed) {
      const seen = [];
      for (const one of signed) if (one.size >= sealed.size) seen.push(...(await cosignatures(one, witnesses)));
      if (mine.letter) seen.push(readLetter(mine.letter, sealed.root));
      proven = checkSealTime(log, round, seen, say);
    }
    await checkDraw(log, sealed ? sealed.root : null, round, say, slices);
    if (receipt) checkEntry(log, receipt, mine.email, say);
    return proven ? VERIFIED : UNPROVEN;
  }

  /* A receipt alone, by the vkey in one's mail: checks 1, 2 and 10 as far as they go without the log. */
  async function checkReceipt(mine, say) {
    await needEd25519();
    if (mine.letter || (mine.witnesses || []).length) throw new CannotBegin("Witnesses and the seal's letter need the draw itself: its bundle.zip.");
    const receipt = readReceipt(mine.receipt);
    const key = readVkey(mine.vkey, 1, "the log's vkey");
    const campaign = /^.+\/draws\/([a-z0-9][a-z0-9_-]{0,63})\/log$/.exec(key.name);
    if (!campaign) fault("the vkey does not name the log of a campaign");
    const signed = [receipt.checkpoint, ...(mine.older || []).map((data, n) => readCheckpoint(data, `older file ${n + 1}`))];
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
    let plain = true;
    try {
      if (end < 0) throw new RangeError("no end");
      let at = view.getUint32(end + 16, true);
      for (let left = view.getUint16(end + 10, true); left; left--) {
        if (view.getUint32(at, true) !== 0x02014b50) throw new RangeError("not a member");
        const field = (offset) => view.getUint32(at + offset, true);
        const short = (offset) => view.getUint16(at + offset, true);
        const name = new TextDecoder().decode(zip.subarray(at + 46, at + 46 + short(28)));
        plain = plain && !members.has(name) && [0, 8].includes(short(10));
        members.set(name, { flags: short(8), method: short(10), crc: field(16), packed: field(20), size: field(24), start: field(42) });
        at += 46 + short(28) + short(30) + short(32);
      }
    } catch {
      fault("the bundle is not a whole zip file");
    }
    const inflated = [...members.values()].reduce((sum, member) => sum + member.size, 0);
    if (!plain || inflated > Math.max(1e7, 100 * zip.length)) {
      fault("the bundle holds a file twice, one not deflated, or inflates more than a hundredfold");
    }
    return members;
  }

  /* Inflates to `size` bytes and not one more: what a zip file says of itself may be a lie. */
  async function inflate(packed, size) {
    const data = new Uint8Array(size);
    const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
    for (let at = 0; ; ) {
      const { done, value } = await reader.read();
      if (done && at === size) return data;
      if (done || at + value.length > size) throw new RangeError("not its size");
      data.set(value, at);
      at += value.length;
    }
  }

  async function unpack(zip, member) {
    const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
    if (member.flags & 1 || view.getUint32(member.start, true) !== 0x04034b50) throw new RangeError("encrypted, or not there");
    const from = member.start + 30 + view.getUint16(member.start + 26, true) + view.getUint16(member.start + 28, true);
    let data = zip.subarray(from, from + member.packed);
    if (member.method === 8) data = await inflate(data, member.size);
    else if (member.method !== 0) throw new RangeError("packed in another way");
    if (data.length !== member.size || crc32(data) !== member.crc) throw new RangeError("changed");
    return data;
  }

  function zipReader(zip) {
    const members = readDirectory(zip);
    return async function (name) {
      try {
        return await unpack(zip, members.get(name));
      } catch {
        return fault(`${name} in the bundle is missing or damaged`);
      }
    };
  }

  function lines(data) {
    const found = [];
    for (let from = 0; from < data.length; ) {
      const to = data.indexOf(10, from);
      if (to < 0) fault("leaves.jsonl does not end with a whole line: its last leaf is cut off, or something follows it");
      found.push(data.subarray(from, to));
      from = to + 1;
    }
    return found;
  }

  /* JSON in which no object has a name twice: outside of its strings every colon stands for a name. */
  function parseOnce(text) {
    let names = 0;
    const value = JSON.parse(text, (_, inner) => {
      if (isObject(inner)) names += Object.keys(inner).length;
      return inner;
    });
    return text.replace(/"(?:[^"\\]|\\.)*"/g, "").split(":").length === names + 1 ? value : null;
  }

  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

  /* What a bundle shows, each file the one that manifest.json lists. */
  async function readBundle(read) {
    let manifest = null;
    const text = asText(await read("manifest.json"));
    try {
      manifest = parseOnce(text);
    } catch {
      // no JSON: null
    }
    if (!isObject(manifest) || !isObject(manifest.files)) fault("manifest.json does not list the bundle's files, each once");
    const held = new Map();
    for (const name of [...new Set([...Object.keys(manifest.files), "rules.txt", "leaves.jsonl", "checkpoint"])].sort()) {
      if (!/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name)) fault("manifest.json lists what is not a plain file name");
      const data = await read(name);
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

  window.OpenDraw = { sha256, hmac, hex, unhex, leafHash, readLeaf, readReceipt, entryLeaf, proves, check, run };

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
    const named = receipt ? /\/draws\/([a-z0-9][a-z0-9_-]{0,63})\/log\n/.exec(asText(receipt)) : null;
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
