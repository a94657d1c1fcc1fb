//! A license in memory, driven by random steps on several machines: what must hold after every step.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::*;
use crate::{LeaseTimes, SeatKind, TermStart, decide::Seat, license::term_at_creation};

const MACHINES: usize = 5;

#[derive(Clone, Debug)]
enum Step {
    Activate(usize, NamedCustomer),
    Deactivate(usize, Deactivator),
    /// With the lease that was signed so many ago, perhaps another machine's, or without saying which.
    Refresh(usize, Option<u128>),
    Suspend,
    Reinstate,
    Revoke,
    Advance(i64),
    /// The vendor changes the number of seats.
    Resize(Limit),
}

/// The license, its machines, and the clock.
#[derive(Clone, Debug)]
struct World {
    license: License,
    policy: Policy,
    counting: Counting,
    machines: [Option<Machine>; MACHINES],
    now: Timestamp,
    leases_signed: u128,
}

impl World {
    fn new(rules: PolicyRules, counting: Counting, end: Option<i64>) -> Self {
        let term = term_at_creation(&rules, now());
        let end = end.map(|seconds| now().plus_seconds(seconds));
        Self {
            license: License {
                term_started_at: term.map(|(start, _)| start),
                expires_at: end.or(term.map(|(_, end)| end)),
                ..license()
            },
            policy: policy(rules),
            counting,
            machines: Default::default(),
            now: now(),
            leases_signed: 0,
        }
    }

    fn case(&self, machine: usize, named_customer: NamedCustomer) -> Case {
        Case {
            license: self.license.clone(),
            policy: self.policy.clone(),
            machine: self.machines[machine].clone(),
            seats_used: self.seats_used(),
            now: self.now,
            named_customer,
            ..Case::good()
        }
    }

    fn is_seated(&self, machine: &Machine) -> bool {
        let lives = machine.lease.iter().any(|lease| lease.grace_until > self.now);
        let floating = self.policy.rules.seat_kind == SeatKind::Floating;
        machine.state == MachineState::Active && (lives || !floating)
    }

    fn seats_used(&self) -> u32 {
        let seated = self.machines.iter().flatten().filter(|machine| self.is_seated(machine));
        u32::try_from(seated.count()).unwrap()
    }

    /// Seats with their overage, `None` when unlimited.
    fn room(&self) -> Option<u32> {
        let rules = &self.policy.rules;
        let seats = rules.seats.number()?;
        Some(seats + seats * u32::from(rules.overage_percent) / 100)
    }

    fn may_be_used(&self) -> bool {
        self.license.state == LicenseState::Active && self.license.expires_at.is_none_or(|end| self.now < end)
    }

