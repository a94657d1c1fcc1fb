//! One row per case: what differs from a good one, and all the reasons that follow.

use super::*;
use crate::{
    SeatKind, TermStart,
    decide::Seat,
    reason::Reason::{
        ActivationsExhausted, CustomerMismatch, CustomerRequired, DeactivationsExhausted, EntitlementMissing,
        Expired, MachineDeactivated, MachineMismatch, NotActivated, ProductMismatch, Revoked, SeatLapsed,
        SeatsExhausted, Suspended,
    },
};

type Row = (&'static str, fn(&mut Case), &'static [Reason]);

fn wrong_product(case: &mut Case) {
    case.named_product = Some(product_code("other"));
}

fn deactivated(case: &mut Case) {
    case.machine = Some(Machine { state: MachineState::Deactivated, ..machine(1) });
    case.seats_used = 0;
}

/// The machine's floating seat ends exactly now.
fn lapsed(case: &mut Case) {
    case.policy.rules.seat_kind = SeatKind::Floating;
    case.machine = Some(Machine { lease: Some(lease(1, case.now)), ..machine(1) });
    case.seats_used = 0;
}

fn all_seats_taken(case: &mut Case) {
    case.seats_used = 1;
}

fn no_activations_left(case: &mut Case) {
    case.policy.rules.activation_limit = Limit::AtMost(2);
    case.license.activations_used = 2;
}

/// Rows about the license as such, which every verb but deactivation decides alike.
const AGAINST_THE_LICENSE: &[Row] = &[
    ("nothing", |_| (), &[]),
    ("no product named", |c| c.named_product = None, &[]),
    ("another product", wrong_product, &[ProductMismatch]),
    ("a customer who does not exist", |c| c.named_customer = NamedCustomer::Unknown, &[CustomerMismatch]),
    (
        "another customer",
        |c| {
            c.license.customer_id = Some(customer(1));
            c.named_customer = NamedCustomer::Known(customer(2));
        },
        &[CustomerMismatch],
    ),
    ("suspended", |c| c.license.state = LicenseState::Suspended, &[Suspended]),
    ("revoked", |c| c.license.state = LicenseState::Revoked, &[Revoked]),
    ("ends now", |c| c.license.expires_at = Some(c.now), &[Expired]),
    (
        "ended a microsecond ago",
        |c| c.license.expires_at = Timestamp::from_unix_micros(c.now.unix_micros() - 1),
        &[Expired],
    ),
    (
        "ends in a microsecond",
        |c| c.license.expires_at = Timestamp::from_unix_micros(c.now.unix_micros() + 1),
        &[],
    ),
    (
        "several at once",
        |c| {
            c.license.expires_at = Some(Timestamp::MIN);
            c.license.state = LicenseState::Suspended;
            c.named_customer = NamedCustomer::Unknown;
            wrong_product(c);
        },
        &[ProductMismatch, CustomerMismatch, Suspended, Expired],
    ),
    (
        "revoked and expired",
        |c| {
            c.license.expires_at = Some(Timestamp::MIN);
            c.license.state = LicenseState::Revoked;
        },
        &[Revoked, Expired],
    ),
];

/// Rows about the machine, which checks and refreshes decide alike; each begins with an activated machine.
const AGAINST_THE_MACHINE: &[Row] = &[
    ("activated nowhere", |c| (c.machine, c.seats_used) = (None, 0), &[NotActivated]),
    ("activated elsewhere", |c| c.machine = None, &[MachineMismatch]),
    ("deactivated", deactivated, &[MachineDeactivated]),
    (
        "deactivated with a lease that lives on",
        |c| {
            deactivated(c);
            c.policy.rules.seat_kind = SeatKind::Floating;
        },
        &[MachineDeactivated],
    ),
    ("a floating seat that ends now", lapsed, &[SeatLapsed]),
    (
        "a floating seat that ends in a microsecond",
        |c| {
            lapsed(c);
            let end = Timestamp::from_unix_micros(c.now.unix_micros() + 1).unwrap();
            c.machine.as_mut().unwrap().lease = Some(lease(1, end));
        },
        &[],
    ),
    (
        "a floating seat without a lease",
        |c| {
            lapsed(c);
            c.machine.as_mut().unwrap().lease = None;
        },
        &[SeatLapsed],
    ),
    (
        "a node-locked seat whose lease is over",
        |c| c.machine.as_mut().unwrap().lease = Some(lease(1, Timestamp::MIN)),
        &[],
    ),
    (
        "everything",
        |c| {
            wrong_product(c);
            c.named_customer = NamedCustomer::Unknown;
            c.license.state = LicenseState::Revoked;
            c.license.expires_at = Some(c.now);
            deactivated(c);
        },
        &[ProductMismatch, CustomerMismatch, Revoked, Expired, MachineDeactivated],
    ),
];

