//! `GET /v1/usage`

use licensing::Licensing;
use model::{Day, Invalid};
use poem_openapi::{OpenApi, registry::MetaSchema};
use serde_json::json;

use super::{Tag, shape::UsageShape};
use crate::{
    http::{
        credential::{Authorized, scope},
        query::{QueryParam, QueryValue},
        reply::Reply,
    },
    problem::{Fault, Problem, managed},
};

type UsageReply = Reply<UsageShape, 200>;

/// The most days that an answer has.
const MOST: i64 = 366;
/// The days of an answer when the caller does not say.
const USUAL: i64 = 30;

impl QueryValue for Day {
    fn read(text: &str) -> Result<Self, Invalid> {
        text.parse()
    }

    fn schema() -> MetaSchema {
        MetaSchema { example: Some(json!("2026-03-01")), ..MetaSchema::new_with_format("string", "date") }
    }
}

/// The operation.
pub(crate) struct GetUsage(pub(super) Licensing);

#[OpenApi]
impl GetUsage {
    /// Get usage figures
    ///
    /// What was used on each day from `from` to `to`, at most 366 days, in UTC. Counts are at most a second behind. They are
    /// statistics: when a server crashes, the last half second of them is lost.
    #[oai(path = "/v1/usage", method = "get", operation_id = "getUsage", tag = "Tag::Usage")]
    async fn show(
        &self,
        authorized: Authorized<scope::UsageRead>,
        /// The first day; when absent, there are 30 days.
        #[oai(name = "from")]
        from: QueryParam<Day>,
        /// The last day; today when absent.
        #[oai(name = "to")]
        to: QueryParam<Day>,
    ) -> Result<UsageReply, Problem> {
        let last = to.0.unwrap_or_else(|| Day::of(self.0.clock().now()));
        let first = from.0.unwrap_or_else(|| last.plus_days(1 - USUAL));
        if !(0..MOST).contains(&(last.number() - first.number())) {
            return Err(Problem::new(Fault::BadParameter).detail(
                "From the query parameter from to the query parameter to, there must be 1 to 366 days.",
            ));
        }
        let usage = self.0.usage(&authorized.caller.tenant, first..=last).await.map_err(managed)?;
        Ok(Reply::fresh(UsageReply::render(&usage.into())))
    }
}
