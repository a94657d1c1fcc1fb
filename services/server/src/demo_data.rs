//! The demonstration tenant: always the same, but for the key of one license.

use licensing::{
    Call, ImportLine, Imported, Licensing, NewApiKey, NewCustomer, NewLicense, NewPolicy, NewProduct,
    NewTenant,
};
use model::{
    ClientKey, EntitlementCode, EntitlementValue, Invalid, Issuer, KeyFormat, LicenseKey, LicenseState,
    Limit, Name, Overrides, PolicyCode, PolicyRules, ProductCode, ProductKey, Scopes, Tenant, TenantSlug,
};

use crate::fault::{Fault, Result};

/// The tenant.
pub(crate) const TENANT: &str = "demo";
/// The product and the license that the instructions use.
pub(crate) const PRODUCT: &str = "test-application";
/// Ten activations, any number of seats.
pub(crate) const KEY: &str = "2SZRHXZBNB3GUCHM375FTB8DJ";
/// One activation.
pub(crate) const ONE_ACTIVATION_KEY: &str = "ONEACTIVATIONONLY00000000";
/// Suspended.
pub(crate) const SUSPENDED_KEY: &str = "SUSPENDEDLICENSE000000000";

const FRAMECAD_KEYS: [&str; 10] = [
    "HIOZ-W7RA-JNET-X039",
    "I3KO-I1NB-LS8U-QF96",
    "K86T-1AYR-13FO-P7KJ",
    "BJG4-AVGI-30QK-A7FQ",
    "DKIP-CE96-9SU5-1TUC",
    "9BFA-5M4Q-TJ28-DE1P",
    "8ESY-ZKL8-GWCP-EXCT",
    "Q1VI-3EP6-9K2P-F6GC",
    "S8T5-D3HU-R8P7-90UZ",
    "UXTQ-UYZK-79YT-6XYR",
];

/// A product with its one policy, which has the same code.
struct Line {
    number: u32,
    code: &'static str,
    name: &'static str,
    support_message: Option<&'static str>,
    product_key: Option<&'static str>,
    key_format: KeyFormat,
    rules: PolicyRules,
}

/// Makes the tenant and all it has; gives it with the generated key of its Atelier license.
///
/// # Errors
/// Those of the database.
pub(crate) async fn make(licensing: &Licensing, issuer: Issuer) -> Result<(Tenant, LicenseKey)> {
    let call = Call::operator();
    let slug = good(TenantSlug::parse(TENANT))?;
    let tenant =
        licensing.create_tenant(&call, NewTenant { slug, name: good(Name::parse("Demo"))?, issuer }).await?;
    for line in lines()? {
        let code = good(ProductCode::parse(line.code))?;
        let product = NewProduct {
            metadata: model::Metadata::default(),
            code: code.clone(),
            name: good(Name::parse(line.name))?,
            number: Some(line.number),
            support_message: line.support_message.map(str::to_owned),
            product_key: line.product_key.map(ProductKey::parse).transpose().map_err(broken)?,
            key_format: line.key_format,
        };
        licensing.create_product(&tenant, &call, product).await?;
        let policy = NewPolicy {
            metadata: model::Metadata::default(),
            product: code,
            code: good(PolicyCode::parse(line.code))?,
            name: good(Name::parse(line.name))?,
            rules: line.rules,
        };
        licensing.create_policy(&tenant, &call, policy).await?;
    }
    for (number, name, client_key) in
        [(1, "Tester", "3D9AACA84BEC559A"), (2, "Second Tester", "E3200EA9C4D291CA")]
    {
        let customer = NewCustomer {
            metadata: model::Metadata::default(),
            name: good(Name::parse(name))?,
            email: None,
            number: Some(number),
            client_key: Some(good(ClientKey::parse(client_key))?),
        };
        licensing.create_customer(&tenant, &call, customer).await?;
    }
    for outcome in licensing.import_licenses(&tenant, &call, licenses()?).await? {
        if let Imported::Refused(reason) = outcome {
            return Err(Fault::failed(format_args!("a demonstration license was refused: {reason}")));
        }
    }
    let atelier = NewLicense {
        memo: None,
        metadata: model::Metadata::default(),
        policy: good(PolicyCode::parse("atelier"))?,
        customer: None,
        key: None,
        overrides: Overrides::default(),
        expires_at: None,
    };
    let (_, key) = licensing.create_license(&tenant, &call, atelier).await?;
    Ok((tenant, key))
}

