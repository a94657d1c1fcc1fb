//! Generates a client from each document in the folder that `LEASEHOLD_DOCUMENTS` names.

use std::{env, error::Error, fs, path::Path};

use progenitor::{GenerationSettings, Generator, InterfaceStyle};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=LEASEHOLD_DOCUMENTS");
    let documents = env::var("LEASEHOLD_DOCUMENTS")?;
    println!("cargo::rerun-if-changed={documents}");
    for name in ["client", "management"] {
        let text = fs::read_to_string(Path::new(&documents).join(name).with_extension("json"))?;
        let document = serde_json::from_str(&text)?;
        let mut settings = GenerationSettings::default();
        settings.with_interface(InterfaceStyle::Builder);
        let tokens = Generator::new(&settings).generate_tokens(&document)?;
        let code = prettyplease::unparse(&syn::parse2(tokens)?);
        fs::write(Path::new(&env::var("OUT_DIR")?).join(name).with_extension("rs"), code)?;
    }
    Ok(())
}
