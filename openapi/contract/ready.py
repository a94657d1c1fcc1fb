"""Makes what some operations need to succeed, which is luck otherwise: the tests end things, and names are taken.

Of each such operation every fourth request succeeds, whatever was done before.
"""

from collections import Counter

import requests

EVERY = 4

asked = Counter()


class Vendor:
    """What a tenant's API key can do."""

    def __init__(self, tenant):
        self.base = tenant["base"] + "/v1"
        self.headers = {"Authorization": f"Bearer {tenant['api_key']}"}

    def ask(self, method, path, value=None):
        """The answer, which must be a success."""
        answer = requests.request(method, f"{self.base}/{path}", json=value, headers=self.headers, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def make(self, things, value):
        """What names the new thing in paths."""
        made = self.ask("POST", things, value)
        return made["code"] if "code" in value else made["id"]


def make(case, owner):
    """Makes what the request needs, if it is one of those."""
    label = case.operation.label
    if label not in READY:
        return
    asked[label] += 1
    if asked[label] % EVERY != 1:
        return
    for name in ("If-Match", "Idempotency-Key"):
        (case.headers or {}).pop(name, None)
    READY[label](case, Vendor(owner))


def named():
    """A code that nothing has, and a name."""
    asked["codes"] += 1
    return {"code": f"ready-{asked['codes']}", "name": "Made ready"}


def product(vendor):
    return named()


def policy(vendor):
    return named() | {"product": vendor.make("products", product(vendor))}


def license(vendor):
    return {"policy": vendor.make("policies", policy(vendor))}


def customer(vendor):
    return {"name": "Made ready"}


def tenant(vendor):
    made = named()
    return {"slug": made["code"], "name": made["name"], "owner": {"name": "Made ready", "email": "ready@example.test"}}


def send(body):
    """Sends something that can be made."""

    def ready(case, vendor):
        case.body = body(vendor)

    return ready


def name(parameter, things, body, *then):
    """Makes a thing, does to it what is told, and names it in the path."""

    def ready(case, vendor):
        made = vendor.make(things, body(vendor))
        for method, rest, value in then:
            vendor.ask(method, f"{things}/{made}/{rest}", value)
        case.path_parameters[parameter] = made

    return ready


def with_entitlement(*owner):
    """Makes a thing that has an entitlement, and names both in the path."""
    name_owner = name(*owner, ("PUT", "entitlements/export", {"value": True}))

    def ready(case, vendor):
        name_owner(case, vendor)
        case.path_parameters["entitlement"] = "export"

    return ready


def next_key(case, vendor):
    """There is one next signing key at a time: names it, or lets it sign before another is asked for."""
    listed = vendor.ask("GET", "signing-keys?limit=100&sort=-created_at")["items"]
    kids = [key["kid"] for key in listed if key["state"] == "next"]
    if case.path_parameters:
        case.path_parameters["key"] = kids[0] if kids else vendor.ask("POST", "signing-keys")["kid"]
    elif kids:
        vendor.ask("POST", f"signing-keys/{kids[0]}/activate")


READY = {
    "POST /v1/tenants": send(tenant),
    "POST /v1/products": send(product),
    "POST /v1/policies": send(policy),
    "POST /v1/licenses": send(license),
    "POST /v1/licenses/bulk": send(lambda vendor: {"licenses": [license(vendor)]}),
    "DELETE /v1/products/{product}": name("product", "products", product),
    "DELETE /v1/policies/{policy}": name("policy", "policies", policy),
    "DELETE /v1/customers/{customer}": name("customer", "customers", customer),
    "DELETE /v1/policies/{policy}/entitlements/{entitlement}": with_entitlement("policy", "policies", policy),
    "DELETE /v1/licenses/{license}/entitlements/{entitlement}": with_entitlement("license", "licenses", license),
    "POST /v1/licenses/{license}/suspend": name("license", "licenses", license),
    "POST /v1/licenses/{license}/reinstate": name("license", "licenses", license, ("POST", "suspend", None)),
    "POST /v1/licenses/{license}/revoke": name("license", "licenses", license),
    "POST /v1/signing-keys": next_key,
    "POST /v1/signing-keys/{key}/activate": next_key,
    "POST /v1/signing-keys/{key}/retire": next_key,
    "POST /v1/signing-keys/{key}/revoke": next_key,
}
