// What a vendor's back office and an app do, with the generated types. Prints one line for each step.

import createClient from "openapi-fetch";

import type { components, paths as AppPaths } from "./client.js";
import type { paths as VendorPaths } from "./management.js";

type Problem = components["schemas"]["Problem"];
type Answer<T> = { data?: T; error?: Problem };

const baseUrl = process.env["LEASEHOLD_BASE"] ?? "";
const vendor = createClient<VendorPaths>({
  baseUrl,
  headers: { Authorization: `Bearer ${process.env["LEASEHOLD_API_KEY"]}` },
});
const app = createClient<AppPaths>({ baseUrl });

/** The answer, which is a success. */
function done<T>(answer: Answer<T>): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

/** The problem that the answer is. */
function refused(answer: Answer<unknown>): Problem {
  if (answer.error === undefined) throw new Error(JSON.stringify(answer.data));
  return answer.error;
}

/** What a signed token says. An app verifies it first: see docs/lease-profile.md. */
function claims(token: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(token?.split(".")[1] ?? "", "base64url").toString());
}

const newProduct = { code: "cad", name: "CAD" };
const product = done(await vendor.POST("/v1/products", { body: newProduct }));
console.log(`product ${product.code} created`);
console.log(`product ${product.code} again: ${refused(await vendor.POST("/v1/products", { body: newProduct })).code}`);

const policy = done(
  await vendor.POST("/v1/policies", {
    body: { product: product.code, code: "cad-pro", name: "CAD Pro", term: "P1Y", seats: 2 },
  }),
);
console.log(`policy ${policy.code} created: ${policy.seats} seats`);
const customer = done(await vendor.POST("/v1/customers", { body: { name: "ACME Inc." } }));
console.log(`customer ${customer.name} created`);

const newLicense = {
  params: { header: { "Idempotency-Key": "order-42" } },
  body: { policy: policy.code, customer: customer.id, memo: "order 42" },
};
const created = done(await vendor.POST("/v1/licenses", newLicense));
console.log(`license for ${created.license.product} by ${created.license.policy} created: ${created.license.state}`);
const again = done(await vendor.POST("/v1/licenses", newLicense));
console.log(`license again with the same idempotency key: ${again.id === created.id ? "the same" : "another"}`);

const unknown = { key: "NO-SUCH-KEY", product: "cad", fingerprint: "machine-1" };
let problem = refused(await app.POST("/v1/activate", { body: unknown }));
console.log(`unknown key: refused ${problem.status} ${problem.code}`);

const activate = { key: created.key, product: "cad", fingerprint: "machine-1", machine_name: "studio-1" };
const { license, machine } = done(await app.POST("/v1/activate", { body: activate }));
console.log(`activated: ${machine.name} ${machine.state}, ${license.seats_used} of ${license.seats} seats`);

const nonce = "made-up-for-this-check";
const check = { key: created.key, product: "cad", fingerprint: "machine-1", nonce };
let validation = done(await app.POST("/v1/validate", { body: check }));
console.log(`validated: valid ${validation.valid}, nonce came back ${claims(validation.verdict)["nonce"] === nonce}`);

const machines = done(await vendor.GET("/v1/machines", { params: { query: { license: created.id } } }));
console.log(`machines: ${machines.items.map((machine) => `${machine.name} ${machine.state}`).join(", ")}`);

const path = { params: { path: { license: created.id } } };
console.log(`suspended: ${done(await vendor.POST("/v1/licenses/{license}/suspend", path)).state}`);
validation = done(await app.POST("/v1/validate", { body: check }));
console.log(`validated: valid ${validation.valid}, ${validation.code}`);
problem = refused(await app.POST("/v1/activate", { body: activate }));
console.log(`activation refused: ${problem.status} ${problem.code}`);
console.log(`revoked: ${done(await vendor.POST("/v1/licenses/{license}/revoke", path)).state}`);
problem = refused(await app.POST("/v1/activate", { body: activate }));
console.log(`activation refused: ${problem.status} ${problem.code}`);

console.log(`public keys: ${done(await app.GET("/.well-known/jwks.json")).keys.length}`);
