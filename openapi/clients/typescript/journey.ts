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

const newProduct = { code: "cad", name: "CAD" };
const product = done(await vendor.POST("/v1/products", { body: newProduct }));
console.log(`product ${product.code} created`);
console.log(`product ${product.code} again: ${refused(await vendor.POST("/v1/products", { body: newProduct })).code}`);

const validation = done(await app.POST("/v1/validate", { body: { key: "NO-SUCH-KEY", product: "cad" } }));
console.log(`unknown key: valid ${validation.valid}, ${validation.code}`);
const activate = { key: "NO-SUCH-KEY", product: "cad", fingerprint: "machine-1" };
const problem = refused(await app.POST("/v1/activate", { body: activate }));
console.log(`unknown key: refused ${problem.status} ${problem.code}`);

console.log(`public keys: ${done(await app.GET("/.well-known/jwks.json")).keys.length}`);
