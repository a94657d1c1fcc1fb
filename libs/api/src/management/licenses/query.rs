//! What lists of licenses are filtered and sorted by, and their cursors.

use licensing::{LicensePlace, LicenseQuery, LicensesOf};
use model::{CustomerId, Invalid, LicenseId, LicenseState, Metadata, PolicyCode, ProductCode, Timestamp};
use poem_openapi::registry::MetaSchema;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    http::{list::Cursor, query::QueryValue},
    problem::{Fault, Problem},
};

/// The state of a license, as a filter.
pub(crate) struct State(LicenseState);

impl QueryValue for State {
    fn read(text: &str) -> Result<Self, Invalid> {
        LicenseState::from_code(text).map(Self)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            enum_items: ["active", "suspended", "revoked"].map(|state| json!(state)).into(),
            example: Some(json!("active")),
            ..MetaSchema::new("string")
        }
    }
}

/// The name of something in the metadata, as a filter.
pub(crate) struct MetadataName(String);

impl QueryValue for MetadataName {
    fn read(text: &str) -> Result<Self, Invalid> {
        let name = text.to_owned();
        Metadata::new([(name.clone(), String::new())].into())
            .map(|_| Self(name))
            .map_err(|_| Invalid::new("1 to 64 characters without control characters"))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(1),
            max_length: Some(64),
            example: Some(json!("order")),
            ..MetaSchema::new("string")
        }
    }
}

/// The value of something in the metadata, as a filter.
pub(crate) struct MetadataValue(String);

impl QueryValue for MetadataValue {
    fn read(text: &str) -> Result<Self, Invalid> {
        let value = text.to_owned();
        Metadata::new([("name".to_owned(), value.clone())].into())
            .map(|_| Self(value))
            .map_err(|_| Invalid::new("at most 500 characters"))
    }

    fn schema() -> MetaSchema {
        MetaSchema { max_length: Some(500), example: Some(json!("2026-0042")), ..MetaSchema::new("string") }
    }
}

/// The order of a list of licenses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sort {
    by: SortBy,
    descending: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SortBy {
    Creation,
    Expiry,
    LastCheck,
}

impl QueryValue for Sort {
    fn read(text: &str) -> Result<Self, Invalid> {
        let (descending, name) = text.strip_prefix('-').map_or((false, text), |name| (true, name));
        let by = match name {
            "created_at" => SortBy::Creation,
            "expires_at" => SortBy::Expiry,
            "last_checked_at" => SortBy::LastCheck,
            _ => {
                return Err(Invalid::new(
                    "created_at, expires_at or last_checked_at, with a hyphen in front or without",
                ));
            }
        };
        Ok(Self { by, descending })
    }

    fn schema() -> MetaSchema {
        let names =
            ["created_at", "-created_at", "expires_at", "-expires_at", "last_checked_at", "-last_checked_at"];
        MetaSchema {
            enum_items: names.map(|name| json!(name)).into(),
            example: Some(json!("-created_at")),
            ..MetaSchema::new("string")
        }
    }
}

/// What the caller filters by.
pub(crate) struct Filters {
    pub(crate) product: Option<ProductCode>,
    pub(crate) policy: Option<PolicyCode>,
    pub(crate) customer: Option<CustomerId>,
    pub(crate) state: Option<State>,
    pub(crate) expires_after: Option<Timestamp>,
    pub(crate) expires_before: Option<Timestamp>,
    pub(crate) metadata_name: Option<MetadataName>,
    pub(crate) metadata_value: Option<MetadataValue>,
}

/// A list that there is an index for.
pub(crate) struct Wanted {
    pub(crate) query: LicenseQuery,
    pub(crate) descending: bool,
}

