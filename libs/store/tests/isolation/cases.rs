//! What tenant B tries with the identifiers, keys, hashes and fingerprints of tenant A.

use std::pin::Pin;

use leasehold_store::{
    ActivationRecord, CheckTally, DossierQuery, NewLicenseRow, NumberKind, Page, StoredAnswer, Tx,
};
use model::{
    Customer, KeyState, License, LicenseState, Limited, Machine, Policy, Product, SeatKind, SigningKeyRecord,
};

use crate::{
    A, B,
    common::{
        api_key, api_key_id, at, client_key, customer, customer_id, event, fingerprint, key_hash, license,
        license_id, machine, machine_id, member, memo, metadata, policy, policy_id, product, product_id,
        signing_key,
    },
};

/// Runs a method and tells all that it gave.
pub(crate) type Case = for<'a> fn(&'a mut Tx) -> Pin<Box<dyn Future<Output = String> + Send + 'a>>;

macro_rules! case {
    ($tx:ident => $call:expr) => {
        |$tx: &mut Tx| Box::pin(async move { format!("{:?}", $call.await) })
    };
}

/// At least one case for every method, as `file::method`: first what reads, then what changes, then what adds.
pub(crate) const CASES: &[(&str, Case)] = &[
    ("api_keys::by_id", case!(tx => tx.api_keys().by_id(api_key_id(A)))),
    (
        "api_keys::by_public_id",
        case!(tx => async { tx.api_keys().by_public_id(&api_key(A).public_id).await }),
    ),
    ("api_keys::list", case!(tx => async { tx.api_keys().list(&page()).await })),
    ("products::list", case!(tx => async { tx.products().list(&page()).await })),
    ("licenses::metadata", case!(tx => tx.licenses().metadata(license_id(A)))),
    ("checks::of_license", case!(tx => tx.checks().of_license(license_id(A)))),
    ("checks::of_machine", case!(tx => tx.checks().of_machine(machine_id(A)))),
    ("customers::by_client_key", case!(tx => tx.customers().by_client_key(&client_key(A)))),
    ("customers::by_id", case!(tx => tx.customers().by_id(customer_id(A)))),
    (
        "dossiers::by_key",
        case!(tx => async { tx.dossiers().by_key(&DossierQuery {
        key_hash: &key_hash(A), fingerprint: Some(&fingerprint(A)), customer: Some(&client_key(A)), now: at(0),
    }).await }),
    ),
    // B's own license, with A's machine and customer
    (
        "dossiers::by_key",
        case!(tx => async { tx.dossiers().by_key(&DossierQuery {
        key_hash: &key_hash(B), fingerprint: Some(&fingerprint(A)), customer: Some(&client_key(A)), now: at(0),
    }).await }),
    ),
    ("events::of_license", case!(tx => tx.events().of_license(license_id(A), 100))),
    ("events::outbox_length", case!(tx => tx.events().outbox_length())),
    ("licenses::by_id", case!(tx => tx.licenses().by_id(license_id(A)))),
    ("licenses::id_by_key", case!(tx => tx.licenses().id_by_key(&key_hash(A)))),
    ("machines::of_license", case!(tx => tx.machines().of_license(license_id(A), 100))),
    (
        "machines::seats_used",
        case!(tx => tx.machines().seats_used(license_id(A), SeatKind::NodeLocked, at(0))),
    ),
    ("policies::by_code", case!(tx => tx.policies().by_code(&policy(A).code))),
    ("policies::by_id", case!(tx => tx.policies().by_id(policy_id(A)))),
    ("products::by_code", case!(tx => tx.products().by_code(&product(A).code))),
    ("products::by_id", case!(tx => tx.products().by_id(product_id(A)))),
    ("licenses::sealed_key", case!(tx => tx.licenses().sealed_key(license_id(A)))),
    ("machines::marks", case!(tx => tx.machines().marks(machine_id(A)))),
    ("products::by_number", case!(tx => tx.products().by_number(A))),
    (
        "products::by_product_key",
        case!(tx => async { tx.products().by_product_key(&product(A).product_key).await }),
    ),
    ("licenses::memo", case!(tx => tx.licenses().memo(license_id(A)))),
    ("policies::longest_lease", case!(tx => tx.policies().longest_lease())),
    ("signing_keys::active", case!(tx => tx.signing_keys().active())),
    ("signing_keys::all", case!(tx => tx.signing_keys().all())),
    ("signing_keys::published", case!(tx => tx.signing_keys().published(at(0), at(0)))),
    ("limits::take", case!(tx => tx.limits().take(Limited::Licenses, 1))),
    ("members::all", case!(tx => tx.members().all())),
    // changes of what has an identifier of A
    ("checks::count_license", case!(tx => tx.checks().count_license(license_id(A), &tally()))),
    ("checks::count_machine", case!(tx => tx.checks().count_machine(machine_id(A), &tally()))),
    ("api_keys::revoke", case!(tx => tx.api_keys().revoke(api_key_id(A), at(90)))),
    ("api_keys::touch", case!(tx => tx.api_keys().touch(api_key_id(A), at(90)))),
    ("products::update", case!(tx => async { tx.products().update(&product(A)).await })),
    ("products::delete", case!(tx => async { tx.products().delete(&product(A)).await })),
    (
        "licenses::set_metadata",
        case!(tx => async { tx.licenses().set_metadata(license_id(A), &metadata("B was here")).await }),
    ),
    ("licenses::lock_by_id", case!(tx => tx.licenses().lock_by_id(license_id(A)))),
    ("licenses::lock_by_key", case!(tx => tx.licenses().lock_by_key(&key_hash(A)))),
    (
        "licenses::record_activation",
        case!(tx => tx.licenses().record_activation(license_id(A), &activation())),
    ),
    (
        "licenses::record_deactivation",
        case!(tx => tx.licenses().record_deactivation(license_id(A), true, at(90))),
    ),
    (
        "licenses::set_state",
        case!(tx => tx.licenses().set_state(license_id(A), LicenseState::Revoked, at(90))),
    ),
    ("licenses::release_customer", case!(tx => tx.licenses().release_customer(license_id(A), at(90)))),
    ("machines::mark_start", case!(tx => tx.machines().mark_start(machine_id(A), at(1)))),
    ("machines::mark_end", case!(tx => tx.machines().mark_end(machine_id(A), at(90)))),
    (
        "licenses::set_memo",
        case!(tx => async { tx.licenses().set_memo(license_id(A), &memo("B was here")).await }),
    ),
    (
        "idempotency::answer",
        case!(tx => async {
            tx.idempotency_keys().answer("key-1", &StoredAnswer { status: 500, sealed_body: vec![] }).await
        }),
    ),
    ("idempotency::claim", case!(tx => tx.idempotency_keys().claim("key-1", &[1; 32], at(0), at(500)))),
    ("idempotency::claim", case!(tx => tx.idempotency_keys().claim("key-1", &[2; 32], at(900), at(950)))),
    ("idempotency::sweep", case!(tx => tx.idempotency_keys().sweep(at(10_000)))),
    ("numbers::take", case!(tx => tx.numbers().take(NumberKind::License, 1))),
    ("numbers::skip", case!(tx => tx.numbers().skip(NumberKind::License, 5_000))),
    ("licenses::allow_mistyped_keys", case!(tx => tx.licenses().allow_mistyped_keys())),
    ("signing_keys::advance", case!(tx => tx.signing_keys().advance(at(90)))),
    // things of A under B's name: refused or not, it is as if A were not there
    ("machines::save", REFERENCES[0]),
    ("policies::insert", REFERENCES[1]),
    ("licenses::insert", REFERENCES[2]),
    ("api_keys::insert", case!(tx => async { tx.api_keys().insert(&api_key(A), &[1; 32]).await })),
    ("products::insert", case!(tx => async { tx.products().insert(&product(A)).await })),
    (
        "products::insert",
        case!(tx => async { tx.products().insert(&Product { id: product_id(9), ..product(A) }).await }),
    ),
    (
        "policies::insert",
        case!(tx => async {
            tx.policies().insert(&Policy { product_id: product_id(B), ..policy(A) }).await
        }),
    ),
    ("customers::insert", case!(tx => async { tx.customers().insert(&customer(A)).await })),
    (
        "customers::insert",
        case!(tx => async { tx.customers().insert(&Customer { id: customer_id(9), ..customer(A) }).await }),
    ),
    (
        "licenses::insert",
        case!(tx => async {
            let mine = License { product_id: product_id(B), policy_id: policy_id(B), customer_id: None, ..license(A) };
            tx.licenses().insert(&row(&mine, &key_hash(A))).await
        }),
    ),
    (
        "machines::save",
        case!(tx => async {
            tx.machines().save(&Machine { license_id: license_id(B), ..machine(A) }).await
        }),
    ),
    ("members::insert", case!(tx => async { tx.members().insert(&member(A)).await })),
    ("events::append", case!(tx => async { tx.events().append(&event(A)).await })),
    (
        "signing_keys::insert",
        case!(tx => async {
            tx.signing_keys().insert(&SigningKeyRecord { state: KeyState::Revoked, ..signing_key(A, KeyState::Active) }).await
        }),
    ),
];

