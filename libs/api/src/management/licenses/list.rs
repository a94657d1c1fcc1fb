//! `GET /v1/licenses`

use licensing::{LicensePage, Licensing};
use model::{CustomerId, PolicyCode, ProductCode, Timestamp};
use poem_openapi::OpenApi;

use super::{
    Tag,
    query::{self, Filters, Sort, State},
    shape::{LicenseList, LicenseShape},
};
use crate::{
    http::{
        credential::{Authorized, scope},
        list::{Cursor, Limit},
        query::QueryParam,
        reply::Reply,
    },
    problem::{Problem, managed},
};

type ListReply = Reply<LicenseList, 200>;

/// The operation.
pub(crate) struct ListLicenses(pub(super) Licensing);

#[OpenApi]
impl ListLicenses {
    /// List licenses
    ///
    /// Filter by one of `product`, `policy` and `customer`, by `state`, and by the time of expiry; or by metadata alone.
    /// A list that is sorted by the last check can be filtered by `product` alone. Where a filter names nothing that
    /// exists, the list is empty.
    #[expect(clippy::too_many_arguments, reason = "one for each parameter of the query")]
    #[oai(path = "/v1/licenses", method = "get", operation_id = "listLicenses", tag = "Tag::Licenses")]
    async fn list(
        &self,
        authorized: Authorized<scope::LicensesRead>,
        /// The code of a product: only licenses for it.
        #[oai(name = "product")]
        product: QueryParam<ProductCode>,
        /// The code of a policy: only licenses of it.
        #[oai(name = "policy")]
        policy: QueryParam<PolicyCode>,
        /// The identifier of a customer: only licenses that belong to it.
        #[oai(name = "customer")]
        customer: QueryParam<CustomerId>,
        /// Only licenses in this state.
        #[oai(name = "state")]
        state: QueryParam<State>,
        /// Only licenses that expire, at this instant or later. The order is that of expiry, then.
        #[oai(name = "expires_after")]
        expires_after: QueryParam<Timestamp>,
        /// Only licenses that expire, before this instant. The order is that of expiry, then.
        #[oai(name = "expires_before")]
        expires_before: QueryParam<Timestamp>,
        /// Only licenses whose metadata has this name.
        #[oai(name = "metadata_name")]
        metadata_name: QueryParam<query::MetadataName>,
        /// Only licenses whose metadata has this value under that name.
        #[oai(name = "metadata_value")]
        metadata_value: QueryParam<query::MetadataValue>,
        /// The most items that the answer has.
        #[oai(name = "limit")]
        limit: QueryParam<Limit>,
        /// Where to go on: the `next_cursor` of the answer before.
        #[oai(name = "cursor")]
        cursor: QueryParam<Cursor>,
        /// The order; with a hyphen in front, it is turned round. Licenses that never expire come last by expiry, those
        /// that were never checked come first by the last check. The default is `created_at`, but `expires_at` where
        /// licenses are filtered by that.
        #[oai(name = "sort")]
        sort: QueryParam<Sort>,
    ) -> Result<ListReply, Problem> {
        let filters = Filters {
            product: product.0,
            policy: policy.0,
            customer: customer.0,
            state: state.0,
            expires_after: expires_after.0,
            expires_before: expires_before.0,
            metadata_name: metadata_name.0,
            metadata_value: metadata_value.0,
        };
        let wanted = query::Wanted::new(filters, sort.0)?;
        let shown = limit.0.unwrap_or_default().0;
        let page = LicensePage {
            after: cursor.0.map(|cursor| wanted.place(&cursor)).transpose()?,
            descending: wanted.descending,
            // One more than is shown tells whether there is another piece.
            limit: shown + 1,
        };
        let found =
            self.0.licenses(&authorized.caller.tenant, &wanted.query, &page).await.map_err(managed)?;
        let shown = usize::try_from(shown).unwrap_or(usize::MAX);
        let next =
            if found.len() > shown { shown.checked_sub(1).and_then(|last| found.get(last)) } else { None };
        let next = next.map(|(_, place)| wanted.cursor(*place));
        let now = self.0.clock().now();
        let items = found.iter().take(shown).map(|(record, _)| LicenseShape::at(record, now)).collect();
        Ok(Reply::fresh(ListReply::render(&LicenseList::new(items, next))))
    }
}
