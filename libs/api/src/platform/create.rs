//! `POST /v1/tenants`

use licensing::{FirstOwner, Licensing, NewHostedTenant, NewTenant};
use model::{EmailAddress, Invalid, Issuer, Name, TenantSlug};
use poem_openapi::{Object, OpenApi, types::Example};

use super::{Tag, operator::Operator, shape::CreatedTenant};
use crate::{
    http::{
        body::Body,
        members::{Command, Members},
        resource::NewThing,
    },
    problem::{Problem, Violation, managed},
};

/// A tenant to make.
#[derive(Object)]
#[oai(rename = "CreateTenantRequest", example, skip_serializing_if_is_none)]
pub(crate) struct CreateTenantRequest {
    /// Its name in URLs: lower-case letters, digits and hyphens.
    #[oai(validator(min_length = 1, max_length = 63, pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"))]
    slug: String,
    /// Its name for people.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
    /// The `iss` of its tokens, which never changes: the URL under which apps reach it for good. The public URL of the
    /// server with `/t/` and the slug, when absent.
    issuer: Option<String>,
    /// Its first member, who owns it.
    owner: FirstOwnerRequest,
    /// The name of its first API key; `first key` when absent.
    #[oai(validator(min_length = 1, max_length = 200))]
    api_key_name: Option<String>,
}

/// The first member of a tenant.
#[derive(Object)]
#[oai(rename = "FirstOwner", example, skip_serializing_if_is_none)]
struct FirstOwnerRequest {
    /// Where to write to.
    email: String,
    /// The name for people.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
}

/// What is asked for; the issuer may still have to be made.
pub(crate) struct CreateCommand {
    slug: TenantSlug,
    name: Name,
    issuer: Option<Issuer>,
    owner: FirstOwner,
    api_key_name: Option<Name>,
}

impl Command for CreateCommand {
    fn read(members: &mut Members) -> Option<Self> {
        let slug = members.required("slug", TenantSlug::parse);
        let name = members.required("name", Name::parse);
        let issuer = members.optional("issuer", Issuer::parse);
        let owner = members.object("owner", |members| {
            let email = members.required("email", EmailAddress::parse);
            let name = members.required("name", Name::parse);
            Some(FirstOwner { email: email?, name: name? })
        });
        let api_key_name = members.optional("api_key_name", Name::parse);
        Some(Self { slug: slug?, name: name?, issuer: issuer?, owner: owner?, api_key_name: api_key_name? })
    }
}

/// The operation.
pub(crate) struct CreateTenant {
    pub(super) licensing: Licensing,
    pub(super) public_url: Option<String>,
}

#[OpenApi]
impl CreateTenant {
    /// Make a tenant
    ///
    /// With signing keys, its first owner, and an API key that may do everything, whose secret the answer has this once.
    /// There is no `Idempotency-Key` here: a slug is taken once, so that a request that is sent again is answered by
    /// `conflict`.
    #[oai(path = "/v1/tenants", method = "post", operation_id = "createTenant", tag = "Tag::Tenants")]
    async fn create(
        &self,
        operator: Operator,
        body: Body<CreateTenantRequest, CreateCommand>,
    ) -> Result<NewThing<CreatedTenant>, Problem> {
        let command = body.command;
        let issuer = match command.issuer {
            Some(issuer) => issuer,
            None => self.issuer(&command.slug)?,
        };
        let api_key_name = command.api_key_name.map_or_else(|| Name::parse("first key"), Ok);
        let new = NewHostedTenant {
            tenant: NewTenant { slug: command.slug, name: command.name, issuer },
            owner: command.owner,
            api_key_name: api_key_name.map_err(|invalid| wrong("/api_key_name", invalid))?,
        };
        let start = self.licensing.host_tenant(&operator.call, new).await.map_err(managed)?;
        let location = format!("/platform/v1/tenants/{}", start.tenant.tenant.slug);
        Ok(NewThing::new(&start.into(), &location))
    }
}

impl CreateTenant {
    fn issuer(&self, slug: &TenantSlug) -> Result<Issuer, Problem> {
        let Some(public_url) = &self.public_url else {
            return Err(wrong("/issuer", "is required, because the server does not know its public URL"));
        };
        Issuer::parse(format!("{public_url}/t/{slug}")).map_err(|invalid: Invalid| wrong("/issuer", invalid))
    }
}

fn wrong(pointer: &str, rule: impl std::fmt::Display) -> Problem {
    Problem::invalid(vec![Violation { pointer: pointer.to_owned(), detail: rule.to_string() }])
}

impl Example for CreateTenantRequest {
    fn example() -> Self {
        Self {
            slug: "acme".to_owned(),
            name: "ACME Inc.".to_owned(),
            issuer: Some("https://licenses.example.com/t/acme".to_owned()),
            owner: Example::example(),
            api_key_name: Some("web shop".to_owned()),
        }
    }
}

impl Example for FirstOwnerRequest {
    fn example() -> Self {
        Self { email: "olivia@acme.example".to_owned(), name: "Olivia Owner".to_owned() }
    }
}