fn check(rows: &[Row], base: fn() -> Case, decide: impl Fn(&Case) -> Vec<Reason>) {
    for (what, change, expected) in rows {
        let mut case = base();
        change(&mut case);
        assert_eq!(decide(&case), *expected, "{what}");
    }
}

#[test]
fn activation() {
    let decide = |case: &Case| reasons(case.activate(Counting::NewMachines));
    check(AGAINST_THE_LICENSE, Case::good, decide);
    check(AGAINST_THE_LICENSE, Case::activated, decide);
    let rows: &[Row] = &[
        ("nobody named", |c| c.policy.rules.requires_customer = true, &[CustomerRequired]),
        ("no activations left", no_activations_left, &[ActivationsExhausted]),
        (
            "the last activation",
            |c| {
                no_activations_left(c);
                c.license.activations_used = 1;
            },
            &[],
        ),
        (
            "an override with more activations",
            |c| {
                no_activations_left(c);
                c.license.overrides.activation_limit = Some(Limit::AtMost(3));
            },
            &[],
        ),
        (
            "an override with activations without limit",
            |c| {
                no_activations_left(c);
                c.license.overrides.activation_limit = Some(Limit::Unlimited);
            },
            &[],
        ),
        (
            "no activations ever",
            |c| c.policy.rules.activation_limit = Limit::AtMost(0),
            &[ActivationsExhausted],
        ),
        ("all seats taken", all_seats_taken, &[SeatsExhausted]),
        ("no seats ever", |c| c.policy.rules.seats = Limit::AtMost(0), &[SeatsExhausted]),
        (
            "an override with a second seat",
            |c| {
                all_seats_taken(c);
                c.license.overrides.seats = Some(Limit::AtMost(2));
            },
            &[],
        ),
        (
            "an override without seats",
            |c| c.license.overrides.seats = Some(Limit::AtMost(0)),
            &[SeatsExhausted],
        ),
        (
            "seats without limit",
            |c| {
                c.policy.rules.seats = Limit::Unlimited;
                c.seats_used = u32::MAX;
            },
            &[],
        ),
        (
            "a deactivated machine, and its seat is taken",
            |c| {
                deactivated(c);
                all_seats_taken(c);
            },
            &[SeatsExhausted],
        ),
        (
            "a lapsed machine, and its seat is taken",
            |c| {
                lapsed(c);
                all_seats_taken(c);
            },
            &[SeatsExhausted],
        ),
        (
            "a deactivated machine, and no activations left",
            |c| {
                deactivated(c);
                no_activations_left(c);
            },
            &[ActivationsExhausted],
        ),
        (
            "everything, the customer unnamed",
            |c| {
                wrong_product(c);
                c.policy.rules.requires_customer = true;
                c.license.state = LicenseState::Suspended;
                c.license.expires_at = Some(c.now);
                no_activations_left(c);
                all_seats_taken(c);
            },
            &[ProductMismatch, CustomerRequired, Suspended, Expired, ActivationsExhausted, SeatsExhausted],
        ),
        (
            "everything, the customer unknown",
            |c| {
                wrong_product(c);
                c.policy.rules.requires_customer = true;
                c.named_customer = NamedCustomer::Unknown;
                c.license.state = LicenseState::Revoked;
                c.license.expires_at = Some(c.now);
                no_activations_left(c);
                all_seats_taken(c);
            },
            &[ProductMismatch, CustomerMismatch, Revoked, Expired, ActivationsExhausted, SeatsExhausted],
        ),
    ];
    check(rows, Case::good, decide);
}

