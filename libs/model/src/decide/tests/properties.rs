//! Over arbitrary facts and claims, against an oracle that asks of each reason by itself whether it is justified.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::*;
use crate::{Entitlement, EntitlementValue, SeatKind, Term, decide::Seat};

/// What is asked.
#[derive(Clone, Debug)]
enum Verb {
    Activate(Counting),
    Count,
    Validate { on_machine: bool, asked: Vec<EntitlementCode> },
    Refresh(Option<LeaseId>),
    Deactivate(Deactivator),
}

fn decide(case: &Case, verb: &Verb) -> Vec<Reason> {
    match verb {
        Verb::Activate(counting) => reasons(case.activate(*counting)),
        Verb::Count => reasons(case.count()),
        Verb::Validate { on_machine, asked } => reasons(case.validate(*on_machine, asked)),
        Verb::Refresh(presented) => reasons(case.refresh(*presented)),
        Verb::Deactivate(by) => reasons(case.deactivate(*by)),
    }
}

/// Whether this reason, taken by itself, speaks against the verb.
fn justified(reason: Reason, case: &Case, verb: &Verb) -> bool {
    let (license, rules) = (&case.license, &case.policy.rules);
    let activates = matches!(verb, Verb::Activate(_) | Verb::Count);
    let deactivates = matches!(verb, Verb::Deactivate(_));
    let needs_machine = matches!(verb, Verb::Refresh(_) | Verb::Validate { on_machine: true, .. });
    match reason {
        Reason::NotFound => false,
        Reason::ProductMismatch => ![None, Some(&case.product.code)].contains(&case.named_product.as_ref()),
        Reason::CustomerMismatch => match case.named_customer {
            NamedCustomer::Nobody => false,
            NamedCustomer::Unknown => true,
            NamedCustomer::Known(id) => ![None, Some(id)].contains(&license.customer_id),
        },
        Reason::CustomerRequired => {
            activates && rules.requires_customer && case.named_customer == NamedCustomer::Nobody
        }
        Reason::Revoked => !deactivates && license.state == LicenseState::Revoked,
        Reason::Suspended => !deactivates && license.state == LicenseState::Suspended,
        Reason::Expired => !deactivates && license.expires_at.is_some_and(|end| end <= case.now),
        Reason::ActivationsExhausted => {
            let counts =
                matches!(verb, Verb::Activate(Counting::EveryCall) | Verb::Count) || !is_active(case);
            activates && counts && most_activations(case).is_some_and(|most| license.activations_used >= most)
        }
        Reason::SeatsExhausted => {
            matches!(verb, Verb::Activate(_)) && !is_seated(case) && !fits(case, case.seats_used + 1)
        }
        Reason::NotActivated => {
            (needs_machine || deactivates) && case.machine.is_none() && case.seats_used == 0
        }
        Reason::MachineMismatch => {
            (needs_machine || deactivates) && case.machine.is_none() && case.seats_used > 0
        }
        Reason::MachineDeactivated => needs_machine && case.machine.is_some() && !is_active(case),
        Reason::SeatLapsed => needs_machine && is_active(case) && !is_seated(case),
        Reason::EntitlementMissing => match verb {
            Verb::Validate { asked, .. } => asked.iter().any(|code| !is_entitled(case, code)),
            _ => false,
        },
        Reason::DeactivationsExhausted => {
            matches!(verb, Verb::Deactivate(Deactivator::App))
                && is_active(case)
                && matches!(rules.deactivation_limit, Limit::AtMost(most) if license.deactivations_used >= most)
        }
    }
}

fn is_active(case: &Case) -> bool {
    case.machine.iter().any(|machine| machine.state == MachineState::Active)
}

fn is_seated(case: &Case) -> bool {
    let lives = |machine: &Machine| machine.lease.iter().any(|lease| lease.grace_until > case.now);
    is_active(case) && (case.policy.rules.seat_kind == SeatKind::NodeLocked || case.machine.iter().any(lives))
}

fn most_activations(case: &Case) -> Option<u32> {
    match case.license.overrides.activation_limit {
        Some(limit) => limit.number(),
        None => case.policy.rules.activation_limit.number(),
    }
}

/// Whether so many machines fit on the seats with their overage.
fn fits(case: &Case, machines: u32) -> bool {
    let seats = match case.license.overrides.seats {
        Some(limit) => limit.number(),
        None => case.policy.rules.seats.number(),
    };
    seats.is_none_or(|seats| {
        let beyond = i64::from(machines) - i64::from(seats);
        beyond * 100 <= i64::from(seats) * i64::from(case.policy.rules.overage_percent)
    })
}

fn is_entitled(case: &Case, code: &EntitlementCode) -> bool {
    let deciding = [&case.license.overrides.entitlements, &case.policy.rules.entitlements]
        .into_iter()
        .find_map(|entitlements| {
            entitlements
                .iter()
                .find(|(other, _)| *other == code)
                .filter(|(_, entitlement)| entitlement.expires_at.is_none_or(|end| end > case.now))
        });
    deciding.is_some_and(|(_, entitlement)| entitlement.value != EntitlementValue::Flag(false))
}

