//! What every route of every API shares: identifiers, limits, strict bodies, answers, errors.

pub(crate) mod address;
pub(crate) mod body;
pub(crate) mod credential;
pub(crate) mod described;
mod encoded;
pub(crate) mod front;
pub(crate) mod header;
pub(crate) mod idempotency;
pub(crate) mod if_match;
pub(crate) mod json;
pub(crate) mod list;
pub(crate) mod members;
mod meter;
pub(crate) mod nullable;
pub(crate) mod params;
pub(crate) mod path;
pub(crate) mod query;
mod rate_limit;
pub(crate) mod reply;
pub(crate) mod request_id;
pub(crate) mod resource;
pub(crate) mod tenant;
