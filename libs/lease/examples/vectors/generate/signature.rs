//! Whose signature, over what, and how strictly.

use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::Signer;
use leasehold_lease::TimeState;
use sha2::{Digest, Sha512};

use super::case::{Case, File};
use super::forge::{
    FIRST, SECOND, UNPINNED, claims, decode, encode, header, key, kid, lease, minimal_claims, parts, payload,
    sign_encoded, swap,
};

/// The order of the group, L, little-endian (RFC 8032 §5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

pub(crate) fn file() -> File {
    let [head, body, signature] = parts(&lease());
    let signed = format!("{head}.{body}");
    let with_signature = |bytes: &[u8]| format!("{signed}.{}", encode(bytes));
    let good = decode(&signature);

    let other_key = sign_encoded(&head, &body, SECOND);
    let other_kid = sign_encoded(&encode(swap(&header(), &kid(FIRST), &kid(SECOND))), &body, FIRST);
    let unpinned = key(UNPINNED).lease(&claims()).expect("the usual claims are valid");
    let no_kid = sign_encoded(&encode(swap(&header(), &kid(FIRST), "")), &body, FIRST);
    let second = key(SECOND).lease(&minimal_claims()).expect("the minimal claims are valid");
    let [_, _, foreign] = parts(&key(FIRST).lease(&minimal_claims()).expect("the minimal claims are valid"));
    let tampered_header = encode(swap(&header(), "EdDSA", "Ed25519"));
    let tampered_payload = encode(swap(&payload(), r#""max-layers":64"#, r#""max-layers":65"#));
    let over_json = ed25519_dalek::SigningKey::from_bytes(&FIRST).sign(payload().as_bytes()).to_bytes();
    let over_body = ed25519_dalek::SigningKey::from_bytes(&FIRST).sign(body.as_bytes()).to_bytes();

    let accepted = [
        Case::lease("a lease with every claim", lease()).accepts_lease(
            TimeState::Valid,
            &kid(FIRST),
            &claims(),
        ),
        Case::lease("a lease without any optional claim, by the other pinned key", second).accepts_lease(
            TimeState::Valid,
            &kid(SECOND),
            &minimal_claims(),
        ),
    ];
    let mut cases = Vec::from(accepted);
    cases.extend([
        Case::lease("a key that is not pinned, under its own id", unpinned).error("unknown_key"),
        Case::lease("an empty key id", no_kid).error("unknown_key"),
    ]);
    cases.extend(
        [
            ("signed by the other pinned key", other_key),
            ("the id of the other pinned key", other_kid),
            ("the header was changed after signing", format!("{tampered_header}.{body}.{signature}")),
            ("the payload was changed after signing", format!("{head}.{tampered_payload}.{signature}")),
            ("the signature of another lease", format!("{signed}.{foreign}")),
            ("a signature over the payload's JSON", with_signature(&over_json)),
            ("a signature over the payload without the header", with_signature(&over_body)),
            ("one bit of R flipped", with_signature(&flip(&good, 3))),
            ("one bit of S flipped", with_signature(&flip(&good, 35))),
            ("an empty signature", with_signature(&[])),
            ("a signature of zeros", with_signature(&[0; 64])),
            ("a signature of 63 bytes", with_signature(good.split_last().expect("it has 64 bytes").1)),
            ("a signature of 65 bytes", with_signature(&[&good[..], &[0]].concat())),
            ("S + L instead of S", with_signature(&plus_order(&good))),
            ("R is of small order and the equation holds", with_signature(&small_order_r(&signed, IDENTITY))),
            (
                "R is of small order, not canonical, and the equation holds",
                with_signature(&small_order_r(&signed, IDENTITY_NOT_CANONICAL)),
            ),
        ]
        .map(|(name, token)| Case::lease(name, token).error("bad_signature")),
    );
    File::new("Who signed, which bytes, and how strictly Ed25519 is checked (RFC 8032 §5.1.7).", cases)
}

fn flip(signature: &[u8], at: usize) -> Vec<u8> {
    let mut changed = signature.to_vec();
    *changed.get_mut(at).expect("the position is in the signature") ^= 0x01;
    changed
}

/// The same signature with S + L for S: the group equation still holds, so only the range check refuses it.
fn plus_order(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(32);
    let mut carry = 0;
    let sum = s.iter().zip(ORDER).map(|(digit, order)| {
        let sum = u16::from(*digit) + u16::from(order) + carry;
        carry = sum >> 8;
        sum.to_le_bytes()[0]
    });
    r.iter().copied().chain(sum).collect()
}

/// The neutral element, y = 1, and the same point as y = p + 1.
const IDENTITY: [u8; 32] = {
    let mut bytes = [0; 32];
    bytes[0] = 1;
    bytes
};
const IDENTITY_NOT_CANONICAL: [u8; 32] = {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xee;
    bytes[31] = 0x7f;
    bytes
};

/// With R the neutral element, S = k·a satisfies S·B = R + k·A, so a verifier that does not look at the order of
/// R accepts it.
fn small_order_r(message: &str, r: [u8; 32]) -> Vec<u8> {
    let private = ed25519_dalek::SigningKey::from_bytes(&FIRST);
    let hash =
        Sha512::new().chain_update(r).chain_update(private.verifying_key().as_bytes()).chain_update(message);
    let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
    let s = k * private.to_scalar();
    [r, s.to_bytes()].concat()
}