/// Instants at and around [`now`], where rules change their minds.
fn instants() -> impl Strategy<Value = Timestamp> {
    select(vec![-60_000_000, -1_000_000, -1, 0, 0, 1, 1_000_000, 60_000_000])
        .prop_map(|micros| Timestamp::from_unix_micros(now().unix_micros() + micros).unwrap())
}

fn limits() -> impl Strategy<Value = Limit> {
    prop_oneof![
        1 => Just(Limit::Unlimited),
        5 => (0u32..5).prop_map(Limit::AtMost),
    ]
}

fn codes() -> impl Strategy<Value = EntitlementCode> {
    select(vec!["export", "import", "layers"]).prop_map(code)
}

fn some_entitlements() -> impl Strategy<Value = Entitlements> {
    let value = prop_oneof![
        any::<bool>().prop_map(EntitlementValue::Flag),
        any::<i8>().prop_map(|number| EntitlementValue::Number(number.into())),
    ];
    let entitlement =
        (value, option::of(instants())).prop_map(|(value, expires_at)| Entitlement { value, expires_at });
    vec((codes(), entitlement), 0..4).prop_map(Entitlements::from_iter)
}

fn machines() -> impl Strategy<Value = Machine> {
    let states = select(vec![MachineState::Active, MachineState::Active, MachineState::Deactivated]);
    let leases = option::weighted(0.9, (0u128..3, instants()));
    (states, leases).prop_map(|(state, given)| Machine {
        state,
        lease: given.map(|(number, end)| lease(number, end)),
        ..machine(1)
    })
}

fn licenses() -> impl Strategy<Value = License> {
    let states = select(vec![
        LicenseState::Active,
        LicenseState::Active,
        LicenseState::Active,
        LicenseState::Suspended,
        LicenseState::Revoked,
    ]);
    let overrides = (option::weighted(0.3, limits()), option::weighted(0.3, limits()), some_entitlements());
    let term = (option::of(instants()), option::of(instants()));
    let used = (0u32..6, 0u32..6);
    let owner = option::of((0u128..2).prop_map(customer));
    (states, overrides, term, used, owner).prop_map(|(state, overrides, term, used, customer_id)| License {
        state,
        overrides: Overrides { seats: overrides.0, activation_limit: overrides.1, entitlements: overrides.2 },
        term_started_at: term.0,
        expires_at: term.1,
        activations_used: used.0,
        deactivations_used: used.1,
        customer_id,
        ..license()
    })
}

fn rules() -> impl Strategy<Value = PolicyRules> {
    let terms =
        option::of(select(vec!["PT1S", "P30D", "P1Y"]).prop_map(|term| term.parse::<Term>().unwrap()));
    let seat_kinds = select(vec![SeatKind::NodeLocked, SeatKind::Floating]);
    let overages = select(vec![0, 10, 25, 50, 99, 100, 1_000]);
    let all_limits = (limits(), limits(), limits());
    (terms, seat_kinds, overages, all_limits, any::<bool>(), some_entitlements()).prop_map(
        |(term, seat_kind, overage_percent, limits, requires_customer, entitlements)| PolicyRules {
            term,
            seat_kind,
            overage_percent,
            seats: limits.0,
            activation_limit: limits.1,
            deactivation_limit: limits.2,
            requires_customer,
            entitlements,
            ..PolicyRules::default()
        },
    )
}

fn cases() -> impl Strategy<Value = Case> {
    let named_products = option::of(prop_oneof![
        3 => Just("atelier"),
        1 => Just("other"),
    ]);
    let named_customers = prop_oneof![
        3 => Just(NamedCustomer::Nobody),
        1 => Just(NamedCustomer::Unknown),
        3 => (0u128..2).prop_map(|number| NamedCustomer::Known(customer(number))),
    ];
    let claims = (named_products, named_customers);
    (licenses(), rules(), option::weighted(0.7, machines()), 0u32..8, claims).prop_map(
        |(license, rules, machine, seats_used, (named_product, named_customer))| Case {
            license,
            policy: policy(rules),
            machine,
            seats_used,
            named_product: named_product.map(product_code),
            named_customer,
            ..Case::good()
        },
    )
}

fn countings() -> impl Strategy<Value = Counting> {
    select(vec![Counting::NewMachines, Counting::EveryCall])
}

fn deactivators() -> impl Strategy<Value = Deactivator> {
    select(vec![Deactivator::App, Deactivator::Vendor])
}

