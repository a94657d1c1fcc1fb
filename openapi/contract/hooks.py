"""What Schemathesis checks of our answers besides its own checks, and the few failures that it may pass over.

The environment variable CONTRACT_WORLD names a file with what the test has made: two tenants, of which the first one is
called and the second one must stay invisible. CONTRACT_ANSWERS names a file for how often each operation gave each status.
"""

import atexit
import json
import os
import re
import zlib
from collections import Counter
from urllib.parse import unquote_plus

import ready
import requests
import schemathesis

with open(os.environ["CONTRACT_WORLD"], encoding="utf-8") as file:
    WORLD = json.load(file)

OWN, OTHER = WORLD["tenants"]
# The APIs of two older systems keep the rules of those systems.
OLDER = ("mini-key-server API", "FrameCAD licensing API")
# Here things are made and ended, and need not fit each other.
PLATFORM = "Leasehold platform API"
MANAGING = ("Leasehold management API", PLATFORM)
# Refusals of requests that are well-formed: the caller cannot know the state of things from the document.
OF_STATE = {"idempotency_key_reused", "precondition_failed"}
# What one parameter or member allows, another one may forbid, and what is named must be there.
BETWEEN = re.compile(
    r"names nothing that exists|must not be there where .*|must be a policy of the product that .*"
    r"|The query parameter \w+ is to be sent with \w+\.|\w+ and \w+ want the order .*"
    r"|must be at least 1 and at most lease_seconds|The orders [\w-]+ and [\w-]+ go with no filter but \w+\."
    r"|\w+ wants \w+ with it\.|Only one of .* can be given\.|\w+ goes with no other filter, and with the order .*"
    r"|From the query parameter from to the query parameter to, there must be 1 to 366 days\."
)
NAME_OF_METADATA = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,64}\Z")
# How many requests of each operation are repeated as the other tenant: the first, and then one of so many.
FIRST, ONE_OF = 5, 10

# Files to import; # is another number in each.
FILES = {
    "customers.csv": "name,client_key,number\nImported,IMPORTED-CLIENT-#,\nAgain,ALPHA-CLIENT-1,1\n",
    "customers.ndjson": '{"name": "Imported", "client_key": "IMPORTED-CLIENT-J#"}\n',
    "licenses.csv": "key,policy\nIMPORTED-KEY-#,alpha-open\nIMPORTED-KEY-#,missing\n",
    "licenses.ndjson": '{"key": "IMPORTED-KEY-J#", "policy": "alpha-open", "seats": 3}\n{"key": 1}\n',
    "machines.csv": "license_key,fingerprint,name\nALPHA-KEY-0001-OPEN,IMPORTED-MACHINE-#,imported\n",
    "machines.ndjson": '{"license_key": "ALPHA-KEY-0001-OPEN", "fingerprint": "IMPORTED-MACHINE-J#"}\n',
}

repeated = Counter()
answered = {}


def title(case):
    return case.operation.schema.raw_schema["info"]["title"]


def bodies(response):
    """The JSON values of an answer: one, one for each line, or none."""
    media_type = (response.headers.get("content-type") or [""])[0].split(";")[0]
    if media_type == "application/x-ndjson":
        return [json.loads(line) for line in response.content.splitlines()]
    is_json = re.fullmatch(r"application/([\w.-]+\+)?json", media_type) and response.content
    return [json.loads(response.content)] if is_json else []


def body(response):
    """The JSON value of an answer, if it is one."""
    return next(iter(bodies(response)), None)


def sent(request):
    """All of a request as one text, as it was sent and decoded."""
    content = request.body or ""
    if isinstance(content, bytes):
        content = content.decode("utf-8", "replace")
    text = "\n".join([request.url or "", content, *map(str, request.headers.values())])
    return text + unquote_plus(text)