/// Rows of B that refer to a row of A, by each foreign key that the store can write.
pub(crate) const REFERENCES: &[Case] = &[
    case!(tx => async { tx.machines().save(&machine(A)).await }),
    case!(tx => async { tx.policies().insert(&Policy { id: policy_id(9), ..policy(A) }).await }),
    case!(tx => async { tx.licenses().insert(&row(&License { customer_id: None, ..license(A) }, &key_hash(A))).await }),
    case!(tx => async {
        let mixed = License { product_id: product_id(B), policy_id: policy_id(B), ..license(A) };
        tx.licenses().insert(&row(&mixed, &key_hash(A))).await
    }),
];

fn row<'a>(license: &'a License, key_hash: &'a [u8; 32]) -> NewLicenseRow<'a> {
    NewLicenseRow { license, key_hash, key_sealed: b"sealed" }
}

fn page() -> Page {
    Page { after: None, descending: false, limit: 100 }
}

fn tally() -> CheckTally {
    CheckTally { count: 100, first: at(0), last: at(100), address: None }
}

fn activation() -> ActivationRecord {
    ActivationRecord {
        counts: true,
        activation_limit: None,
        term_started_at: Some(at(90)),
        expires_at: Some(at(91)),
        customer_id: None,
        at: at(90),
    }
}
