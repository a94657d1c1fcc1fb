//! The shape of a signing key.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use model::SigningKeyRecord;
use poem_openapi::{Object, types::Example};
use serde::Serialize;

use crate::{
    client::wire::Instant,
    http::{list::list_of, resource::Resource},
};

/// A key that signs leases, will, or did. Its private half is never shown.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "SigningKey", example, skip_serializing_if_is_none)]
pub(crate) struct SigningKeyShape {
    /// Its thumbprint (RFC 7638), which names it in tokens and in the published key set.
    kid: String,
    /// `next`: published, not yet signing. `active`: signing, and always exactly one. `retired`: published as long as
    /// something that it signed may be verified. `revoked`: never published again.
    state: String,
    /// The public half, an Ed25519 key in base64url (RFC 8037 section 2).
    x: String,
    /// When it was made.
    created_at: Instant,
    /// When it began to sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    activated_at: Option<Instant>,
    /// When it was taken out of use.
    #[serde(skip_serializing_if = "Option::is_none")]
    retired_at: Option<Instant>,
}

impl Resource for SigningKeyShape {
    const NAME: &'static str = "kid";
}

impl From<&SigningKeyRecord> for SigningKeyShape {
    fn from(key: &SigningKeyRecord) -> Self {
        Self {
            kid: key.id.to_string(),
            state: key.state.code().to_owned(),
            x: URL_SAFE_NO_PAD.encode(key.public),
            created_at: key.created_at.into(),
            activated_at: key.activated_at.map(Instant::from),
            retired_at: key.retired_at.map(Instant::from),
        }
    }
}

list_of! {
    /// A piece of the list of signing keys.
    SigningKeyList, "SigningKeyList", SigningKeyShape
}

impl Example for SigningKeyShape {
    fn example() -> Self {
        Self {
            // The key of RFC 8037 appendix A.
            kid: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k".to_owned(),
            state: "active".to_owned(),
            x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned(),
            created_at: "2026-03-01T12:00:00Z".into(),
            activated_at: Some("2026-04-01T12:00:00Z".into()),
            retired_at: None,
        }
    }
}
