// Checks the proof that a page shows, in the reader's browser: RFC 9162 section 2.1.3.2, and the
// signed note of C2SP. It asks nobody anything; all that it reads stands on the page.
"use strict";

const utf8 = new TextEncoder();
const bytesOf = (base64) => Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
const hexOf = (bytes) => Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
const isSame = (one, other) => hexOf(one) === hexOf(other);

async function sha256(...parts) {
  const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

const hashOfLeaf = (leaf) => sha256(Uint8Array.of(0), leaf);
const hashOfNode = (left, right) => sha256(Uint8Array.of(1), left, right);

// The root that a leaf leads to; null: the proof does not fit the place.
async function climb(leafHash, index, size, proof) {
  if (!(index >= 0 && index < size)) return null;
  let [place, last, climbed] = [index, size - 1, leafHash];
  for (const beside of proof) {
    if (last === 0) return null;
    if (place % 2 === 1 || place === last) {
      climbed = await hashOfNode(beside, climbed);
      while (place % 2 === 0 && place !== 0) [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
    } else {
      climbed = await hashOfNode(climbed, beside);
    }
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  return last === 0 ? climbed : null;
}

// A checkpoint: what is signed, and by whom.
function read(note) {
  const end = note.indexOf("\n\n") + 1;
  const [origin, size, root] = note.slice(0, end).split("\n");
  const signatures = note.slice(end + 1).split("\n").filter((line) => line.startsWith("\u2014 "));
  return { text: note.slice(0, end), origin, size: Number(size), root: bytesOf(root), signatures };
}

// A verifier key: its name, the four bytes that name it, and 32 bytes of Ed25519.
async function readKey(line) {
  const [, name, id, packed] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(line);
  const typed = bytesOf(packed);
  const named = await sha256(utf8.encode(`${name}\n`), typed);
  return { name, id, key: typed.slice(1), isSound: typed[0] === 1 && hexOf(named.slice(0, 4)) === id };
}

// Whether one of the keys has signed; null: this browser cannot tell.
async function isSigned(checkpoint, keys) {
  for (const line of keys) {
    const { name, id, key, isSound } = await readKey(line);
    if (!isSound || name !== checkpoint.origin) continue;
    for (const each of checkpoint.signatures) {
      const [, signer, packed] = each.split(" ");
      const signature = bytesOf(packed);
      if (signer !== name || hexOf(signature.slice(0, 4)) !== id) continue;
      let ready;
      try {
        ready = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
      } catch {
        return null;
      }
      const text = utf8.encode(checkpoint.text);
      if (await crypto.subtle.verify("Ed25519", ready, signature.slice(4), text)) return true;
    }
  }
  return false;
}

function say(name, verdict) {
  const item = document.querySelector(`[data-check="${name}"]`);
  for (const each of item.querySelectorAll("[data-is]")) each.hidden = each.dataset.is !== verdict;
  item.dataset.verdict = verdict;
  return verdict;
}

// Whatever cannot even be read does not hold.
async function judge(name, check) {
  let verdict;
  try {
    verdict = await check();
  } catch {
    verdict = false;
  }
  return say(name, verdict === null ? "unable" : verdict ? "good" : "bad");
}

async function checkAll(place) {
  const { index, size, leaf: packed, proof, checkpoint: note, keys } = place.dataset;
  const leaf = bytesOf(packed);
  const hashes = proof.split(" ").filter(Boolean).map(bytesOf);
  const shown = (id) => document.getElementById(id).textContent;
  const checkpoint = read(note);
  const leafHash = await hashOfLeaf(leaf);
  const found = [
    await judge("text", () => isSame(utf8.encode(shown("leaf-text")), leaf)),
    await judge("hash", () => hexOf(leafHash) === shown("leaf-hash")),
    await judge("path", async () => {
      const root = await climb(leafHash, Number(index), Number(size), hashes);
      return root !== null && checkpoint.size === Number(size) && isSame(root, checkpoint.root);
    }),
    await judge("signature", () => isSigned(checkpoint, keys.split("\n").filter(Boolean))),
  ];
  say("whole", found.includes("bad") ? "bad" : found.includes("unable") ? "unable" : "good");
}

const place = document.getElementById("browser-check");
if (place) {
  place.hidden = false;
  // Browsers hash only for pages that came safely (https, or this machine).
  if (globalThis.crypto?.subtle) checkAll(place);
  else for (const each of ["text", "hash", "path", "signature", "whole"]) say(each, "unable");
}