    /// Then a lease, whose times are whole seconds, is over at once, and without grace holds no floating seat.
    fn ends_within_this_second(&self) -> bool {
        let end = self.license.expires_at.map(Timestamp::unix_seconds);
        end == Some(self.now.unix_seconds())
    }

    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Activate(machine, named) => self.activate(machine, named),
            Step::Deactivate(machine, by) => self.deactivate(machine, by),
            Step::Refresh(machine, presented) => {
                let number = presented.and_then(|ago| self.leases_signed.checked_sub(ago));
                self.refresh(machine, number.filter(|number| *number > 0).map(lease_id));
            }
            Step::Suspend => {
                self.license.state = self.license.state.suspended().unwrap_or(self.license.state);
            }
            Step::Reinstate => {
                self.license.state = self.license.state.reinstated().unwrap_or(self.license.state);
            }
            Step::Revoke => self.license.state = self.license.state.revoked(),
            Step::Advance(micros) => {
                self.now = Timestamp::from_unix_micros(self.now.unix_micros() + micros).unwrap();
            }
            Step::Resize(seats) => self.policy.rules.seats = seats,
        }
    }

    fn activate(&mut self, index: usize, named: NamedCustomer) {
        let Ok(activation) = self.case(index, named).activate(self.counting) else {
            return;
        };
        self.license.activations_used += u32::from(activation.counts);
        if let Some((start, end)) = activation.starts_term {
            assert_eq!(self.license.term_started_at, None, "a term began twice");
            (self.license.term_started_at, self.license.expires_at) = (Some(start), end);
        }
        if activation.binds_customer.is_some() {
            self.license.customer_id = activation.binds_customer;
        }
        let before = self.machines[index].take();
        let parent = before
            .as_ref()
            .and_then(|machine| machine.lease.as_ref())
            .map(|lease| lease.id)
            .filter(|_| activation.seat != Seat::Retaken);
        self.machines[index] =
            Some(Machine { state: MachineState::Active, ..before.unwrap_or_else(|| machine(index as u128)) });
        self.sign(index, parent);
        if self.ends_within_this_second() {
            assert!(self.seats_used() <= activation.seats_used);
        } else {
            assert_eq!(self.seats_used(), activation.seats_used);
        }
        assert!(activation.seat == Seat::Kept || self.room().is_none_or(|room| self.seats_used() <= room));
    }

    fn deactivate(&mut self, index: usize, by: Deactivator) {
        if let Ok(Deactivation::Frees { counts }) = self.case(index, NamedCustomer::Nobody).deactivate(by) {
            self.license.deactivations_used += u32::from(counts);
            self.machines[index].as_mut().unwrap().state = MachineState::Deactivated;
        }
    }

    fn refresh(&mut self, index: usize, presented: Option<LeaseId>) {
        let seats_used = self.seats_used();
        if let Ok(refresh) = self.case(index, NamedCustomer::Nobody).refresh(presented) {
            self.sign(index, refresh.parent);
            assert!(self.seats_used() <= seats_used, "a refresh took a seat");
            assert!(
                self.ends_within_this_second() || self.seats_used() == seats_used,
                "a refresh lost a seat"
            );
        }
    }

    /// Gives the machine a new lease, which replaces `parent`.
    fn sign(&mut self, index: usize, parent: Option<LeaseId>) {
        assert!(self.may_be_used(), "a lease for a license that is not active");
        let jitter = u32::try_from(self.leases_signed * 77_777_777 % u128::from(u32::MAX)).unwrap();
        let times = LeaseTimes::new(&self.policy.rules, self.license.expires_at, self.now, jitter);
        assert!(times.issued_at <= times.refresh_at && times.refresh_at <= times.expires_at);
        if let Some(end) = self.license.expires_at {
            assert!(times.expires_at <= end.unix_seconds(), "a lease that outlives its license");
        }
        self.leases_signed += 1;
        let id = lease_id(self.leases_signed);
        assert_ne!(parent, Some(id));
        let second = |seconds| Timestamp::from_unix_seconds(seconds).unwrap();
        self.machines[index].as_mut().unwrap().lease = Some(IssuedLease {
            id,
            expires_at: second(times.expires_at),
            ..lease(0, second(times.grace_until))
        });
    }

    /// What must hold now, after `before` became this by one step.
    fn check(&self, before: &Self, step: &Step) {
        let (license, rules) = (&self.license, &self.policy.rules);
        if let Some(room) = self.room() {
            // More than there is room for only where the vendor took seats away, and then never more still.
            assert!(self.seats_used() <= room.max(before.seats_used()), "seats beyond the overage");
        }
        assert!(rules.activation_limit.number().is_none_or(|most| license.activations_used <= most));
        let self_service = matches!(step, Step::Deactivate(_, Deactivator::App));
        assert!(license.deactivations_used <= before.license.deactivations_used + u32::from(self_service));
        assert!(rules.deactivation_limit.number().is_none_or(|most| license.deactivations_used <= most));
        if before.license.term_started_at.is_some() {
            let term = |license: &License| (license.term_started_at, license.expires_at);
            assert_eq!(term(license), term(&before.license), "the term moved");
        }
        if before.license.expires_at.is_some() {
            assert_eq!(license.expires_at, before.license.expires_at, "the end moved");
        }
        if before.license.customer_id.is_some() {
            assert_eq!(license.customer_id, before.license.customer_id, "another customer");
        }
        if before.license.state == LicenseState::Revoked {
            assert_eq!(license.state, LicenseState::Revoked, "revocation was undone");
        }
        if !before.may_be_used() {
            assert_eq!(self.leases_signed, before.leases_signed);
            assert!(self.seats_used() <= before.seats_used());
        }
        self.check_that_what_is_allowed_succeeds();
    }

    fn check_that_what_is_allowed_succeeds(&self) {
        let owner = self.license.customer_id.unwrap_or(customer(0));
        let rules = &self.policy.rules;
        let is_left = rules.activation_limit.number().is_none_or(|most| self.license.activations_used < most);
        let has_room = self.room().is_none_or(|room| self.seats_used() < room);
        for (index, machine) in self.machines.iter().enumerate() {
            let case = self.case(index, NamedCustomer::Known(owner));
            let active = machine.as_ref().is_some_and(|machine| machine.state == MachineState::Active);
            let seated = machine.as_ref().is_some_and(|machine| self.is_seated(machine));
            let counts = !active || self.counting == Counting::EveryCall;
            assert_eq!(
                case.activate(self.counting).is_ok(),
                self.may_be_used() && (seated || has_room) && (is_left || !counts)
            );
            assert_eq!(case.refresh(None).is_ok(), self.may_be_used() && seated);
            assert_eq!(case.validate(true, &[]).is_ok(), self.may_be_used() && seated);
            assert_eq!(case.deactivate(Deactivator::Vendor).is_ok(), machine.is_some());
        }
    }
}

