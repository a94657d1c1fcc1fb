//! `GET /v1/signing-keys`

use licensing::Licensing;
use model::SigningKeyRecord;
use poem_openapi::OpenApi;

use super::{
    Tag,
    shape::{SigningKeyList, SigningKeyShape},
};
use crate::{
    http::{
        credential::{Authorized, scope},
        list::{ByCreation, Cursor, Limit},
        query::QueryParam,
        reply::Reply,
    },
    problem::{Fault, Problem, managed},
};

type ListReply = Reply<SigningKeyList, 200>;

/// The operation.
pub(crate) struct ListSigningKeys(pub(super) Licensing);

#[OpenApi]
impl ListSigningKeys {
    /// List signing keys
    ///
    /// All that there ever were; those that apps are to know are in the published key set.
    #[oai(
        path = "/v1/signing-keys",
        method = "get",
        operation_id = "listSigningKeys",
        tag = "Tag::SigningKeys"
    )]
    async fn list(
        &self,
        authorized: Authorized<scope::SigningKeysRead>,
        /// The most items that the answer has.
        #[oai(name = "limit")]
        limit: QueryParam<Limit>,
        /// Where to go on: the `next_cursor` of the answer before.
        #[oai(name = "cursor")]
        cursor: QueryParam<Cursor>,
        /// The order; with a hyphen in front, the newest come first.
        #[oai(name = "sort")]
        sort: QueryParam<ByCreation>,
    ) -> Result<ListReply, Problem> {
        let mut keys = self.0.signing_keys(&authorized.caller.tenant).await.map_err(managed)?;
        if !sort.0.unwrap_or_default().descending {
            keys.reverse();
        }
        let (shown, next) = piece(&keys, limit.0.unwrap_or_default(), cursor.0.as_ref())?;
        let items = shown.iter().map(SigningKeyShape::from).collect();
        Ok(Reply::fresh(ListReply::render(&SigningKeyList::new(items, next))))
    }
}

/// The piece behind the cursor, which is the name of the key that the piece before ended with. A tenant has few keys: all
/// of them are read.
fn piece<'a>(
    keys: &'a [SigningKeyRecord],
    limit: Limit,
    cursor: Option<&Cursor>,
) -> Result<(&'a [SigningKeyRecord], Option<String>), Problem> {
    let start = match cursor {
        None => 0,
        Some(cursor) => {
            let last = keys.iter().position(|key| key.id.as_str().as_bytes() == cursor.bytes());
            last.map(|place| place + 1).ok_or_else(|| {
                Problem::new(Fault::BadParameter).detail(
                    "The query parameter cursor must be the next_cursor of an answer to the same query.",
                )
            })?
        }
    };
    let left = keys.get(start..).unwrap_or_default();
    let most = usize::try_from(limit.0).unwrap_or(usize::MAX);
    let Some((shown, [_, ..])) = left.split_at_checked(most) else {
        return Ok((left, None));
    };
    Ok((shown, shown.last().map(|key| Cursor::text(key.id.as_str().as_bytes()))))
}
