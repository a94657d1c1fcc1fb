//! Prints signed tokens for `libs/lease/interop`, where libraries of other languages verify them.
#![expect(clippy::expect_used, reason = "an example stops at the first fault")]

use leasehold_lease::{Jwk, PublicKey, SigningKey, TokenType};
use serde::Serialize;

#[path = "../tests/fixtures/mod.rs"]
mod fixtures;

/// What the checks read.
#[derive(Serialize)]
struct Input {
    jwks: Keys,
    tokens: Vec<Token>,
}

#[derive(Serialize)]
struct Keys {
    keys: Vec<Jwk>,
}

#[derive(Serialize)]
struct Token {
    token: String,
    typ: &'static str,
    issuer: &'static str,
    /// Absent where the token has no `aud`.
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<&'static str>,
    /// The instant of verification, in Unix seconds.
    now: i64,
    /// The claims that must come out.
    claims: serde_json::Value,
}

fn main() {
    let ours = fixtures::key().lease(&fixtures::lease()).expect("valid claims");
    let verified = fixtures::verifier().lease(&ours, fixtures::FINGERPRINT, fixtures::NOW);
    verified.expect("what others are to verify, verifies here");

    let other = SigningKey::from_seed([43; 32]);
    let keys = [fixtures::key(), other];
    let mut tokens = Vec::new();
    for key in &keys {
        let (lease, verdict, list) = (fixtures::lease(), fixtures::verdict(), fixtures::status_list());
        tokens.extend([
            token(TokenType::Lease, key.lease(&lease).expect("valid claims"), &lease),
            token(TokenType::Verdict, key.verdict(&verdict).expect("valid claims"), &verdict),
            token(TokenType::StatusList, key.status_list(&list).expect("valid claims"), &list),
        ]);
    }
    let jwks = Keys { keys: keys.iter().map(SigningKey::public).map(PublicKey::to_jwk).collect() };
    let input = Input { jwks, tokens };
    println!("{}", serde_json::to_string_pretty(&input).expect("tokens are JSON"));
}

fn token(kind: TokenType, token: String, claims: &impl Serialize) -> Token {
    Token {
        token,
        typ: kind.typ(),
        issuer: fixtures::ISSUER,
        audience: (kind != TokenType::StatusList).then_some(fixtures::AUDIENCE),
        now: fixtures::NOW,
        claims: serde_json::to_value(claims).expect("claims are JSON"),
    }
}
