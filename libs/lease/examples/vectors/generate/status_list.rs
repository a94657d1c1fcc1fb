//! Status lists: the token, the compressed entries, and single entries.

use leasehold_lease::{MAX_STATUS_ENTRIES, PackedStatuses, Status, StatusListClaims};
use miniz_oxide::deflate::compress_to_vec_zlib;

use super::case::{Case, File};
use super::forge::{
    FIRST, ISSUED, ISSUER, NOW, SECOND, STATUS_URI, UNPINNED, decode, encode, forge, header_of, key, lease,
    swap,
};

/// The two-bit example of the draft, §4.1: 1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3.
const EXAMPLE: [u8; 3] = [0xc9, 0x44, 0xf9];

pub(crate) fn file() -> File {
    let mut cases = entries();
    cases.extend(tokens());
    cases.extend(contents());
    File::new("Status lists (draft-ietf-oauth-status-list-20) with two bits per entry.", cases)
}

fn entries() -> Vec<Case> {
    use Status::{Revoked, Suspended, Valid};
    let example = token(&packed(&EXAMPLE));
    let ours = key(FIRST)
        .status_list(&claims(PackedStatuses::pack(&[Valid, Revoked, Suspended, Valid, Suspended])))
        .expect("the claims are valid");
    let nothing = token(&packed(&[]));
    let at = |name, index| Case::status_list(name, example.clone(), STATUS_URI, index);
    let ours = |name, index| Case::status_list(name, ours.clone(), STATUS_URI, index);
    vec![
        at("entry 0 of the draft's example is revoked", 0).has_status(Revoked),
        at("entry 1 of the draft's example is suspended", 1).has_status(Suspended),
        at("entry 2 of the draft's example is valid", 2).has_status(Valid),
        at("entry 3 of the draft's example is not defined here", 3).error("unknown_status"),
        at("entry 4 of the draft's example is valid", 4).has_status(Valid),
        at("entry 9 of the draft's example is suspended", 9).has_status(Suspended),
        at("the last entry of the draft's example is not defined here", 11).error("unknown_status"),
        at("one past the end", 12).error("status_out_of_range"),
        at("far past the end", 1 << 40).error("status_out_of_range"),
        ours("entry 4 of a list of five is suspended", 4).has_status(Suspended),
        ours("the last byte is filled up with valid", 7).has_status(Valid),
        ours("past the last byte", 8).error("status_out_of_range"),
        Case::status_list("an empty list", nothing, STATUS_URI, 0).error("status_out_of_range"),
    ]
}

