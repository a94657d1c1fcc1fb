// Verifies the tokens of `cargo run --example interop` with jose. Usage: node check.mjs tokens.json

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createLocalJWKSet, jwtVerify } from "jose";

const { jwks, tokens } = JSON.parse(await readFile(process.argv[2], "utf8"));
const keys = createLocalJWKSet(jwks);

/** The claims of a token whose signature, type, issuer, audience and times are right. */
async function verify({ token, typ, issuer, audience, now }) {
  const options = { algorithms: ["EdDSA"], typ, issuer, audience, currentDate: new Date(now * 1000) };
  const { payload, protectedHeader } = await jwtVerify(token, keys, options);
  assert.deepEqual(Object.keys(protectedHeader).sort(), ["alg", "kid", "typ"]);
  return payload;
}

/** The same token with one bit changed in the payload, and one with one bit changed in the signature. */
function tampered(token) {
  const [header, payload, signature] = token.split(".");
  return [[header, flip(payload), signature].join("."), [header, payload, flip(signature)].join(".")];
}

function flip(part) {
  const middle = Math.floor(part.length / 2);
  return part.slice(0, middle) + (part[middle] === "A" ? "B" : "A") + part.slice(middle + 1);
}

for (const given of tokens) {
  assert.deepEqual(await verify(given), given.claims);
  const changes = [
    ...tampered(given.token).map((token) => ({ token })),
    { issuer: "https://other.example" },
    { typ: "JWT" },
    ...(given.audience ? [{ audience: "other" }] : []),
  ];
  for (const change of changes) {
    await assert.rejects(verify({ ...given, ...change }), `jose accepted ${JSON.stringify(change)}`);
  }
}
const version = JSON.parse(await readFile(new URL(import.meta.resolve("jose/package.json")), "utf8")).version;
console.log(`jose ${version}: ${tokens.length} tokens verified, every change refused`);
