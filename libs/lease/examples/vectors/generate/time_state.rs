//! The time state alone, as a function of claims and now.

use leasehold_lease::{LeaseClaims, TimeState};

use super::case::{Case, File};
use super::forge::{ISSUED, minimal_claims};

pub(crate) fn file() -> File {
    let usual = || times(ISSUED + 100, ISSUED + 200, ISSUED + 300);
    let no_grace = || times(ISSUED + 100, ISSUED + 200, ISSUED + 200);
    let refresh_at_once = || times(ISSUED, ISSUED + 200, ISSUED + 300);
    let refresh_at_exp = || times(ISSUED + 200, ISSUED + 200, ISSUED + 300);
    let nothing_at_all = || times(ISSUED, ISSUED, ISSUED);
    let cases = vec![
        Case::time_state("a second before refresh_at", usual(), ISSUED + 99, TimeState::Valid),
        Case::time_state("at refresh_at", usual(), ISSUED + 100, TimeState::RefreshDue),
        Case::time_state("a second after refresh_at", usual(), ISSUED + 101, TimeState::RefreshDue),
        Case::time_state("a second before exp", usual(), ISSUED + 199, TimeState::RefreshDue),
        Case::time_state("at exp", usual(), ISSUED + 200, TimeState::InGrace),
        Case::time_state("a second after exp", usual(), ISSUED + 201, TimeState::InGrace),
        Case::time_state("a second before grace_until", usual(), ISSUED + 299, TimeState::InGrace),
        Case::time_state("at grace_until", usual(), ISSUED + 300, TimeState::Expired),
        Case::time_state("a second after grace_until", usual(), ISSUED + 301, TimeState::Expired),
        Case::time_state(
            "without grace, a second before exp",
            no_grace(),
            ISSUED + 199,
            TimeState::RefreshDue,
        ),
        Case::time_state("without grace, at exp", no_grace(), ISSUED + 200, TimeState::Expired),
        Case::time_state("refresh_at is iat", refresh_at_once(), ISSUED, TimeState::RefreshDue),
        Case::time_state("refresh_at is exp, before", refresh_at_exp(), ISSUED + 199, TimeState::Valid),
        Case::time_state("refresh_at is exp, at exp", refresh_at_exp(), ISSUED + 200, TimeState::InGrace),
        Case::time_state("all instants are one, before", nothing_at_all(), ISSUED - 1, TimeState::Valid),
        Case::time_state("all instants are one, at it", nothing_at_all(), ISSUED, TimeState::Expired),
    ];
    File::new("The time state of claims that were verified: each edge belongs to the later state.", cases)
}

fn times(refresh_at: i64, exp: i64, grace_until: i64) -> LeaseClaims {
    LeaseClaims { refresh_at, exp, grace_until, ..minimal_claims() }
}
