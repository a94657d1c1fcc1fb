//! Who calls, for the audit log.

use std::{net::IpAddr, sync::Arc};

use model::Actor;

use crate::Recall;

/// Who calls a verb, and from where.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who calls.
    pub actor: Actor,
    /// The caller's network address, when there is one.
    pub address: Option<IpAddr>,
    /// The identifier of the request, when there is one.
    pub request_id: Option<Arc<str>>,
    /// What is known of what is asked for, since the request was let in.
    pub recall: Option<Arc<Recall>>,
}

impl Call {
    /// A call by an operator, on the command line of the machine.
    #[must_use]
    pub const fn operator() -> Self {
        Self { actor: Actor::Operator, address: None, request_id: None, recall: None }
    }
}
