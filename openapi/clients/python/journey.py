"""What a vendor's back office and an app do, with the generated clients. Prints one line for each step."""

import base64
import json
import os
from typing import Any, TypeVar

from leasehold_client import Client
from leasehold_client.api.keys import get_key_set
from leasehold_client.api.licenses import validate_license
from leasehold_client.api.machines import activate_license
from leasehold_client.models import ActivateRequest, ValidateRequest
from leasehold_client.models import Problem as AppProblem
from leasehold_client.types import Unset
from leasehold_management import AuthenticatedClient
from leasehold_management.api.customers import create_customer
from leasehold_management.api.licenses import create_license, revoke_license, suspend_license
from leasehold_management.api.machines import list_machines
from leasehold_management.api.policies import create_policy
from leasehold_management.api.products import create_product
from leasehold_management.models import (
    CreateCustomerRequest,
    CreateLicenseRequest,
    CreatePolicyRequest,
    CreateProductRequest,
    Problem,
)

T = TypeVar("T")


def done(answer: T | Problem | AppProblem | None) -> T:
    """The answer, which is a success."""
    assert answer is not None
    assert not isinstance(answer, (Problem, AppProblem)), answer
    return answer


def refused(answer: object) -> Problem | AppProblem:
    """The answer, which is a problem."""
    assert isinstance(answer, (Problem, AppProblem)), answer
    return answer


def claims(token: str | Unset) -> dict[str, Any]:
    """What a signed token says. An app verifies it first: see docs/lease-profile.md."""
    assert isinstance(token, str)
    payload = token.split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return said


def main() -> None:
    base = os.environ["LEASEHOLD_BASE"]
    vendor = AuthenticatedClient(base, token=os.environ["LEASEHOLD_API_KEY"])
    app = Client(base)

    new_product = CreateProductRequest(code="cad", name="CAD")
    product = done(create_product.sync(client=vendor, body=new_product))
    print(f"product {product.code} created")
    print(f"product {product.code} again: {refused(create_product.sync(client=vendor, body=new_product)).code}")

    policy = done(
        create_policy.sync(
            client=vendor,
            body=CreatePolicyRequest(product=product.code, code="cad-pro", name="CAD Pro", term="P1Y", seats=2),
        )
    )
    print(f"policy {policy.code} created: {policy.seats} seats")
    customer = done(create_customer.sync(client=vendor, body=CreateCustomerRequest(name="ACME Inc.")))
    print(f"customer {customer.name} created")

    new_license = CreateLicenseRequest(policy=policy.code, customer=customer.id, memo="order 42")
    created = done(create_license.sync(client=vendor, body=new_license, idempotency_key="order-42"))
    license_ = created.license_
    print(f"license for {license_.product} by {license_.policy} created: {license_.state}")
    again = done(create_license.sync(client=vendor, body=new_license, idempotency_key="order-42"))
    print(f"license again with the same idempotency key: {'the same' if again.id == created.id else 'another'}")

    unknown = ActivateRequest(key="NO-SUCH-KEY", product="cad", fingerprint="machine-1")
    problem = refused(activate_license.sync(client=app, body=unknown))
    print(f"unknown key: refused {problem.status} {problem.code}")

    activate = ActivateRequest(key=created.key, product="cad", fingerprint="machine-1", machine_name="studio-1")
    activation = done(activate_license.sync(client=app, body=activate))
    seats = f"{activation.license_.seats_used} of {activation.license_.seats} seats"
    print(f"activated: {activation.machine.name} {activation.machine.state}, {seats}")

    nonce = "made-up-for-this-check"
    check = ValidateRequest(key=created.key, product="cad", fingerprint="machine-1", nonce=nonce)
    validation = done(validate_license.sync(client=app, body=check))
    came_back = str(claims(validation.verdict)["nonce"] == nonce).lower()
    print(f"validated: valid {str(validation.valid).lower()}, nonce came back {came_back}")

    machines = done(list_machines.sync(client=vendor, license_=created.id))
    print("machines: " + ", ".join(f"{machine.name} {machine.state}" for machine in machines.items))

    print(f"suspended: {done(suspend_license.sync(created.id, client=vendor)).state}")
    validation = done(validate_license.sync(client=app, body=check))
    print(f"validated: valid {str(validation.valid).lower()}, {validation.code}")
    problem = refused(activate_license.sync(client=app, body=activate))
    print(f"activation refused: {problem.status} {problem.code}")
    print(f"revoked: {done(revoke_license.sync(created.id, client=vendor)).state}")
    problem = refused(activate_license.sync(client=app, body=activate))
    print(f"activation refused: {problem.status} {problem.code}")

    print(f"public keys: {len(done(get_key_set.sync(client=app)).keys)}")


main()