fn seats() -> impl Strategy<Value = Limit> {
    prop_oneof![
        1 => Just(Limit::Unlimited),
        6 => (0u32..4).prop_map(Limit::AtMost),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    let customers = prop_oneof![
        2 => Just(NamedCustomer::Nobody),
        4 => (0u128..2).prop_map(|number| NamedCustomer::Known(customer(number))),
        1 => Just(NamedCustomer::Unknown),
    ];
    let deactivators = prop_oneof![2 => Just(Deactivator::App), 1 => Just(Deactivator::Vendor)];
    prop_oneof![
        12 => (0..MACHINES, customers).prop_map(|(machine, named)| Step::Activate(machine, named)),
        4 => (0..MACHINES, deactivators).prop_map(|(machine, by)| Step::Deactivate(machine, by)),
        6 => (0..MACHINES, option::of(0u128..9)).prop_map(|(machine, lease)| Step::Refresh(machine, lease)),
        1 => Just(Step::Suspend),
        2 => Just(Step::Reinstate),
        // Final, so a run that has it too often has nothing more to try.
        1 => select(vec![Step::Revoke, Step::Suspend, Step::Reinstate, Step::Reinstate]),
        8 => prop_oneof![1i64..2_000_000, 10_000_000i64..120_000_000].prop_map(Step::Advance),
        // The instants at which leases and terms of whole minutes end.
        4 => (1i64..4).prop_map(|minutes| Step::Advance(minutes * 60_000_000)),
        1 => seats().prop_map(Step::Resize),
    ]
}

fn rules(seat_kind: SeatKind) -> impl Strategy<Value = PolicyRules> {
    let limits = || {
        prop_oneof![
            1 => Just(Limit::Unlimited),
            1 => (0u32..12).prop_map(Limit::AtMost),
        ]
    };
    let terms = option::of(select(vec!["PT5M", "PT10M", "P1D"]).prop_map(|term| term.parse().unwrap()));
    let starts = select(vec![TermStart::FirstActivation, TermStart::Creation]);
    let overages = select(vec![0, 0, 50, 100]);
    let graces = select(vec![0, 30, 60]);
    (seats(), limits(), limits(), terms, starts, overages, graces, any::<bool>()).prop_map(
        move |(
            seats,
            activation_limit,
            deactivation_limit,
            term,
            term_starts,
            overage_percent,
            grace_seconds,
            requires_customer,
        )| {
            PolicyRules {
                seats,
                seat_kind,
                activation_limit,
                deactivation_limit,
                term,
                term_starts,
                overage_percent,
                requires_customer,
                lease_seconds: 120,
                refresh_seconds: 60,
                grace_seconds,
                ..PolicyRules::default()
            }
        },
    )
}

fn worlds(seat_kind: SeatKind) -> impl Strategy<Value = World> {
    let countings = prop_oneof![
        3 => Just(Counting::NewMachines),
        1 => Just(Counting::EveryCall),
    ];
    let ends = option::weighted(0.3, 1i64..1_200);
    (rules(seat_kind), countings, ends).prop_map(|(rules, counting, end)| {
        World::new(rules.checked().expect("the rules are sound"), counting, end)
    })
}

fn run(mut world: World, steps: &[Step]) {
    for step in steps {
        let before = world.clone();
        world.apply(step);
        world.check(&before, step);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn node_locked_seats(world in worlds(SeatKind::NodeLocked), steps in vec(steps(), 1..60)) {
        run(world, &steps);
    }

    #[test]
    fn floating_seats(world in worlds(SeatKind::Floating), steps in vec(steps(), 1..60)) {
        run(world, &steps);
    }
}
