//! The compact serialization: size, parts and base64url.

use leasehold_lease::{EntitlementValue, LeaseClaims, TimeState};

use super::case::{Case, File};
use super::forge::{
    FIRST, claims, encode, forge, header, key, kid, lease, parts, payload, sign_encoded, with_payload,
};

const LIMIT: usize = 8 * 1024;

pub(crate) fn file() -> File {
    let token = lease();
    let [head, body, signature] = parts(&token);
    let join = |head: &str, body: &str, signature: &str| format!("{head}.{body}.{signature}");
    let (largest, largest_claims) = largest();
    let mut cases = vec![
        Case::lease("exactly 8192 bytes", largest).accepts_lease(
            TimeState::Valid,
            &kid(FIRST),
            &largest_claims,
        ),
        Case::lease("8193 bytes", too_large()).error("too_large"),
        Case::lease("8193 bytes of nothing in particular", "a".repeat(LIMIT + 1)).error("too_large"),
    ];
    cases.extend(
        [
            ("nothing", String::new()),
            ("the header alone", head.clone()),
            ("header and payload without a signature", format!("{head}.{body}")),
            ("two dots in a row add a part", format!("{head}..{body}.{signature}")),
            ("four parts", format!("{token}.{signature}")),
            ("five parts, as in an encrypted token", format!("{token}..")),
            ("a dot at the end", format!("{token}.")),
            ("a dot in front", format!(".{token}")),
            ("JSON serialization instead of compact", json_serialization(&head, &body, &signature)),
        ]
        .map(|(name, token)| Case::lease(name, token).error("malformed")),
    );
    cases.extend(
        [
            ("padding after the header", padded(&header(), &payload())),
            ("padding after the payload", join(&head, &format!("{body}="), &signature)),
            ("padding after the signature", format!("{token}==")),
            ("stray bits at the end of the header", stray_header()),
            ("stray bits at the end of the payload", stray_payload()),
            ("stray bits at the end of the signature", join(&head, &body, &stray(&signature))),
            ("a space in front", format!(" {token}")),
            ("a line feed at the end", format!("{token}\n")),
            ("a line break in the payload", sign_encoded(&head, &insert(&body, 76, "\r\n"), FIRST)),
            ("a tab in the header", sign_encoded(&insert(&head, 8, "\t"), &body, FIRST)),
            ("the other alphabet of base64", other_alphabet()),
            ("a NUL in the signature", format!("{token}\0")),
            ("a letter outside ASCII", sign_encoded(&head, &insert(&body, 8, "é"), FIRST)),
            ("a part with a length that no bytes have", format!("A.{body}.{signature}")),
            ("the scheme of an HTTP header in front", format!("Bearer {token}")),
        ]
        .map(|(name, token)| Case::lease(name, token).error("bad_base64")),
    );
    cases.extend([
        Case::lease("an empty header", format!(".{body}.{signature}")).error("bad_header"),
        Case::lease("a header cut short", join(cut(&head), &body, &signature)).error("bad_header"),
        Case::lease("an empty payload", with_payload("")).error("bad_payload"),
        Case::lease("a payload cut short", join(&head, cut(&body), &signature)).error("bad_signature"),
        Case::lease("a payload cut short before signing", sign_encoded(&head, cut(&body), FIRST))
            .error("bad_payload"),
        Case::lease("a signature cut short", join(&head, &body, cut(&signature))).error("bad_signature"),
    ]);
    File::new("The compact serialization (RFC 7515 §7.1): size, three parts, strict base64url.", cases)
}

/// A lease that has the largest accepted size, and its claims.
fn largest() -> (String, LeaseClaims) {
    let with_filling = |filling: usize| {
        let mut claims = claims();
        claims.ent.insert("filling".to_owned(), EntitlementValue::Text("x".repeat(filling)));
        claims
    };
    let json = |claims: &LeaseClaims| serde_json::to_string(claims).expect("claims are JSON");
    let claims = with_filling(payload_size(LIMIT) - json(&with_filling(0)).len());
    let token = key(FIRST).lease(&claims).expect("it fits");
    assert_eq!(token.len(), LIMIT);
    (token, claims)
}

/// A lease that is one byte too long, with a good signature.
fn too_large() -> String {
    let text = payload();
    let spaces = " ".repeat(payload_size(LIMIT + 1) - text.len());
    let token = with_payload(format!("{text}{spaces}"));
    assert_eq!(token.len(), LIMIT + 1);
    token
}

/// How many bytes the payload of a token of `size` bytes has under the usual header.
fn payload_size(size: usize) -> usize {
    let signature = 86;
    (size - encode(header()).len() - signature - 2) * 3 / 4
}

fn json_serialization(head: &str, body: &str, signature: &str) -> String {
    format!(r#"{{"payload":"{body}","protected":"{head}","signature":"{signature}"}}"#)
}

/// Adds spaces to the JSON until its encoding does not end on a multiple of four characters, and so would have
/// padding and has unused bits at its end.
fn ragged(text: &str) -> String {
    let mut text = text.to_owned();
    while text.len().is_multiple_of(3) {
        text.push(' ');
    }
    text
}

fn padded(header: &str, payload: &str) -> String {
    let header = encode(ragged(header));
    let padding = "=".repeat(4 - header.len() % 4);
    sign_encoded(&format!("{header}{padding}"), &encode(payload), FIRST)
}

fn stray_header() -> String {
    sign_encoded(&stray(&encode(ragged(&header()))), &encode(payload()), FIRST)
}

fn stray_payload() -> String {
    sign_encoded(&encode(header()), &stray(&encode(ragged(&payload()))), FIRST)
}

/// Sets the lowest of the bits in the last character that encode nothing. A careless decoder sees no difference.
fn stray(text: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (start, last) = text.split_at(text.len() - 1);
    let value = ALPHABET.find(last).expect("it is base64url");
    assert_ne!(text.len() % 4, 0, "there are no such bits");
    assert_eq!(value % 2, 0, "the bit is not set yet");
    format!("{start}{}", &ALPHABET[value + 1..value + 2])
}

/// A payload whose encoding has characters in which the alphabets differ, written in the wrong one.
fn other_alphabet() -> String {
    let payload = payload().replace("studio", "studio???>>>~~~");
    let body = encode(&payload);
    let wrong = body.replace('-', "+").replace('_', "/");
    assert_ne!(body, wrong);
    assert!(forge(header(), &payload).contains(&body));
    sign_encoded(&encode(header()), &wrong, FIRST)
}

fn insert(text: &str, at: usize, what: &str) -> String {
    let (start, end) = text.split_at(at);
    format!("{start}{what}{end}")
}

/// Without its last four characters, which are whole bytes.
fn cut(text: &str) -> &str {
    &text[..text.len() - text.len() % 4 - 4]
}
