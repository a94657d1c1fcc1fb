//! API keys as credentials, and the scope that an operation needs.

use std::marker::PhantomData;

use licensing::Presented;
use model::{Actor, ApiKey, ApiKeyToken, Scope};
use poem::{
    Request, RequestBody,
    http::{HeaderValue, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};

use super::{header::once, tenant::TenantCall};
use crate::problem::{Fault, Problem, failed};

/// The name of the security scheme in documents. A scheme's name with a scope behind it, as operations declare it, is
/// taken apart when the document is finished.
pub(crate) const SCHEME: &str = "apiKey";

/// What an operation needs of its caller's credential.
pub(crate) trait Needs: Send + Sync + 'static {
    /// The scope.
    const SCOPE: Scope;
    /// [`SCHEME`], a space, and the scope.
    const DECLARED: &'static str;
}

macro_rules! needs {
    ($($name:ident = $code:literal;)+) => {
        /// One type for each scope, for the signatures of operations.
        pub(crate) mod scope {
            use super::{Needs, Scope};
            $(
                #[doc = concat!("Needs `", $code, "`.")]
                pub(crate) struct $name;

                impl Needs for $name {
                    const SCOPE: Scope = Scope::$name;
                    const DECLARED: &'static str = concat!("apiKey ", $code);
                }
            )+

            #[test]
            fn declared_scopes_are_those_that_are_checked() {
                $(assert_eq!($name::DECLARED, format!("{} {}", super::SCHEME, $name::SCOPE.code()));)+
            }
        }
    };
}

needs! {
    ProductsRead = "products:read";
    ProductsWrite = "products:write";
    CustomersRead = "customers:read";
    CustomersWrite = "customers:write";
    LicensesRead = "licenses:read";
    LicensesWrite = "licenses:write";
    LicensesReveal = "licenses:reveal";
    MachinesRead = "machines:read";
    MachinesWrite = "machines:write";
    EventsRead = "events:read";
    UsageRead = "usage:read";
    ApiKeysRead = "api_keys:read";
    ApiKeysWrite = "api_keys:write";
    SigningKeysRead = "signing_keys:read";
    SigningKeysWrite = "signing_keys:write";
    SettingsRead = "settings:read";
    SettingsWrite = "settings:write";
}

/// A request to a tenant's API with an API key that has the scope `S`.
pub(crate) struct Authorized<S> {
    /// Whose request it is; the actor is the API key.
    pub(crate) caller: TenantCall,
    /// The API key.
    pub(crate) key: ApiKey,
    scope: PhantomData<fn() -> S>,
}

impl<'a, S: Needs> ApiExtractor<'a> for Authorized<S> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            SCHEME,
            MetaSecurityScheme {
                ty: "http",
                description: Some(
                    "An API key, `lh_` with 8 characters that name it and 43 of secret. Each operation says which scope \
                     it needs.",
                ),
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
        vec![S::DECLARED]
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let mut caller = TenantCall::of(request)?;
        let key = authenticate(&mut caller, request).await?;
        if !key.scopes.allow(S::SCOPE) {
            let detail = format!("The API key lacks the scope {}.", S::SCOPE.code());
            return Err(Problem::new(Fault::InsufficientScope).detail(detail).into());
        }
        caller.call.actor = Actor::ApiKey(key.id);
        Ok(Self { caller, key, scope: PhantomData })
    }
}

/// The API key of a request. Whatever is wrong with it, the answer is the same.
async fn authenticate(caller: &mut TenantCall, request: &Request) -> Result<ApiKey, Problem> {
    let token = once(request.headers(), &header::AUTHORIZATION)?.and_then(bearer);
    let token = token.and_then(|token| ApiKeyToken::parse(token).ok()).ok_or_else(unauthorized)?;
    caller.admit(Presented::ApiKey(&token)).await?;
    let licensing = caller.licensing();
    let key = licensing.authenticate(&caller.tenant, &token).await.map_err(failed)?;
    if key.is_none() {
        licensing.note_wrong_key(&caller.tenant, caller.call.address).await;
    }
    key.ok_or_else(unauthorized)
}

/// The credential of an `Authorization` header with the scheme `Bearer` (RFC 6750 section 2.1).
pub(crate) fn bearer(value: &str) -> Option<&str> {
    let (scheme, credential) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| credential.trim_matches(' '))
}

/// That there is no good credential (RFC 9110 section 15.5.2).
pub(crate) fn unauthorized() -> Problem {
    Problem::new(Fault::Unauthorized).header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bearer_credentials() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc"), Some("abc"));
        for other in ["", "Bearer", "Basic abc", "abc", "Bearerabc abc"] {
            assert_eq!(bearer(other), None, "{other}");
        }
    }
}
