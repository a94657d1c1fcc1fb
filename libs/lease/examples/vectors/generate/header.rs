//! The header: three members, one algorithm, one type per kind of token.

use leasehold_lease::TimeState;

use super::case::{Case, File};
use super::forge::{FIRST, claims, header, header_of, kid, swap, with_header};

pub(crate) fn file() -> File {
    let usual = header();
    let alg = |alg: &str| with_header(swap(&usual, "EdDSA", alg));
    let typ = |typ: &str| with_header(header_of(typ));
    let member = |member: &str| with_header(swap(&usual, "{", &format!("{{{member},")));
    let accept =
        |name, token| Case::lease(name, token).accepts_lease(TimeState::Valid, &kid(FIRST), &claims());

    let mut cases = vec![
        accept("the algorithm under its newer name Ed25519", alg("Ed25519")),
        accept("other order and white space", with_header(reordered())),
        accept("an escaped member name", with_header(swap(&usual, r#""alg""#, r#""\u0061lg""#))),
    ];
    cases.extend(
        [
            ("alg none", alg("none")),
            ("alg None", alg("None")),
            ("alg HS256, the classic confusion of a public key with a secret", hmac()),
            ("alg RS256", alg("RS256")),
            ("alg ES256", alg("ES256")),
            ("alg Ed448", alg("Ed448")),
            ("alg in lower case", alg("eddsa")),
            ("alg empty", alg("")),
            ("alg with a space", alg("EdDSA ")),
        ]
        .map(|(name, token)| Case::lease(name, token).error("bad_algorithm")),
    );
    cases.extend(
        [
            ("typ of a verdict", typ("verdict+jwt")),
            ("typ of a status list", typ("statuslist+jwt")),
            ("typ of any token", typ("JWT")),
            ("typ of an access token", typ("at+jwt")),
            ("typ with the media type's prefix", typ("application/lease+jwt")),
            ("typ in upper case", typ("LEASE+JWT")),
            ("typ empty", typ("")),
        ]
        .map(|(name, token)| Case::lease(name, token).error("bad_type")),
    );
    cases.extend(
        [
            ("crit", member(r#""crit":["exp"]"#)),
            ("b64", member(r#""b64":false"#)),
            ("b64 with crit", member(r#""b64":false,"crit":["b64"]"#)),
            ("jku", member(r#""jku":"https://attacker.example/jwks.json""#)),
            ("jwk", member(r#""jwk":{"kty":"OKP","crv":"Ed25519","x":"AA"}"#)),
            ("x5u", member(r#""x5u":"https://attacker.example/cert.pem""#)),
            ("x5c", member(r#""x5c":["AA"]"#)),
            ("cty", member(r#""cty":"JWT""#)),
            ("zip", member(r#""zip":"DEF""#)),
            ("a member that nobody defined", member(r#""x":1"#)),
            ("members differ by case", member(r#""Alg":"none""#)),
        ]
        .map(|(name, token)| Case::lease(name, token).error("unknown_member")),
    );
    cases.extend(
        [
            ("alg twice", member(r#""alg":"none""#)),
            ("alg twice with one value", member(r#""alg":"EdDSA""#)),
            ("alg twice, once escaped", member(r#""\u0061lg":"none""#)),
            ("kid twice", member(r#""kid":"x""#)),
            ("typ twice", member(r#""typ":"verdict+jwt""#)),
            ("a member twice within a member", member(r#""jwk":{"kty":"OKP","kty":"OKP"}"#)),
        ]
        .map(|(name, token)| Case::lease(name, token).error("duplicate_member")),
    );
    let kid_member = format!(r#","kid":"{}""#, kid(FIRST));
    cases.extend(
        [
            ("no alg", with_header(swap(&usual, r#""alg":"EdDSA","#, ""))),
            ("no typ", with_header(swap(&usual, r#""typ":"lease+jwt","#, ""))),
            ("no kid", with_header(swap(&usual, &kid_member, ""))),
            ("alg is a number", with_header(swap(&usual, r#""EdDSA""#, "1"))),
            ("alg is null", with_header(swap(&usual, r#""EdDSA""#, "null"))),
            ("typ is an array", with_header(swap(&usual, r#""lease+jwt""#, r#"["lease+jwt"]"#))),
            ("the header is an array", with_header(format!("[{usual}]"))),
            ("the header is a string", with_header(r#""EdDSA""#)),
            ("the header is not JSON", with_header("alg=EdDSA")),
            ("something after the header's JSON", with_header(format!("{usual}{{}}"))),
            ("a byte order mark before the header", with_header(format!("\u{feff}{usual}"))),
            ("the header is not UTF-8", with_header([usual.as_bytes(), &[0xff]].concat())),
            ("a trailing comma in the header", with_header(swap(&usual, "\"}", "\",}"))),
        ]
        .map(|(name, token)| Case::lease(name, token).error("bad_header")),
    );
    File::new("The header (RFC 7515 §4): exactly alg, typ and kid; the key decides the algorithm.", cases)
}

fn reordered() -> String {
    format!("{{ \"kid\" : \"{}\",\r\n\t\"alg\" : \"EdDSA\", \"typ\" : \"lease+jwt\" }}\n", kid(FIRST))
}

/// Signed with HMAC-SHA-256 under the bytes of the public key, which everybody knows (RFC 8725 §2.1).
fn hmac() -> String {
    use super::forge::{encode, key, payload};
    use jsonwebtoken::{Algorithm, EncodingKey, crypto};

    let head = encode(swap(&header(), "EdDSA", "HS256"));
    let message = format!("{head}.{}", encode(payload()));
    let secret = EncodingKey::from_secret(&key(FIRST).public().to_bytes());
    let signature = crypto::sign(message.as_bytes(), &secret, Algorithm::HS256).expect("HMAC takes any key");
    format!("{message}.{signature}")
}
