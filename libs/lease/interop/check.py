"""Verifies the tokens of `cargo run --example interop` with PyJWT. Usage: check.py tokens.json"""

import json
import sys

import jwt


def verify(token, key, expected):
    """The claims of a token whose signature, type, issuer and audience are right."""
    if jwt.get_unverified_header(token) != {"typ": expected["typ"], "alg": "EdDSA", "kid": key.key_id}:
        raise jwt.InvalidTokenError("the header is not that of the profile")
    audience = expected.get("audience")
    options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": audience is not None}
    return jwt.decode(
        token, key, algorithms=["EdDSA"], issuer=expected["issuer"], audience=audience, options=options
    )


def tampered(token):
    """The same token with one bit changed in the payload, and one with one bit changed in the signature."""
    header, payload, signature = token.split(".")
    yield ".".join([header, flip(payload), signature])
    yield ".".join([header, payload, flip(signature)])


def flip(part):
    middle = len(part) // 2
    return part[:middle] + ("B" if part[middle] == "A" else "A") + part[middle + 1 :]


def must_refuse(what, token, key, expected):
    try:
        verify(token, key, expected)
    except jwt.InvalidTokenError:
        return
    sys.exit(f"PyJWT accepted {what}: {token}")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        given = json.load(file)
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(given["jwks"]).keys}
    for expected in given["tokens"]:
        token = expected["token"]
        kid = jwt.get_unverified_header(token)["kid"]
        if verify(token, keys[kid], expected) != expected["claims"]:
            sys.exit(f"PyJWT read other claims from {token}")
        for changed in tampered(token):
            must_refuse("a tampered token", changed, keys[kid], expected)
        must_refuse("another issuer", token, keys[kid], expected | {"issuer": "https://other.example"})
        must_refuse("another type", token, keys[kid], expected | {"typ": "JWT"})
        if "audience" in expected:
            must_refuse("another audience", token, keys[kid], expected | {"audience": "other"})
        for other in keys:
            if other != kid:
                must_refuse("another key", token, keys[other], expected)
    print(f"PyJWT {jwt.__version__}: {len(given['tokens'])} tokens verified, every change refused")


if __name__ == "__main__":
    main()
