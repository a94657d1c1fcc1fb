//! The platform token as a credential.

use std::sync::Arc;

use licensing::Call;
use model::Actor;
use poem::{Request, RequestBody, http::header};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{
    http::{
        credential::{bearer, unauthorized},
        front::RequestContext,
        header::once,
    },
    problem::{Fault, Problem},
};

const SCHEME: &str = "platformToken";

/// SHA-256 of the token that operators present. Noted on the requests that ask for it.
#[derive(Clone)]
pub(crate) struct TokenHash(pub(crate) [u8; 32]);

/// A request with the platform token.
pub(crate) struct Operator {
    /// Who calls, for the audit logs of tenants.
    pub(crate) call: Call,
}

impl<'a> ApiExtractor<'a> for Operator {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            SCHEME,
            MetaSecurityScheme {
                ty: "http",
                description: Some("The platform token that the server is configured with."),
                name: None,
                key_in: None,
                scheme: Some("bearer"),
                bearer_format: None,
                flows: None,
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        // A route that is mounted elsewhere: a fault of ours, not the caller's.
        let expected = request.data::<TokenHash>().ok_or_else(|| Problem::new(Fault::Internal))?;
        let token = once(request.headers(), &header::AUTHORIZATION)?.and_then(bearer);
        // Of texts of whatever length, hashes of one length are compared.
        let presented: [u8; 32] = Sha256::digest(token.unwrap_or_default()).into();
        if token.is_none() || !bool::from(presented.ct_eq(&expected.0)) {
            let problem = unauthorized().detail("Send the platform token, as Authorization: Bearer.");
            return Err(problem.into());
        }
        let context = RequestContext::of(request);
        Ok(Self {
            call: Call {
                actor: Actor::Operator,
                address: context.address(),
                request_id: Some(Arc::clone(context.request_id())),
                recall: None,
            },
        })
    }
}