#[test]
fn validation_and_refresh() {
    let on_machine = |case: &Case| reasons(case.validate(true, &[]));
    let anywhere = |case: &Case| reasons(case.validate(false, &[]));
    let refreshed = |case: &Case| reasons(case.refresh(None));
    for decide in [&on_machine as &dyn Fn(&Case) -> Vec<Reason>, &anywhere, &refreshed] {
        check(AGAINST_THE_LICENSE, Case::activated, decide);
    }
    check(AGAINST_THE_MACHINE, Case::activated, on_machine);
    check(AGAINST_THE_MACHINE, Case::activated, refreshed);
    // A check of the license as such is not about machines.
    for machineless in [Case::good(), Case::activated()] {
        assert_eq!(anywhere(&machineless), []);
    }
}

#[test]
fn neither_validation_nor_refresh_needs_the_customer_to_be_named() {
    let mut case = Case::activated();
    case.policy.rules.requires_customer = true;
    case.license.customer_id = Some(customer(1));
    assert_eq!(reasons(case.validate(true, &[])), []);
    assert_eq!(reasons(case.refresh(None)), []);
}

#[test]
fn validation_of_entitlements() {
    let held = || {
        let mut case = Case::activated();
        case.policy.rules.entitlements = entitlements(&["export", "import"]);
        let off = crate::EntitlementValue::Flag(false);
        case.license.overrides.entitlements.set(code("import"), off);
        case
    };
    for (asked, expected) in [
        (&[] as &[&str], &[] as &[Reason]),
        (&["export"], &[]),
        (&["export", "export"], &[]),
        (&["import"], &[EntitlementMissing]),
        (&["print"], &[EntitlementMissing]),
        (&["export", "import", "print"], &[EntitlementMissing]),
    ] {
        let codes: Vec<_> = asked.iter().map(|text| code(text)).collect();
        assert_eq!(reasons(held().validate(true, &codes)), expected, "{asked:?}");
        assert_eq!(reasons(held().validate(false, &codes)), expected, "{asked:?}");
    }
    let mut case = held();
    deactivated(&mut case);
    case.license.state = LicenseState::Revoked;
    assert_eq!(
        reasons(case.validate(true, &[code("print")])),
        [Revoked, MachineDeactivated, EntitlementMissing]
    );
}

#[test]
fn deactivation() {
    let used_up: fn(&mut Case) = |c| {
        c.policy.rules.deactivation_limit = Limit::AtMost(1);
        c.license.deactivations_used = 1;
    };
    let frees = |counts| Ok(Deactivation::Frees { counts });
    let mut case = Case::activated();
    assert_eq!(case.deactivate(Deactivator::App), frees(true));
    assert_eq!(case.deactivate(Deactivator::Vendor), frees(false));

    used_up(&mut case);
    assert_eq!(reasons(case.deactivate(Deactivator::App)), [DeactivationsExhausted]);
    assert_eq!(case.deactivate(Deactivator::Vendor), frees(false));
    case.license.deactivations_used = 0;
    assert_eq!(case.deactivate(Deactivator::App), frees(true));
    case.policy.rules.deactivation_limit = Limit::AtMost(0);
    assert_eq!(reasons(case.deactivate(Deactivator::App)), [DeactivationsExhausted]);

    for by in [Deactivator::App, Deactivator::Vendor] {
        let already: fn(&mut Case) = |c| {
            deactivated(c);
            c.policy.rules.deactivation_limit = Limit::AtMost(0);
        };
        let mut case = Case::activated();
        already(&mut case);
        assert_eq!(case.deactivate(by), Ok(Deactivation::Already));

        let rows: &[Row] = &[
            ("activated", |_| (), &[]),
            ("suspended", |c| c.license.state = LicenseState::Suspended, &[]),
            ("revoked", |c| c.license.state = LicenseState::Revoked, &[]),
            ("expired", |c| c.license.expires_at = Some(c.now), &[]),
            ("a lapsed seat", lapsed, &[]),
            ("nobody named", |c| c.policy.rules.requires_customer = true, &[]),
            ("activated elsewhere", |c| c.machine = None, &[MachineMismatch]),
            ("activated nowhere", |c| (c.machine, c.seats_used) = (None, 0), &[NotActivated]),
            (
                "the wrong product and customer",
                |c| {
                    wrong_product(c);
                    c.named_customer = NamedCustomer::Unknown;
                    c.license.state = LicenseState::Revoked;
                    c.machine = None;
                },
                &[ProductMismatch, CustomerMismatch, MachineMismatch],
            ),
            (
                "deactivated already, for the wrong product",
                |c| {
                    deactivated(c);
                    wrong_product(c);
                },
                &[ProductMismatch],
            ),
        ];
        check(rows, Case::activated, |case| reasons(case.deactivate(by)));
    }

    let mut case = Case::activated();
    used_up(&mut case);
    wrong_product(&mut case);
    assert_eq!(reasons(case.deactivate(Deactivator::App)), [ProductMismatch, DeactivationsExhausted]);
}

