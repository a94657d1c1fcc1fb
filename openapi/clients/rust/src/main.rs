//! What a vendor's back office and an app do, with the generated clients. Prints one line for each step.

use std::{env, error::Error, fmt::Debug};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use progenitor_client::{Error as Failure, ResponseValue};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};

/// The client of the app.
#[allow(unused_imports, reason = "the generator makes a prelude for everybody")]
mod client {
    include!(concat!(env!("OUT_DIR"), "/client.rs"));
}

/// The client of the vendor.
#[allow(unused_imports, reason = "the generator makes a prelude for everybody")]
mod management {
    include!(concat!(env!("OUT_DIR"), "/management.rs"));
}

/// The problem that an answer is.
fn refused<T: Debug, P: Debug>(answer: Result<ResponseValue<T>, Failure<P>>) -> Result<P, Box<dyn Error>> {
    match answer {
        Err(Failure::ErrorResponse(problem)) => Ok(problem.into_inner()),
        other => Err(format!("not refused: {other:?}").into()),
    }
}

/// What a signed token says. An app verifies it first: see docs/lease-profile.md.
fn claims(token: &str) -> Result<serde_json::Value, Box<dyn Error>> {
    let payload = token.split('.').nth(1).ok_or("not a token")?;
    Ok(serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload)?)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let base = env::var("LEASEHOLD_BASE")?;
    let mut credential = HeaderValue::from_str(&format!("Bearer {}", env::var("LEASEHOLD_API_KEY")?))?;
    credential.set_sensitive(true);
    let http =
        reqwest::Client::builder().default_headers(HeaderMap::from_iter([(AUTHORIZATION, credential)]));
    let vendor = management::Client::new_with_client(&base, http.build()?);
    let app = client::Client::new(&base);

    let new_product = management::types::CreateProductRequest::builder().code("cad").name("CAD");
    let product = vendor.create_product().body(new_product.clone()).send().await?;
    println!("product {} created", product.code);
    let problem = refused(vendor.create_product().body(new_product).send().await)?;
    println!("product {} again: {}", product.code, problem.code);

    let new_policy = management::types::CreatePolicyRequest::builder()
        .product(product.code.clone())
        .code("cad-pro")
        .name("CAD Pro")
        .term("P1Y".to_owned())
        .seats(2);
    let policy = vendor.create_policy().body(new_policy).send().await?;
    println!("policy {} created: {} seats", policy.code, policy.seats);
    let new_customer = management::types::CreateCustomerRequest::builder().name("ACME Inc.");
    let customer = vendor.create_customer().body(new_customer).send().await?;
    println!("customer {} created", customer.name);

    let new_license = management::types::CreateLicenseRequest::builder()
        .policy(policy.code.clone())
        .customer(customer.id)
        .memo("order 42".to_owned());
    let create = || vendor.create_license().idempotency_key("order-42").body(new_license.clone()).send();
    let created = create().await?;
    let license = &created.license;
    println!("license for {} by {} created: {}", license.product, license.policy, license.state);
    let same = if create().await?.id == created.id { "the same" } else { "another" };
    println!("license again with the same idempotency key: {same}");

    let activate = |key: &str| {
        client::types::ActivateRequest::builder()
            .key(key)
            .product("cad")
            .fingerprint("machine-1")
            .machine_name("studio-1".to_owned())
    };
    let problem = refused(app.activate_license().body(activate("NO-SUCH-KEY")).send().await)?;
    println!("unknown key: refused {} {}", problem.status, problem.code);

    let activation = app.activate_license().body(activate(&created.key)).send().await?;
    let (license, machine) = (&activation.license, &activation.machine);
    let (name, seats) = (machine.name.as_deref().unwrap_or_default(), license.seats.unwrap_or_default());
    println!("activated: {name} {}, {} of {seats} seats", machine.state, license.seats_used);

    let nonce = "made-up-for-this-check";
    let check = client::types::ValidateRequest::builder()
        .key(created.key.clone())
        .product("cad")
        .fingerprint("machine-1".to_owned())
        .nonce(nonce.to_owned());
    let validation = app.validate_license().body(check.clone()).send().await?;
    let came_back = claims(validation.verdict.as_deref().unwrap_or_default())?["nonce"] == nonce;
    println!("validated: valid {}, nonce came back {came_back}", validation.valid);

    let machines = vendor.list_machines().license(created.id).send().await?;
    let machines: Vec<String> = machines
        .items
        .iter()
        .map(|machine| format!("{} {}", machine.name.as_deref().unwrap_or_default(), machine.state))
        .collect();
    println!("machines: {}", machines.join(", "));

    println!("suspended: {}", vendor.suspend_license().license(created.id).send().await?.state);
    let validation = app.validate_license().body(check).send().await?;
    println!("validated: valid {}, {}", validation.valid, validation.code);
    let problem = refused(app.activate_license().body(activate(&created.key)).send().await)?;
    println!("activation refused: {} {}", problem.status, problem.code);
    println!("revoked: {}", vendor.revoke_license().license(created.id).send().await?.state);
    let problem = refused(app.activate_license().body(activate(&created.key)).send().await)?;
    println!("activation refused: {} {}", problem.status, problem.code);

    println!("public keys: {}", app.get_key_set().send().await?.keys.len());
    Ok(())
}