fn tokens() -> Vec<Case> {
    use Status::Revoked;
    let good = claims(packed(&EXAMPLE));
    let list =
        |name, claims: &StatusListClaims| Case::status_list(name, forged(&json(claims)), STATUS_URI, 0);
    let text = |name, from, to| Case::status_list(name, forged(&swap(&json(&good), from, to)), STATUS_URI, 0);
    let bounded = StatusListClaims { exp: Some(NOW + 60), ttl: Some(3600), ..good.clone() };
    let unpinned = key(UNPINNED).status_list(&good).expect("the claims are valid");
    let other_key =
        super::forge::sign_encoded(&encode(header_of("statuslist+jwt")), &encode(json(&good)), SECOND);
    vec![
        list("exp and ttl", &bounded).has_status(Revoked),
        list("a second before exp", &bounded).now(NOW + 59).has_status(Revoked),
        list("at exp", &bounded).now(NOW + 60).error("status_list_expired"),
        list("iat 300 s in the future", &good).now(ISSUED - 300).has_status(Revoked),
        list("iat 301 s in the future", &good).now(ISSUED - 301).error("issued_in_future"),
        list("a list without exp is never too old by itself", &good)
            .now(NOW + 1_000_000_000)
            .has_status(Revoked),
        list("another list", &StatusListClaims { sub: format!("{STATUS_URI}0"), ..good.clone() })
            .error("wrong_status_list"),
        list("another issuer", &StatusListClaims { iss: "https://other.example".to_owned(), ..good.clone() })
            .error("wrong_issuer"),
        list("exp before iat", &StatusListClaims { exp: Some(ISSUED - 1), ..good.clone() })
            .error("inconsistent_claims"),
        text("no issuer", r#""iss""#, r#""isu""#).error("bad_payload"),
        text("no iat", r#""iat""#, r#""itt""#).error("bad_payload"),
        text("no status_list", r#""status_list""#, r#""statuslist""#).error("bad_payload"),
        text("ttl is negative", r#""iat""#, r#""ttl":-1,"iat""#).error("bad_payload"),
        text("sub twice", r#""iat""#, r#""sub":"x","iat""#).error("duplicate_member"),
        text("lst twice", r#""bits""#, r#""lst":"","bits""#).error("duplicate_member"),
        text("unknown claims are ignored", r#""bits""#, r#""aggregation_uri":"x","bits""#)
            .has_status(Revoked),
        Case::status_list("a lease as a status list", lease(), STATUS_URI, 0).error("bad_type"),
        Case::lease("a status list as a lease", forged(&json(&good))).error("bad_type"),
        Case::status_list("a key that is not pinned", unpinned, STATUS_URI, 0).error("unknown_key"),
        Case::status_list("signed by the other pinned key", other_key, STATUS_URI, 0).error("bad_signature"),
    ]
}

fn contents() -> Vec<Case> {
    let lst = |lst: String| PackedStatuses { bits: 2, lst };
    let zlib = decode(&packed(&EXAMPLE).lst);
    let (last, body) = zlib.split_last().expect("it is not empty");
    let wrong_sum = [body, &[last ^ 1]].concat();
    let full = vec![0xaa; MAX_STATUS_ENTRIES / 4];
    let over = vec![0; MAX_STATUS_ENTRIES / 4 + 1];
    let accepted = Case::status_list("2^20 entries", token(&packed(&full)), STATUS_URI, (1 << 20) - 1)
        .has_status(Status::Suspended);
    let refused = [
        ("more than 2^20 entries", packed(&over)),
        ("a small token that inflates to 16 MiB", packed(&vec![0; 16 << 20])),
        ("one bit per entry", PackedStatuses { bits: 1, ..packed(&EXAMPLE) }),
        ("four bits per entry", PackedStatuses { bits: 4, ..packed(&EXAMPLE) }),
        ("no bits per entry", PackedStatuses { bits: 0, ..packed(&EXAMPLE) }),
        ("an empty lst", lst(String::new())),
        ("lst with padding", lst(format!("{}=", packed(&EXAMPLE).lst))),
        ("lst in the other alphabet of base64", lst("eNo76fITAAPfAgc+".to_owned())),
        ("lst is not compressed", lst(encode(EXAMPLE))),
        ("lst without the zlib header", lst(encode(miniz_oxide::deflate::compress_to_vec(&EXAMPLE, 9)))),
        ("lst is cut short", lst(encode(zlib.split_at(zlib.len() - 5).0))),
        ("lst without its checksum", lst(encode(zlib.split_at(zlib.len() - 4).0))),
        ("lst with a wrong checksum", lst(encode(wrong_sum))),
        ("something after the zlib stream", lst(encode([&zlib[..], &[0]].concat()))),
        ("two zlib streams", lst(encode([&zlib[..], &zlib[..]].concat()))),
    ];
    let refused = refused.map(|(name, packed)| {
        Case::status_list(name, token(&packed), STATUS_URI, 0).error("bad_status_list")
    });
    [accepted].into_iter().chain(refused).collect()
}

fn packed(entries: &[u8]) -> PackedStatuses {
    PackedStatuses { bits: 2, lst: encode(compress_to_vec_zlib(entries, 9)) }
}

fn claims(status_list: PackedStatuses) -> StatusListClaims {
    StatusListClaims {
        iss: ISSUER.to_owned(),
        sub: STATUS_URI.to_owned(),
        iat: ISSUED,
        exp: None,
        ttl: None,
        status_list,
    }
}

fn token(status_list: &PackedStatuses) -> String {
    forged(&json(&claims(status_list.clone())))
}

fn json(claims: &StatusListClaims) -> String {
    serde_json::to_string(claims).expect("claims are JSON")
}

fn forged(payload: &str) -> String {
    forge(header_of("statuslist+jwt"), payload)
}