#[test]
fn customers() {
    use NamedCustomer::{Known, Nobody, Unknown};
    let (one, two) = (customer(1), customer(2));
    // (named, bound to, policy requires one) → (refused for, binds to)
    for (named, bound, required, expected) in [
        (Nobody, None, false, Ok(None)),
        (Nobody, None, true, Err(CustomerRequired)),
        (Nobody, Some(one), false, Ok(None)),
        (Nobody, Some(one), true, Err(CustomerRequired)),
        (Unknown, None, false, Err(CustomerMismatch)),
        (Unknown, None, true, Err(CustomerMismatch)),
        (Unknown, Some(one), false, Err(CustomerMismatch)),
        (Unknown, Some(one), true, Err(CustomerMismatch)),
        (Known(one), None, false, Ok(Some(one))),
        (Known(one), None, true, Ok(Some(one))),
        (Known(one), Some(one), false, Ok(None)),
        (Known(one), Some(one), true, Ok(None)),
        (Known(two), Some(one), false, Err(CustomerMismatch)),
        (Known(two), Some(one), true, Err(CustomerMismatch)),
    ] {
        let mut case = Case::good();
        case.named_customer = named;
        case.license.customer_id = bound;
        case.policy.rules.requires_customer = required;
        let decided = case.activate(Counting::NewMachines);
        let decided =
            decided.map(|activation| activation.binds_customer).map_err(|refusal| refusal.reasons().to_vec());
        assert_eq!(
            decided,
            expected.map_err(|reason| vec![reason]),
            "{named:?} for {bound:?}, required: {required}"
        );
    }
}

#[test]
fn seats_and_what_counts() {
    let new: fn(&mut Case) = |c| (c.machine, c.seats_used) = (None, 0);
    let active: fn(&mut Case) = |_| ();
    for (change, seat, counts, seats_used) in [
        (new, Seat::Taken, true, 1),
        (deactivated, Seat::Retaken, true, 1),
        (lapsed, Seat::Regained, false, 1),
        (active, Seat::Kept, false, 1),
    ] {
        let mut case = Case::activated();
        change(&mut case);
        let activation = case.activate(Counting::NewMachines).unwrap();
        assert_eq!((activation.seat, activation.counts, activation.seats_used), (seat, counts, seats_used));
        let every_call = case.activate(Counting::EveryCall).unwrap();
        assert_eq!(every_call, Activation { counts: true, ..activation });

        // Only what counts needs an activation to be left.
        no_activations_left(&mut case);
        assert_eq!(case.activate(Counting::NewMachines).is_err(), counts, "{seat:?}");
        assert_eq!(reasons(case.activate(Counting::EveryCall)), [ActivationsExhausted]);
    }
}

