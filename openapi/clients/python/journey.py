"""What a vendor's back office and an app do, with the generated clients. Prints one line for each step."""

import os
from typing import TypeVar

from leasehold_client import Client
from leasehold_client.api.keys import get_key_set
from leasehold_client.api.licenses import validate_license
from leasehold_client.api.machines import activate_license
from leasehold_client.models import ActivateRequest, ValidateRequest
from leasehold_client.models import Problem as AppProblem
from leasehold_management import AuthenticatedClient
from leasehold_management.api.products import create_product
from leasehold_management.models import CreateProductRequest, Problem

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


def main() -> None:
    base = os.environ["LEASEHOLD_BASE"]
    vendor = AuthenticatedClient(base, token=os.environ["LEASEHOLD_API_KEY"])
    app = Client(base)

    new_product = CreateProductRequest(code="cad", name="CAD")
    product = done(create_product.sync(client=vendor, body=new_product))
    print(f"product {product.code} created")
    print(f"product {product.code} again: {refused(create_product.sync(client=vendor, body=new_product)).code}")

    check = ValidateRequest(key="NO-SUCH-KEY", product="cad")
    validation = done(validate_license.sync(client=app, body=check))
    print(f"unknown key: valid {str(validation.valid).lower()}, {validation.code}")
    activate = ActivateRequest(key="NO-SUCH-KEY", product="cad", fingerprint="machine-1")
    problem = refused(activate_license.sync(client=app, body=activate))
    print(f"unknown key: refused {problem.status} {problem.code}")

    print(f"public keys: {len(done(get_key_set.sync(client=app)).keys)}")


main()
