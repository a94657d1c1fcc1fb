//! Key sets, read strictly.

use super::case::{Case, File};
use super::forge::{FIRST, SECOND, encode, key, kid, pinned, swap};

pub(crate) fn file() -> File {
    let first = member(FIRST);
    let one = set(&first);
    let x = encode(key(FIRST).public().to_bytes());
    let with = |from: &str, to: &str| set(&swap(&first, from, to));
    let extra = |member: &str| with(r#"{"kty""#, &format!(r#"{{{member},"kty""#));
    let (first_kid, second_kid) = (kid(FIRST), kid(SECOND));

    let mut cases = vec![
        Case::key_set("two keys", pinned().to_json()).has_kids(&[&first_kid, &second_kid]),
        Case::key_set("one key", one.clone()).has_kids(&[&first_kid]),
        Case::key_set("white space and other order", reordered(&x)).has_kids(&[&first_kid]),
        Case::key_set("the algorithm under its newer name", with("EdDSA", "Ed25519")).has_kids(&[&first_kid]),
        Case::key_set("no keys", r#"{"keys":[]}"#).error("empty"),
        Case::key_set("a private key", extra(&format!(r#""d":"{}""#, encode(FIRST)))).error("private_key"),
        Case::key_set("a private member that is empty", extra(r#""d":"""#)).error("private_key"),
        Case::key_set("one key twice", set(&format!("{first},{first}"))).error("duplicate_kid"),
        Case::key_set("one kid for two keys", set(&format!("{first},{}", misnamed()))).error("wrong_kid"),
        Case::key_set("the kid of another key", with(&first_kid, &second_kid)).error("wrong_kid"),
        Case::key_set("a kid that is no thumbprint", with(&first_kid, "key-1")).error("wrong_kid"),
        Case::key_set("kty twice", extra(r#""kty":"OKP""#)).error("duplicate_member"),
        Case::key_set("keys twice", format!(r#"{{"keys":[],{}"#, one.trim_start_matches('{')))
            .error("duplicate_member"),
        Case::key_set("an unknown member of a key", extra(r#""exp":1"#)).error("unknown_member"),
        Case::key_set("a certificate", extra(r#""x5c":["AA"]"#)).error("unknown_member"),
        Case::key_set("an unknown member of the set", swap(&one, r#"{"keys""#, r#"{"next":1,"keys""#))
            .error("unknown_member"),
        Case::key_set("an elliptic curve key", with("OKP", "EC")).error("wrong_key_type"),
        Case::key_set("a secret", with("OKP", "oct")).error("wrong_key_type"),
        Case::key_set("a key for key agreement", with(r#""Ed25519""#, r#""X25519""#)).error("wrong_key_type"),
        Case::key_set("Ed448", with(r#""Ed25519""#, r#""Ed448""#)).error("wrong_key_type"),
        Case::key_set("a key for encryption", with(r#""sig""#, r#""enc""#)).error("wrong_use"),
        Case::key_set("another algorithm", with("EdDSA", "ES256")).error("wrong_algorithm"),
        Case::key_set("alg none", with("EdDSA", "none")).error("wrong_algorithm"),
        Case::key_set("x with padding", with(&x, &format!("{x}="))).error("bad_encoding"),
        Case::key_set("x with stray bits", with(&x, &stray(&x))).error("bad_encoding"),
        Case::key_set("x of 31 bytes", with(&x, &encode([1; 31]))).error("bad_encoding"),
        Case::key_set("x of 33 bytes", with(&x, &encode([1; 33]))).error("bad_encoding"),
    ];
    for (name, y) in small_order() {
        cases.push(Case::key_set(name, with(&x, &encode(y))).error("small_order"));
    }
    cases.extend([
        Case::key_set("no point has this y", with(&x, &encode(y(2)))).error("not_a_point"),
        Case::key_set("y = p + 3", with(&x, &encode(not_canonical(3)))).error("not_canonical"),
        Case::key_set("y = p + 4", with(&x, &encode(not_canonical(4)))).error("not_canonical"),
    ]);
    for (name, text) in [
        ("nothing", String::new()),
        ("null", "null".to_owned()),
        ("an array", format!("[{first}]")),
        ("one key without a set", first.clone()),
        ("keys is an object", format!(r#"{{"keys":{first}}}"#)),
        ("a key that is a string", set(r#""x""#)),
        ("a key that is null", set("null")),
        ("no x", with(&format!(r#""x":"{x}","#), "")),
        ("no kid", with(&format!(r#""kid":"{first_kid}","#), "")),
        ("no use", with(r#""use":"sig","#, "")),
        ("no alg", with(r#","alg":"EdDSA""#, "")),
        ("kty is a number", with(r#""OKP""#, "1")),
        ("something after the set", format!("{one},")),
    ] {
        cases.push(Case::key_set(name, text).error("malformed"));
    }
    File::new("Key sets (RFC 7517 §5) of Ed25519 keys (RFC 8037 §2) named by thumbprint (RFC 7638).", cases)
}

fn set(keys: &str) -> String {
    format!(r#"{{"keys":[{keys}]}}"#)
}

fn member(seed: [u8; 32]) -> String {
    let jwk = key(seed).public().to_jwk();
    serde_json::to_string(&jwk).expect("a key is JSON")
}

fn misnamed() -> String {
    swap(&member(SECOND), &kid(SECOND), &kid(FIRST))
}

fn reordered(x: &str) -> String {
    let kid = kid(FIRST);
    format!(
        "{{ \"keys\" : [\n  {{\"alg\":\"EdDSA\", \"use\":\"sig\", \"kid\":\"{kid}\", \
         \"x\":\"{x}\", \"crv\":\"Ed25519\", \"kty\":\"OKP\"}}\n] }}\n"
    )
}

/// The last of 43 characters carries two bits that encode nothing; this sets the lower one.
fn stray(x: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (start, last) = x.split_at(x.len() - 1);
    let value = ALPHABET.find(last).expect("it is base64url");
    format!("{start}{}", &ALPHABET[value + 1..value + 2])
}

fn y(low: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = low;
    bytes
}

/// p + `more`, where p = 2^255 − 19.
fn not_canonical(more: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xed + more;
    bytes[31] = 0x7f;
    bytes
}

/// The points of order 1, 2, 4 and 8, and other spellings of some of them.
fn small_order() -> [(&'static str, [u8; 32]); 12] {
    let sign = |bytes: [u8; 32]| {
        let mut bytes = bytes;
        bytes[31] |= 0x80;
        bytes
    };
    let mut minus_one = not_canonical(0);
    minus_one[0] -= 1;
    // One of the two y of order 8; the other is p minus it.
    let eighth = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ];
    let other_eighth = [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ];
    [
        ("a point of order 1", y(1)),
        ("a point of order 2", minus_one),
        ("a point of order 4", y(0)),
        ("the other point of order 4", sign(y(0))),
        ("a point of order 8", eighth),
        ("a second point of order 8", sign(eighth)),
        ("a third point of order 8", other_eighth),
        ("a fourth point of order 8", sign(other_eighth)),
        ("a point of order 4 as y = p", not_canonical(0)),
        ("a point of order 1 as y = p + 1", not_canonical(1)),
        ("a point of order 4 as y = p with its sign", sign(not_canonical(0))),
        ("a point of order 1 with the sign of x = 0", sign(y(1))),
    ]
}