#[test]
fn a_count_that_binds_no_machine() {
    check(AGAINST_THE_LICENSE, Case::good, |case| reasons(case.count()));
    let mut case = Case::good();
    all_seats_taken(&mut case);
    let counted = case.count().unwrap();
    assert_eq!(
        (counted.seat, counted.counts, counted.over_seats, counted.seats_used),
        (Seat::Unneeded, true, false, 1)
    );
    no_activations_left(&mut case);
    case.policy.rules.requires_customer = true;
    assert_eq!(reasons(case.count()), [CustomerRequired, ActivationsExhausted]);
}

#[test]
fn a_kept_seat_needs_no_room() {
    let mut case = Case::activated();
    case.seats_used = 7;
    let activation = case.activate(Counting::NewMachines).unwrap();
    assert_eq!((activation.seat, activation.seats_used, activation.over_seats), (Seat::Kept, 7, false));
}

#[test]
fn overage_is_rounded_down_and_flagged() {
    // (seats, percent, in use) → flagged as over, or refused
    for (seats, percent, used, expected) in [
        (10, 0, 9, Some(false)),
        (10, 0, 10, None),
        (10, 10, 9, Some(false)),
        (10, 10, 10, Some(true)),
        (10, 10, 11, None),
        (9, 10, 9, None),
        (19, 10, 19, Some(true)),
        (19, 10, 20, None),
        (1, 99, 1, None),
        (1, 100, 1, Some(true)),
        (1, 100, 2, None),
        (3, 1_000, 32, Some(true)),
        (3, 1_000, 33, None),
        (0, 1_000, 0, None),
        (u32::MAX, 0, u32::MAX - 1, Some(false)),
        (u32::MAX, 1_000, u32::MAX, None),
    ] {
        let mut case = Case::good();
        case.policy.rules.seats = Limit::AtMost(seats);
        case.policy.rules.overage_percent = percent;
        case.seats_used = used;
        let decided = case.activate(Counting::NewMachines);
        let flagged = decided.as_ref().ok().map(|activation| activation.over_seats);
        assert_eq!(flagged, expected, "{used} of {seats} with {percent} %");
        if let Ok(activation) = decided {
            assert_eq!(activation.seats_used, used + 1);
        }
    }
}

#[test]
fn terms() {
    let year = Some("P1Y".parse().unwrap());
    let a_year_later = Timestamp::parse("2028-01-15T08:00:00Z").unwrap();
    let (earlier, later) = (now().plus_seconds(-60), now().plus_seconds(60));
    // (policy's term, starts, license's start and end) → starts
    for (term, starts, begun, end, expected) in [
        (None, TermStart::FirstActivation, None, None, Some((now(), None))),
        (year, TermStart::FirstActivation, None, None, Some((now(), Some(a_year_later)))),
        // An end that the vendor set stays.
        (year, TermStart::FirstActivation, None, Some(later), Some((now(), Some(later)))),
        (None, TermStart::FirstActivation, None, Some(later), Some((now(), Some(later)))),
        // What has begun does not begin again.
        (year, TermStart::FirstActivation, Some(earlier), Some(later), None),
        (year, TermStart::FirstActivation, Some(earlier), None, None),
        (year, TermStart::Creation, Some(earlier), Some(later), None),
        // A policy that had no term when the license was made.
        (year, TermStart::Creation, None, None, Some((now(), Some(a_year_later)))),
    ] {
        let mut case = Case::good();
        case.policy.rules.term = term;
        case.policy.rules.term_starts = starts;
        case.license.term_started_at = begun;
        case.license.expires_at = end;
        let activation = case.activate(Counting::NewMachines).unwrap();
        assert_eq!(activation.starts_term, expected, "{term:?} {begun:?} {end:?}");
    }
}

#[test]
fn forks() {
    let (current, old) = (lease_id(1), lease_id(7));
    let case = Case::activated();
    for (presented, parent, forks) in
        [(None, current, false), (Some(current), current, false), (Some(old), old, true)]
    {
        assert_eq!(case.refresh(presented), Ok(Refresh { parent: Some(parent), forks }));
    }
    let mut leaseless = Case::activated();
    leaseless.machine.as_mut().unwrap().lease = None;
    for (presented, forks) in [(None, false), (Some(old), true)] {
        assert_eq!(leaseless.refresh(presented), Ok(Refresh { parent: presented, forks }));
    }
}