impl Wanted {
    /// From filters and order.
    ///
    /// # Errors
    /// When they do not go together: a list that no index serves would be slower the more licenses there are.
    pub(crate) fn new(filters: Filters, sort: Option<Sort>) -> Result<Self, Problem> {
        let ranged = filters.expires_after.is_some() || filters.expires_before.is_some();
        let usual = if ranged { SortBy::Expiry } else { SortBy::Creation };
        let sort = sort.unwrap_or(Sort { by: usual, descending: false });
        if ranged && sort.by != SortBy::Expiry {
            return Err(bad("expires_after and expires_before want the order expires_at or -expires_at."));
        }
        let state = filters.state.map(|state| state.0);
        let Filters { product, policy, customer, expires_after: from, expires_before: before, .. } = filters;
        let query = match (filters.metadata_name, filters.metadata_value) {
            (None, Some(_)) => return Err(bad("metadata_value wants metadata_name with it.")),
            (Some(name), value) => {
                let alone = product.is_none() && policy.is_none() && customer.is_none() && state.is_none();
                if !alone || sort.by != SortBy::Creation {
                    return Err(bad(
                        "metadata_name goes with no other filter, and with the order created_at or -created_at.",
                    ));
                }
                LicenseQuery::ByMetadata { name: name.0, value: value.map(|value| value.0) }
            }
            (None, None) => {
                let of = match (product, policy, customer) {
                    (None, None, None) => LicensesOf::All,
                    (Some(product), None, None) => LicensesOf::Product(product),
                    (None, Some(policy), None) => LicensesOf::Policy(policy),
                    (None, None, Some(customer)) => LicensesOf::Customer(customer),
                    _ => return Err(bad("Only one of product, policy and customer can be given.")),
                };
                match (sort.by, of) {
                    (SortBy::Creation, of) => LicenseQuery::ByCreation { of, state },
                    (SortBy::Expiry, of) => LicenseQuery::ByExpiry { of, state, from, before },
                    (SortBy::LastCheck, LicensesOf::All) if state.is_none() => {
                        LicenseQuery::ByLastCheck { product: None }
                    }
                    (SortBy::LastCheck, LicensesOf::Product(product)) if state.is_none() => {
                        LicenseQuery::ByLastCheck { product: Some(product) }
                    }
                    (SortBy::LastCheck, _) => {
                        return Err(bad(
                            "The orders last_checked_at and -last_checked_at go with no filter but product.",
                        ));
                    }
                }
            }
        };
        Ok(Self { query, descending: sort.descending })
    }

    /// What ties a cursor to this list.
    fn mark(&self) -> [u8; 8] {
        let digest = Sha256::digest(format!("{:?} {}", self.query, self.descending));
        std::array::from_fn(|place| digest.get(place).copied().unwrap_or_default())
    }

    /// The cursor of the piece after a place.
    pub(crate) fn cursor(&self, place: LicensePlace) -> String {
        let mut bytes = self.mark().to_vec();
        bytes.extend(place.id.uuid().as_bytes());
        bytes.extend(place.at.into_iter().flat_map(|at| at.unix_micros().to_be_bytes()));
        Cursor::text(&bytes)
    }

    /// The place that a cursor leads on from.
    ///
    /// # Errors
    /// When it is not one of this list.
    pub(crate) fn place(&self, cursor: &Cursor) -> Result<LicensePlace, Problem> {
        self.read(cursor.bytes()).ok_or_else(|| {
            bad("The query parameter cursor must be the next_cursor of an answer to the same query.")
        })
    }

    fn read(&self, bytes: &[u8]) -> Option<LicensePlace> {
        let (id, at) = bytes.strip_prefix(self.mark().as_slice())?.split_at_checked(16)?;
        let has_no_instant =
            matches!(self.query, LicenseQuery::ByCreation { .. } | LicenseQuery::ByMetadata { .. });
        let at = match at {
            [] => None,
            _ if has_no_instant => return None,
            at => Some(Timestamp::from_unix_micros(i64::from_be_bytes(at.try_into().ok()?))?),
        };
        Some(LicensePlace { at, id: LicenseId::from_uuid(Uuid::from_slice(id).ok()?) })
    }
}

fn bad(detail: &'static str) -> Problem {
    Problem::new(Fault::BadParameter).detail(detail)
}
