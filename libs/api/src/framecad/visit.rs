//! What all operations share: the checks that come before a decision, and the answer after it.
//!
//! The order of the checks is part of the API: what cannot be read (6), the client (12), the machine key (8), the product
//! key (10) and the form of the license key (6) here; that the license exists (1) and is for the product (11) here or
//! in the decision; all others in the decision.

use licensing::{EarlyRefusal, LicenseCard, Licensing, Presented};
use model::{Action, ClientKey, Customer, Fingerprint, LicenseKey, ProductCode, ProductKey, Reason};
use poem::Response;

use super::{
    answer,
    code::{Code, Wish},
    license::Viewer,
    request::Said,
};
use crate::{
    http::{params::Params, tenant::TenantCall},
    problem::{Fault, Problem, failed},
};

/// Why an operation ends before its decision.
pub(super) enum Stop {
    /// A check failed before a license was found.
    At(Code),
    /// The request or the server failed.
    Failed(Problem),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Failed(problem)
    }
}

impl From<licensing::Error> for Stop {
    fn from(error: licensing::Error) -> Self {
        Self::Failed(failed(error))
    }
}

/// One request of a client that is known.
pub(super) struct Visit {
    pub(super) licensing: Licensing,
    pub(super) caller: TenantCall,
    pub(super) client: Customer,
    pub(super) machine: Fingerprint,
    pub(super) key: LicenseKey,
    product_key: Option<String>,
    wish: Wish,
}

impl Visit {
    /// Makes the checks that need no license.
    pub(super) async fn begin(
        licensing: Licensing,
        mut caller: TenantCall,
        params: &Params,
        wish: Wish,
    ) -> Result<Self, Stop> {
        let needs_product = wish != Wish::Check;
        let said = Said::read(params, needs_product)?;
        let key = said.license.as_deref().map(LicenseKey::parse);

        let client_key = said.client.as_ref().map(|client| client.parse::<ClientKey>());
        let client_key = client_key.and_then(Result::ok);
        let presented = match &key {
            Some(Ok(key)) if wish == Wish::Check => {
                Presented::Check { key, fingerprint: said.machine.as_ref(), customer: client_key.as_ref() }
            }
            Some(Ok(key)) => Presented::LicenseKey(key),
            _ => Presented::Nothing,
        };
        caller.admit(presented).await?;
        if said.client.is_none() {
            return Err(Stop::At(Code::WrongClient));
        }
        let client = match client_key {
            Some(client_key) => licensing.customer_by_key(&caller.tenant, &client_key).await?,
            None => None,
        };
        let Some(client) = client else {
            if let Some(action) = action(wish) {
                let key = key.and_then(Result::ok);
                note(&licensing, &caller, action, key, Reason::CustomerMismatch).await?;
            }
            return Err(Stop::At(Code::WrongClient));
        };
        let machine = said.machine.ok_or(Stop::At(Code::NoMachineKey))?;
        if needs_product && said.product.is_none() {
            return Err(Stop::At(Code::NoProductKey));
        }
        let Some(Ok(key)) = key else {
            return Err(Stop::At(Code::Invalid));
        };
        Ok(Self { licensing, caller, client, machine, key, product_key: said.product, wish })
    }

    /// The product that the app says it is; `Err` holds the answer where there is none.
    pub(super) async fn product(&self) -> Result<Result<ProductCode, Response>, Stop> {
        let product_key = self.product_key.as_deref().map(ProductKey::parse);
        let product = match product_key {
            Some(Ok(product_key)) => self.licensing.product_by_key(&self.caller.tenant, &product_key).await?,
            _ => None,
        };
        if let Some(product) = product {
            return Ok(Ok(product.code));
        }
        // That the license does not exist comes first, and is the same in the audit log.
        let card = self.card().await?;
        let reason = if card.is_some() { Reason::ProductMismatch } else { Reason::NotFound };
        if let Some(action) = action(self.wish) {
            let key = Some(self.key.clone());
            note(&self.licensing, &self.caller, action, key, reason).await?;
        }
        Ok(Err(self.tell(Code::of(reason), card.as_ref(), false)))
    }

    /// The answer to a decision: `None` is one in favor.
    pub(super) async fn answer(&self, refused: Option<Reason>) -> Result<Response, Stop> {
        let code = match (refused, self.wish) {
            (Some(reason), _) => Code::of(reason),
            (None, Wish::Activate | Wish::Check) => Code::Ok,
            (None, Wish::Deactivate) => Code::Deactivated,
        };
        let card = match code {
            Code::Missing => None,
            _ => self.card().await?,
        };
        Ok(self.tell(code, card.as_ref(), refused.is_none()))
    }

    async fn card(&self) -> Result<Option<LicenseCard>, Stop> {
        Ok(self.licensing.license_card(&self.caller.tenant, &self.key).await?)
    }

    fn tell(&self, code: Code, card: Option<&LicenseCard>, is_done: bool) -> Response {
        let now = self.licensing.clock().now();
        let Some(card) = card else {
            return answer::stopped(code, now);
        };
        let gave_back = is_done && self.wish == Wish::Deactivate;
        let viewer = Viewer {
            client: self.client.id,
            machine: &self.machine,
            active_here: is_done && !gave_back,
            gave_back,
            now,
        };
        answer::decided(code, self.wish, self.client.client_key.as_str(), card, viewer)
    }
}

/// As what an attempt is in the audit log. Checks are not.
const fn action(wish: Wish) -> Option<Action> {
    match wish {
        Wish::Activate => Some(Action::MachineActivate),
        Wish::Deactivate => Some(Action::MachineDeactivate),
        Wish::Check => None,
    }
}

async fn note(
    licensing: &Licensing,
    caller: &TenantCall,
    action: Action,
    key: Option<LicenseKey>,
    reason: Reason,
) -> Result<(), Stop> {
    let attempt = EarlyRefusal { action, key, machine_name: None, user: None, reason };
    Ok(licensing.note_refusal(&caller.tenant, &caller.call, attempt).await?)
}

/// A verb gave what it can only give to a request with an idempotency key.
pub(super) fn impossible() -> Stop {
    Stop::Failed(Problem::new(Fault::Internal))
}
