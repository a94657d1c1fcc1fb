//! What tenant B tries with the identifiers, keys, hashes and fingerprints of tenant A.

use std::pin::Pin;

use leasehold_store::{
    ActivationRecord, CheckTally, DossierQuery, EventFilter, FullLicenseRow, LicenseList, LicensePage,
    LicenseScope, LicenseSelection, MachineFilter, NewLicenseRow, NumberKind, Page, StoredAnswer, Tx,
};
use model::{
    Customer, Day, Event, KeyState, License, LicenseState, Limited, Machine, Metadata, Policy, Product,
    SeatKind, SigningKeyRecord,
};

use crate::{
    A, B,
    common::{
        api_key, api_key_id, at, client_key, customer, customer_id, event, event_id, fingerprint, key_hash,
        key_id, license, license_id, machine, machine_id, member, memo, metadata, policy, policy_id, product,
        product_id, signing_key, tenant,
    },
};

/// Runs a method and tells all that it gave.
pub(crate) type Case = for<'a> fn(&'a mut Tx) -> Pin<Box<dyn Future<Output = String> + Send + 'a>>;

macro_rules! case {
    ($tx:ident => $call:expr) => {
        |$tx: &mut Tx| Box::pin(async move { format!("{:?}", $call.await) })
    };
}

