//! Reading the rules of a policy.

use licensing::RulesChange;
use model::{PolicyRules, SeatKind, TermStart};

use crate::{
    http::members::{Command, Members},
    management::{entitlements, wire},
};

impl Command for RulesChange {
    /// `clear` is read by whoever offers it.
    fn read(members: &mut Members) -> Option<Self> {
        let seconds =
            |range: std::ops::RangeInclusive<u32>| i64::from(*range.start())..=i64::from(*range.end());
        let leases = seconds(PolicyRules::LEASE_SECONDS);
        let term = members.optional("term", |text| text.parse());
        let term_starts = members.optional("term_starts", |text| TermStart::from_code(&text));
        let seats = members.limit("seats");
        let seat_kind = members.optional("seat_kind", |text| SeatKind::from_code(&text));
        let overage_percent =
            members.number("overage_percent", 0..=i64::from(*PolicyRules::OVERAGE_PERCENT.end()));
        let activation_limit = members.limit("activation_limit");
        let deactivation_limit = members.limit("deactivation_limit");
        let requires_customer = members.flag("requires_customer");
        let lease_seconds = members.number("lease_seconds", leases.clone());
        let refresh_seconds = members.number("refresh_seconds", 1..=*leases.end());
        let grace_seconds = members.number("grace_seconds", seconds(PolicyRules::GRACE_SECONDS));
        let offline_lease_seconds = members.number("offline_lease_seconds", leases);
        let trial = members.flag("trial");
        let entitlements = entitlements::read(members);
        Some(Self {
            term: wire::changed(term?, false),
            term_starts: term_starts?,
            seats: seats?,
            seat_kind: seat_kind?,
            overage_percent: overage_percent?,
            activation_limit: activation_limit?,
            deactivation_limit: deactivation_limit?,
            requires_customer: requires_customer?,
            lease_seconds: lease_seconds?,
            refresh_seconds: refresh_seconds?,
            grace_seconds: grace_seconds?,
            offline_lease_seconds: offline_lease_seconds?,
            entitlements: entitlements?,
            trial: trial?,
        })
    }
}