@schemathesis.serializer("text/csv", "application/x-ndjson")
def as_file(context, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes the values of every third well-formed request fit each other, so that it can succeed."""
    names = case.path_parameters or {}
    if names.get("api_key") == OWN["api_key_id"]:
        # Who revokes the key that he uses learns nothing more.
        names["api_key"] = OTHER["api_key_id"]
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if title(case) in MANAGING:
        use_spares(case)
        send_file(case)
        ready.make(case, OWN)
        return
    ends = "deactivate" in case.operation.path
    scenes = [scene["values"] for scene in WORLD["scenes"] if not (ends and scene["lasting"])]
    for values in (case.body, case.query):
        if isinstance(values, dict) and values:
            # By the values, so that the same request is the same again.
            chance = zlib.crc32(json.dumps(values, sort_keys=True, default=str).encode())
            if chance % 3 == 0:
                # One key for two requests is refused.
                (case.headers or {}).pop("Idempotency-Key", None)
                fit(values, scenes[chance // 3 % len(scenes)])


def use_spares(case):
    """Lets half of the changes do without an entity tag, most of which name nothing, and deletions find what may go."""
    chance = zlib.crc32(json.dumps([case.path_parameters, dict(case.headers or {})], default=str).encode())
    if chance % 2 == 0:
        return
    for name in ("If-Match", "Idempotency-Key"):
        (case.headers or {}).pop(name, None)
    ends = case.method in ("DELETE", "PUT") or case.path.endswith(("/export", "/keep", "/renew", "/transfer"))
    if case.path.endswith("/renew"):
        case.body = {"term": "P1Y"}
    if case.path.endswith("/transfer"):
        case.body = {"policy": "alpha-floating"}
    for name in case.path_parameters or {}:
        if ends and name in WORLD["spare"]:
            spare = WORLD["spare"][name]
            case.path_parameters[name] = spare[chance // 2 % len(spare)]


def send_file(case):
    """Sends a file in place of half of the texts that are none."""
    file = case.path.removeprefix("/v1/imports/")
    if file not in FILES:
        return
    number = repeated[file]
    repeated[file] += 1
    if number % 2:
        case.body = FILES[file].replace("#", str(number))


def fit(values, scene):
    """Takes what the scene says of members that are there."""
    for name, value in scene.items():
        if name not in values:
            continue
        if value is None:
            del values[name]
        else:
            values[name] = value


@schemathesis.hook
def after_call(context, case, response):
    answered.setdefault(case.operation.label, Counter())[response.status_code] += 1


@atexit.register
def tell_answers():
    """Writes how often each operation gave each status."""
    with open(os.environ["CONTRACT_ANSWERS"], "w", encoding="utf-8") as file:
        json.dump(answered, file)


@schemathesis.check
def answers_of_any_kind(ctx, response, case):
    """Every answer names its request and is kept nowhere by guessing; none is a failure of the server."""
    assert response.headers.get("x-request-id"), "the answer has no X-Request-Id"
    assert response.headers.get("x-content-type-options") == ["nosniff"], "the answer may be guessed at"
    assert response.status_code < 500, "the server failed"


@schemathesis.check
def errors_are_problems(ctx, response, case):
    """Every error is a problem document (RFC 9457) with a known code."""
    if response.status_code < 400 or title(case) in OLDER or response.request.method == "HEAD":
        return
    media_type = response.headers.get("content-type")
    assert media_type == ["application/problem+json"], f"an error of the type {media_type}"
    problem = body(response)
    schema = case.operation.schema.raw_schema["components"]["schemas"]["Problem"]
    known = schema["properties"]["code"]["x-extensible-enum"]
    assert problem["code"] in known, f"the code {problem['code']} is not known"
    assert problem["status"] == response.status_code, "the status is another one in the body"
    if "idempotency-replayed" not in response.headers:
        mine = response.headers["x-request-id"][0]
        assert problem["request_id"] == mine, "the body is about another request"


@schemathesis.check
def nothing_is_null(ctx, response, case):
    """What is absent is left out."""

    def nulls(value, place):
        if isinstance(value, dict):
            for name, member in value.items():
                yield from nulls(member, f"{place}/{name}")
        elif isinstance(value, list):
            for number, item in enumerate(value):
                yield from nulls(item, f"{place}/{number}")
        elif value is None:
            yield place

    if title(case) not in OLDER:
        found = [place for value in bodies(response) for place in nulls(value, "")]
        assert not found, f"null at {found}"


@schemathesis.check
def the_other_tenant_is_invisible(ctx, response, case):
    """No answer has anything of the other tenant, but what the request itself named."""
    if title(case) == PLATFORM and case.path.endswith("/export"):
        # An operator has the whole tenant.
        return
    text = response.content.decode("utf-8", "replace") + json.dumps(dict(response.headers))
    markers = OTHER["markers"] + ([] if title(case) == PLATFORM else OTHER["operators_markers"])
    found = [marker for marker in markers if marker in text]
    if found:
        known = sent(response.request)
        found = [marker for marker in found if marker not in known]
    assert not found, f"the answer tells of another tenant: {found}"


@schemathesis.check
def the_other_tenant_has_other_credentials(ctx, response, case):
    """A credential that works here works nowhere else, and none of elsewhere works here."""
    if not 200 <= response.status_code < 300 or case.method == "HEAD":
        return
    with_token = "authorization" in {name.lower() for name in response.request.headers}
    if not with_token and not case.operation.body:
        return
    count = repeated[case.operation.label]
    repeated[case.operation.label] += 1
    if count >= FIRST and count % ONE_OF:
        return
    if title(case) == PLATFORM:
        as_vendor = again(response.request, token=OWN["api_key"])
        assert as_vendor.status_code == 401, f"a vendor's credential works for operators: {as_vendor.status_code}"
        return
    elsewhere = again(response.request, base=OTHER["base"])
    if with_token:
        assert elsewhere.status_code == 401, f"the credential works for another tenant: {elsewhere.status_code}"
        here = again(response.request, token=OTHER["api_key"])
        assert here.status_code == 401, f"another tenant's credential works here: {here.status_code}"
    elif elsewhere.status_code < 300:
        valid = elsewhere.json().get("valid")
        assert valid is False, "the license key works for another tenant"


def again(request, base=None, token=None):
    """The answer to the same request, sent to another base or with another token."""
    url = request.url.replace(OWN["base"], base, 1) if base else request.url
    headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
    if token:
        headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        headers["Authorization"] = f"Bearer {token}"
    return requests.request(
        request.method, url, headers=headers, data=request.body, timeout=20, allow_redirects=False
    )


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Passes over what a document cannot say, and nothing else."""
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    answer = body(response)
    if not isinstance(answer, dict):
        return True
    if "errors" in answer:
        return not all(beyond_the_document(error, case) for error in answer["errors"])
    if title(case) in OLDER:
        return not (response.status_code in (400, 422) and has_long_fingerprint(case))
    if answer.get("code") == "malformed_file":
        # What is in a file is not described.
        return "/v1/imports/" not in case.path
    return not (answer.get("code") in OF_STATE or is_far_away(answer, case) or BETWEEN.fullmatch(answer["detail"]) or has_made_up_cursor(answer, case))


def beyond_the_document(error, case):
    """Whether a violation is one of a rule that OpenAPI 3.0 has no words for."""
    pointer = error["pointer"]
    if re.fullmatch(r"/fingerprint", pointer):
        return has_long_fingerprint(case)
    if re.fullmatch(r"(/\w+/\d+)?/metadata", pointer):
        return any(not NAME_OF_METADATA.match(name) for name in names_of_metadata(case.body))
    if re.fullmatch(r"(/\w+/\d+)?/entitlements(/.*)?", pointer, re.DOTALL):
        # The values are of several types, which would be a union, and the names of members have a pattern.
        return True
    if pointer.endswith("_at"):
        # Generators cannot bear patterns on dates.
        year = int(str(at(case.body, pointer))[:4])
        return error["detail"] == "must be in the future" or not 1970 < year < 9999
    if BETWEEN.fullmatch(error["detail"]):
        return True
    if pointer.endswith("/term"):
        # Sums have limits; and without one, that of the policy counts, if it has one.
        numbers = [int(number) for number in re.findall(r"\d+", case.body.get("term", ""))]
        return not any(numbers) or max(numbers) > 99
    if pointer == "/archive":
        return case.path == "/v1/import"
    if pointer == "/value" and "/entitlements/" in case.path:
        return True
    if error["detail"] == "must be at most 1000 licenses together":
        return sum(item.get("count", 1) for item in case.body["licenses"]) > 1000
    # What is cleared must not be given too.
    return re.fullmatch(r"/clear/\d+", pointer) is not None


def at(value, pointer):
    """What a JSON pointer leads to."""
    for name in pointer.split("/")[1:]:
        name = name.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def names_of_metadata(value):
    """The names of the metadata at any depth."""
    if isinstance(value, dict):
        yield from value.get("metadata") or ()
        for member in value.values():
            yield from names_of_metadata(member)
    elif isinstance(value, list):
        for item in value:
            yield from names_of_metadata(item)


def has_long_fingerprint(case):
    """The limit of a fingerprint is in bytes; JSON Schema counts characters."""
    values = case.body if isinstance(case.body, dict) else case.query or {}
    names = [name for name in ("fingerprint", "machine_key", "hwid") if name in values]
    return any(len(str(values[name]).encode()) > 512 for name in names)


def is_far_away(answer, case):
    """Whether a parameter is an instant before 1971 or after 9998."""
    if answer.get("code") != "bad_parameter" or "between the years 1970 and 9999" not in answer["detail"]:
        return False
    name = re.match(r"The query parameter (\w+) ", answer["detail"])[1]
    return not 1970 < int(case.query[name][:4]) < 9999


def has_made_up_cursor(answer, case):
    """Only the server makes cursors."""
    return answer.get("code") == "bad_parameter" and "cursor" in answer["detail"] and "cursor" in (case.query or {})