macro_rules! listed {
    ($list:expr) => {
        case!(tx => async {
            let page = LicensePage { after: None, descending: false, limit: 100 };
            tx.license_lists().list(&$list, &page, at(0)).await
        })
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
    (
        "dossiers::by_key_with_bytes",
        case!(tx => async { tx.dossiers().by_key_with_bytes(&DossierQuery {
        key_hash: &key_hash(A), fingerprint: Some(&fingerprint(A)), customer: Some(&client_key(A)), now: at(0),
    }).await }),
    ),
    ("event_lists::by_id", case!(tx => tx.event_lists().by_id(event_id(A)))),
    (
        "event_lists::list",
        case!(tx => async { tx.event_lists().list(&EventFilter::default(), &page()).await }),
    ),
    (
        "event_lists::list",
        case!(tx => async {
            let filter = EventFilter { license: Some(license_id(A)), ..EventFilter::default() };
            tx.event_lists().list(&filter, &page()).await
        }),
    ),
    ("machine_records::by_id", case!(tx => tx.machine_records().by_id(machine_id(A)))),
    (
        "machine_records::list",
        case!(tx => async { tx.machine_records().list(&MachineFilter::default(), &page()).await }),
    ),
    (
        "machine_records::list",
        case!(tx => async {
            let filter = MachineFilter { license: Some(license_id(A)), state: None };
            tx.machine_records().list(&filter, &page()).await
        }),
    ),
    ("usage::days", case!(tx => tx.usage().days(Day::of(at(0))..=Day::MAX))),
    ("usage::active_machines", case!(tx => tx.usage().active_machines())),
    ("signing_keys::by_id", case!(tx => async { tx.signing_keys().by_id(&key_id(A)).await })),
    ("events::of_license", case!(tx => tx.events().of_license(license_id(A), 100))),
    ("events::outbox_length", case!(tx => tx.events().outbox_length())),
    ("license_lists::list", listed!(LicenseList::ByCreation { scope: LicenseScope::All, state: None })),
    (
        "license_lists::list",
        listed!(LicenseList::ByCreation {
            scope: LicenseScope::Product(product_id(A)),
            state: Some(LicenseState::Active),
        }),
    ),
    (
        "license_lists::list",
        listed!(LicenseList::ByExpiry {
            scope: LicenseScope::Policy(policy_id(A)),
            state: None,
            from: None,
            before: None,
        }),
    ),
    (
        "license_lists::list",
        listed!(LicenseList::ByExpiry {
            scope: LicenseScope::Customer(customer_id(A)),
            state: Some(LicenseState::Active),
            from: None,
            before: None,
        }),
    ),
    ("license_lists::list", listed!(LicenseList::ByLastCheck { product: None })),
    ("license_lists::list", listed!(LicenseList::ByLastCheck { product: Some(product_id(A)) })),
    ("license_lists::list", listed!(LicenseList::ByMetadata { name: "order_id".to_owned(), value: None })),
    ("license_records::by_id", case!(tx => tx.license_records().by_id(license_id(A), at(0)))),
    (
        "license_records::by_key",
        case!(tx => async { tx.license_records().by_key(&key_hash(A), at(0)).await }),
    ),
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
    (
        "transfers::licenses",
        case!(tx => async {
            tx.transfers().licenses(&LicenseSelection::default(), None, 100).await.map(|found| found.len())
        }),
    ),
    (
        "transfers::licenses",
        case!(tx => async {
            let of_a = LicenseSelection { product: Some(product_id(A)), ..LicenseSelection::default() };
            tx.transfers().licenses(&of_a, None, 100).await
        }),
    ),
    (
        "transfers::licenses",
        case!(tx => async {
            let of_a = LicenseSelection { policy: Some(policy_id(A)), ..LicenseSelection::default() };
            tx.transfers().licenses(&of_a, None, 100).await
        }),
    ),
    ("transfers::customers", case!(tx => tx.transfers().customers(None, 100))),
    ("transfers::machines", case!(tx => tx.transfers().machines(None, 100))),
    ("transfers::customer_ids", case!(tx => async { tx.transfers().customer_ids(&[client_key(A)]).await })),
    (
        "transfers::machine_by_fingerprint",
        case!(tx => async { tx.transfers().machine_by_fingerprint(license_id(A), &fingerprint(A)).await }),
    ),
    ("licenses::memo", case!(tx => tx.licenses().memo(license_id(A)))),
    ("customers::by_number", case!(tx => tx.customers().by_number(A))),
    ("customers::list", case!(tx => async { tx.customers().list(&page()).await })),
    (
        "customers::list_by_email",
        case!(tx => async {
            let email = customer(A).email.expect("an address");
            tx.customers().list_by_email(&email, &page()).await
        }),
    ),
    ("policy_records::by_code", case!(tx => tx.policy_records().by_code(&policy(A).code))),
    ("policy_records::list", case!(tx => async { tx.policy_records().list(&page()).await })),
    (
        "policy_records::list_of_product",
        case!(tx => async { tx.policy_records().list_of_product(product_id(A), &page()).await }),
    ),
    ("settings::find", case!(tx => tx.settings().find())),
    ("signing_keys::active", case!(tx => tx.signing_keys().active())),
    ("signing_keys::all", case!(tx => tx.signing_keys().all())),
    ("signing_keys::published", case!(tx => tx.signing_keys().published(at(0), at(0)))),
    ("limits::take", case!(tx => tx.limits().take(Limited::Licenses, 1))),
    ("members::all", case!(tx => tx.members().all())),
    // changes of what has an identifier of A
    ("customers::update", case!(tx => async { tx.customers().update(&customer(A)).await })),
    ("customers::delete", case!(tx => async { tx.customers().delete(&customer(A)).await })),
    ("policies::update", case!(tx => async { tx.policies().update(&policy(A)).await })),
    ("policies::delete", case!(tx => async { tx.policies().delete(&policy(A)).await })),
    ("settings::update", case!(tx => async { tx.settings().update(&tenant(A)).await })),
    (
        "signing_keys::extend",
        case!(tx => async { tx.signing_keys().extend(&signing_key(A, KeyState::Active).id, at(9_999)).await }),
    ),
    ("checks::count_licenses", case!(tx => tx.checks().count_licenses(&[(license_id(A), tally())]))),
    ("checks::count_machines", case!(tx => tx.checks().count_machines(&[(machine_id(A), tally())]))),
    ("api_keys::revoke", case!(tx => tx.api_keys().revoke(api_key_id(A), at(90)))),
    ("api_keys::touch", case!(tx => tx.api_keys().touch(api_key_id(A), at(90)))),
    ("products::update", case!(tx => async { tx.products().update(&product(A)).await })),
    ("products::delete", case!(tx => async { tx.products().delete(&product(A)).await })),
    (
        "licenses::set_metadata",
        case!(tx => async { tx.licenses().set_metadata(license_id(A), &metadata("B was here")).await }),
    ),
    ("machine_records::update", case!(tx => async { tx.machine_records().update(&machine(A)).await })),
    ("usage::add", case!(tx => tx.usage().add(Day::of(at(0)), "checks", 7))),
    ("usage::note", case!(tx => tx.usage().note(Day::of(at(0)), "active_machines", 7))),
    (
        "signing_keys::activate",
        case!(tx => async { tx.signing_keys().activate(&key_id(A + 10), at(90)).await }),
    ),
    (
        "signing_keys::retire",
        case!(tx => async { tx.signing_keys().retire(&key_id(A), KeyState::Active, at(90)).await }),
    ),
    (
        "signing_keys::revoke",
        case!(tx => async { tx.signing_keys().revoke(&key_id(A), KeyState::Active, at(90)).await }),
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
    ("licenses::update", case!(tx => async { tx.licenses().update(&taken_over()).await })),
    (
        "licenses::update",
        case!(tx => async {
            tx.licenses().update(&License { customer_id: Some(customer_id(A)), ..license(B) }).await
        }),
    ),
    (
        "licenses::update",
        case!(tx => async {
            tx.licenses().update(&License { policy_id: policy_id(A), ..license(B) }).await
        }),
    ),
    ("licenses::erase_memo", case!(tx => tx.licenses().erase_memo(license_id(A)))),
    ("machines::deactivate_all", case!(tx => tx.machines().deactivate_all(license_id(A), at(90)))),
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
    ("license_batches::insert_many", REFERENCES[4]),
    (
        "license_batches::insert_many",
        case!(tx => async {
            let mine = License { product_id: product_id(B), policy_id: policy_id(B), customer_id: None, ..license(A) };
            tx.licenses().insert_many(&[full_row(&mine, &metadata("B was here"))]).await
        }),
    ),
    (
        "event_batches::append_many",
        case!(tx => async { tx.events().append_many(&[event(A), Event { id: event_id(9), ..event(A) }]).await }),
    ),
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
        "signing_keys::insert_next",
        case!(tx => async { tx.signing_keys().insert_next(&signing_key(A, KeyState::Next)).await }),
    ),
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
    case!(tx => async {
        let mixed = License { product_id: product_id(B), policy_id: policy_id(B), ..license(A) };
        tx.licenses().insert_many(&[full_row(&mixed, &metadata("B was here"))]).await
    }),
];

fn row<'a>(license: &'a License, key_hash: &'a [u8; 32]) -> NewLicenseRow<'a> {
    NewLicenseRow { license, key_hash, key_sealed: b"sealed" }
}

/// The license of A as B would like to have it.
fn taken_over() -> License {
    License {
        product_id: product_id(B),
        policy_id: policy_id(B),
        customer_id: None,
        state: LicenseState::Revoked,
        updated_at: at(90),
        ..license(A)
    }
}

fn full_row<'a>(license: &'a License, metadata: &'a Metadata) -> FullLicenseRow<'a> {
    FullLicenseRow { license, key_hash: key_hash(A), key_sealed: b"sealed".to_vec(), memo: None, metadata }
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
