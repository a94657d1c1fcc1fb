//! The desktop app of the tour: sends requests, and believes only what is signed.

use std::time::Duration;

use lease::{KeySet, VerdictClaims, Verifier};
use licensing::{Clock, Entropy};
use serde_json::{Map, Value, json};

use super::stage::Stage;
use crate::fault::{Fault, Result};

/// An app with what it was built with (base URL, product, pinned keys) and what its user typed (the license key).
pub(super) struct App {
    http: reqwest::Client,
    issuer: String,
    product: String,
    key: String,
    keys: KeySet,
}

/// An answer, with the bytes of the request that it answers.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
    text: String,
    nonce: String,
    request: Vec<u8>,
}

impl Answer {
    /// A text of the answer, empty when it is not there.
    pub(super) fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// A number of the answer.
    pub(super) fn number(&self, pointer: &str) -> Option<u64> {
        self.body.pointer(pointer).and_then(Value::as_u64)
    }

    /// Whether both answers are the same, byte for byte.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.status == other.status && self.text == other.text
    }
}

/// The keys that a vendor builds into its app, fetched once.
pub(super) async fn fetch_keys(stage: &Stage, issuer: &str) -> Result<KeySet> {
    let url = format!("{issuer}/.well-known/jwks.json");
    stage.sent("GET", &url, &[], None)?;
    let response = stage.good("no answer", client()?.get(&url).send().await)?;
    let status = response.status().as_u16();
    let text = stage.good("no answer", response.text().await)?;
    stage.received(status, &serde_json::from_str(&text).unwrap_or_default())?;
    stage.good("the key set", KeySet::parse(text.as_bytes()))
}

fn client() -> Result<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        // It speaks no TLS, and a machine without certificates is good enough for it.
        .tls_certs_only([])
        .timeout(Duration::from_secs(20))
        .build()
        .map_err(|error| Fault::failed(format_args!("cannot make an HTTP client: {error}")))
}

impl App {
    pub(super) fn new(issuer: &str, product: &str, key: &str, keys: KeySet) -> Result<Self> {
        Ok(Self {
            http: client()?,
            issuer: issuer.to_owned(),
            product: product.to_owned(),
            key: key.to_owned(),
            keys,
        })
    }

    /// What checks tokens, with nothing but what the app was built with.
    pub(super) fn verifier(&self) -> Verifier {
        Verifier::new(self.issuer.clone(), self.product.clone(), self.keys.clone())
    }

    /// Sends a request about the license on a machine, with a new nonce.
    pub(super) async fn post(&self, stage: &Stage, path: &str, fingerprint: &str) -> Result<Answer> {
        self.post_with(stage, path, self.members(fingerprint), None).await
    }

    /// The members of every request.
    pub(super) fn members(&self, fingerprint: &str) -> Map<String, Value> {
        let nonce = Entropy::System.bytes::<12>().map(|byte| format!("{byte:02x}")).concat();
        let members =
            json!({ "key": self.key, "product": self.product, "fingerprint": fingerprint, "nonce": nonce });
        members.as_object().cloned().unwrap_or_default()
    }

    /// Sends these members.
    pub(super) async fn post_with(
        &self,
        stage: &Stage,
        path: &str,
        members: Map<String, Value>,
        idempotency_key: Option<&str>,
    ) -> Result<Answer> {
        let url = format!("{}{path}", self.issuer);
        let nonce = members.get("nonce").and_then(Value::as_str).unwrap_or_default().to_owned();
        let body = Value::Object(members);
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(idempotency_key.map(|key| ("Idempotency-Key", key)));
        stage.sent("POST", &url, &headers, Some(&body))?;
        let request = body.to_string().into_bytes();
        let post =
            headers.iter().fold(self.http.post(&url), |post, (name, value)| post.header(*name, *value));
        let response = stage.good("no answer", post.body(request.clone()).send().await)?;
        let status = response.status().as_u16();
        let text = stage.good("no answer", response.text().await)?;
        let body: Value = stage.good("the answer is not JSON", serde_json::from_str(&text))?;
        stage.received(status, &body)?;
        Ok(Answer { status, body, text, nonce, request })
    }

    /// Whether the server answers at all.
    pub(super) async fn is_offline(&self) -> bool {
        self.http.get(format!("{}/.well-known/jwks.json", self.issuer)).send().await.is_err()
    }

    /// Verifies the signed verdict of an answer: that it is for this very request, and what it says.
    pub(super) fn verdict(&self, stage: &Stage, answer: &Answer) -> Result<VerdictClaims> {
        let verdict = self.verifier().verdict(answer.text("/verdict"), &answer.nonce, &answer.request, now());
        let claims = stage.good("the verdict does not verify", verdict)?;
        let words = if claims.valid { "valid".to_owned() } else { format!("not valid, {}", claims.code) };
        stage.expect(
            true,
            format_args!("the signed verdict verifies, answers this request, and says: {words}"),
        )?;
        Ok(claims)
    }
}

/// The app's clock, in Unix seconds.
pub(super) fn now() -> i64 {
    Clock::System.now().unix_seconds()
}
