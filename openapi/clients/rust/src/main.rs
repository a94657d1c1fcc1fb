//! What a vendor's back office and an app do, with the generated clients. Prints one line for each step.

use std::{env, error::Error, fmt::Debug};

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

    let check = client::types::ValidateRequest::builder().key("NO-SUCH-KEY").product("cad");
    let validation = app.validate_license().body(check).send().await?;
    println!("unknown key: valid {}, {}", validation.valid, validation.code);
    let activate =
        client::types::ActivateRequest::builder().key("NO-SUCH-KEY").product("cad").fingerprint("machine-1");
    let problem = refused(app.activate_license().body(activate).send().await)?;
    println!("unknown key: refused {} {}", problem.status, problem.code);

    println!("public keys: {}", app.get_key_set().send().await?.keys.len());
    Ok(())
}