/// Makes an API key that may do everything, for trying the management API.
///
/// # Errors
/// Those of the database.
pub(crate) async fn make_api_key(licensing: &Licensing, tenant: &Tenant) -> Result<String> {
    let new = NewApiKey {
        name: good(Name::parse("the demonstration"))?,
        scopes: Scopes::admin(),
        expires_at: None,
    };
    let (_, token) = licensing.create_api_key(tenant, &Call::operator(), new).await?;
    Ok(token.reveal().to_owned())
}

fn lines() -> Result<[Line; 3]> {
    let mut atelier = PolicyRules { seats: Limit::AtMost(3), ..PolicyRules::default() };
    atelier.entitlements.set(good(EntitlementCode::parse("export"))?, EntitlementValue::Flag(true));
    atelier.entitlements.set(good(EntitlementCode::parse("max-layers"))?, EntitlementValue::Number(64));
    Ok([
        Line {
            number: 1,
            code: PRODUCT,
            name: "Test Application",
            support_message: Some("call 555-555-5555 for support"),
            product_key: None,
            key_format: KeyFormat::Crockford5x5,
            rules: PolicyRules { seats: Limit::Unlimited, ..PolicyRules::default() },
        },
        Line {
            number: 2,
            code: "framecad",
            name: "frameCAD",
            support_message: None,
            product_key: Some("FRAMECAD-PRODUCT-KEY"),
            key_format: KeyFormat::Alphanumeric4x4,
            rules: PolicyRules {
                term: Some(good("P1Y".parse())?),
                requires_customer: true,
                ..PolicyRules::default()
            },
        },
        Line {
            number: 3,
            code: "atelier",
            name: "Atelier",
            support_message: None,
            product_key: None,
            key_format: KeyFormat::Crockford5x5,
            rules: atelier,
        },
    ])
}

fn licenses() -> Result<Vec<ImportLine>> {
    let test_application = [
        (KEY, Limit::AtMost(10), LicenseState::Active),
        (ONE_ACTIVATION_KEY, Limit::AtMost(1), LicenseState::Active),
        ("UNLIMITEDACTIVATIONS00000", Limit::Unlimited, LicenseState::Active),
        (SUSPENDED_KEY, Limit::AtMost(5), LicenseState::Suspended),
    ];
    let test_application =
        test_application.into_iter().map(|(key, limit, state)| license(key, PRODUCT, Some(limit), state));
    let framecad = FRAMECAD_KEYS.into_iter().map(|key| license(key, "framecad", None, LicenseState::Active));
    test_application.chain(framecad).collect()
}

fn license(
    key: &str,
    policy: &str,
    activation_limit: Option<Limit>,
    state: LicenseState,
) -> Result<ImportLine> {
    let line = ImportLine::new(good(LicenseKey::parse(key))?, good(PolicyCode::parse(policy))?);
    Ok(ImportLine { activation_limit, state, ..line })
}

fn good<T>(value: Result<T, Invalid>) -> Result<T> {
    value.map_err(broken)
}

fn broken(rule: Invalid) -> Fault {
    Fault::failed(format_args!("the demonstration data is broken: a value {rule}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_is_well_formed() {
        assert_eq!(licenses().unwrap().len(), 14);
        assert!(lines().unwrap().into_iter().all(|line| line.rules.checked().is_ok()));
    }
}