fn verbs() -> impl Strategy<Value = Verb> {
    prop_oneof![
        countings().prop_map(Verb::Activate),
        Just(Verb::Count),
        (any::<bool>(), vec(codes(), 0..3))
            .prop_map(|(on_machine, asked)| Verb::Validate { on_machine, asked }),
        option::of((0u128..3).prop_map(lease_id)).prop_map(Verb::Refresh),
        deactivators().prop_map(Verb::Deactivate),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Every reason given is justified, every justified reason is given, in order and once.
    #[test]
    fn exactly_the_justified_reasons_are_given(case in cases(), verb in verbs()) {
        let expected: Vec<_> = Reason::ALL
            .iter()
            .copied()
            .filter(|reason| justified(*reason, &case, &verb))
            .collect();
        prop_assert_eq!(decide(&case, &verb), expected);
    }

    #[test]
    fn an_activation_keeps_every_limit(case in cases(), counting in countings()) {
        let Ok(activation) = case.activate(counting) else { return Ok(()) };
        let license = &case.license;
        prop_assert_eq!(license.state, LicenseState::Active);
        prop_assert!(license.expires_at.is_none_or(|end| case.now < end));
        prop_assert!(case.named_product.iter().all(|code| *code == case.product.code));

        prop_assert_eq!(activation.seat == Seat::Kept, is_seated(&case));
        prop_assert_eq!(matches!(activation.seat, Seat::Kept | Seat::Regained), is_active(&case));
        prop_assert_eq!(activation.seat == Seat::Taken, case.machine.is_none());
        let taken = u32::from(activation.seat != Seat::Kept);
        prop_assert_eq!(activation.seats_used, case.seats_used + taken);
        if taken > 0 {
            prop_assert!(fits(&case, activation.seats_used));
            let mut strict = case.clone();
            strict.policy.rules.overage_percent = 0;
            prop_assert_eq!(activation.over_seats, !fits(&strict, activation.seats_used));
        } else {
            prop_assert!(!activation.over_seats);
        }

        prop_assert_eq!(activation.counts, counting == Counting::EveryCall || !is_active(&case));
        if let Some(most) = most_activations(&case) {
            prop_assert!(!activation.counts || license.activations_used < most);
        }

        // The customer, once bound, is whom the caller named, if anyone.
        let owner = license.customer_id.or(activation.binds_customer);
        prop_assert!(license.customer_id.is_none() || activation.binds_customer.is_none());
        match case.named_customer {
            NamedCustomer::Nobody => prop_assert!(!case.policy.rules.requires_customer && owner == license.customer_id),
            NamedCustomer::Unknown => prop_assert!(false, "an unknown customer was accepted"),
            NamedCustomer::Known(named) => prop_assert_eq!(owner, Some(named)),
        }

        prop_assert_eq!(activation.starts_term.is_none(), license.term_started_at.is_some());
        if let Some((start, end)) = activation.starts_term {
            prop_assert_eq!(start, case.now);
            prop_assert!(end.is_none_or(|end| case.now < end), "a term that is over when it begins");
            prop_assert!(license.expires_at.is_none() || end == license.expires_at);
        }
    }

    /// A count that binds no machine is an activation in all but its seat.
    #[test]
    fn a_count_takes_no_seat(case in cases()) {
        let mut roomy = case.clone();
        roomy.license.overrides.seats = Some(Limit::Unlimited);
        let expected = roomy.activate(Counting::EveryCall).map(|activation| Activation {
            seat: Seat::Unneeded,
            over_seats: false,
            seats_used: case.seats_used,
            ..activation
        });
        prop_assert_eq!(case.count(), expected);
    }

    #[test]
    fn validation_never_depends_on_limits(
        case in cases(), on_machine: bool, asked in vec(codes(), 0..3),
        seats in limits(), activations in limits(), deactivations in limits(), used: (u32, u32), percent in 0u16..=1_000,
    ) {
        let mut other = case.clone();
        other.policy.rules.seats = seats;
        other.policy.rules.activation_limit = activations;
        other.policy.rules.deactivation_limit = deactivations;
        other.policy.rules.overage_percent = percent;
        other.license.overrides.seats = None;
        other.license.overrides.activation_limit = None;
        (other.license.activations_used, other.license.deactivations_used) = used;
        prop_assert_eq!(case.validate(on_machine, &asked), other.validate(on_machine, &asked));
    }

    #[test]
    fn who_may_refresh_is_valid_and_who_is_valid_may_refresh(case in cases(), presented in 0u128..3) {
        let presented = Some(lease_id(presented));
        prop_assert_eq!(case.validate(true, &[]), case.refresh(presented).map(drop));
        if let Ok(refresh) = case.refresh(presented) {
            let current = case.machine.as_ref().and_then(|machine| machine.lease.as_ref()).map(|lease| lease.id);
            prop_assert_eq!(refresh.parent, presented);
            prop_assert_eq!(refresh.forks, presented != current);
            prop_assert_eq!(case.refresh(None), Ok(Refresh { parent: current, forks: false }));
        }
    }

    #[test]
    fn a_deactivation_frees_only_what_was_active(case in cases(), by in deactivators()) {
        match case.deactivate(by) {
            Ok(Deactivation::Frees { counts }) => {
                prop_assert!(is_active(&case));
                prop_assert_eq!(counts, by == Deactivator::App);
            }
            Ok(Deactivation::Already) => prop_assert!(case.machine.is_some() && !is_active(&case)),
            Err(_) => {}
        }
    }

    #[test]
    fn what_the_app_may_deactivate_the_vendor_may_too(case in cases()) {
        if case.deactivate(Deactivator::App).is_ok() {
            prop_assert!(case.deactivate(Deactivator::Vendor).is_ok());
        }
    }
}
