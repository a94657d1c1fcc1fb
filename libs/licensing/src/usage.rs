//! Figures on what is used: what is counted, and reading it by day.

use std::{collections::BTreeMap, ops::RangeInclusive};

use model::{Action, Day, Outcome, Reason, Tenant, TenantId, Timestamp};

use crate::{Error, Licensing};

/// What is counted of each day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Counted {
    /// A check, whatever came of it.
    Check,
    /// A check of a license that was valid.
    ValidCheck,
    /// An attempt to activate, whatever came of it.
    Attempt,
    /// An activation.
    Activation,
    /// An activation, refresh, deactivation or check that was refused for this primary reason.
    Refused(Reason),
}

/// Noted and not counted: machines on which a license is active.
const ACTIVE_MACHINES: &str = "active_machines";
const REFUSED: &str = "refused.";

impl Counted {
    /// The name under which it is stored.
    pub(crate) fn code(self) -> String {
        match self {
            Self::Check => "checks".to_owned(),
            Self::ValidCheck => "valid_checks".to_owned(),
            Self::Attempt => "activation_attempts".to_owned(),
            Self::Activation => "activations".to_owned(),
            Self::Refused(reason) => format!("{REFUSED}{}", reason.code()),
        }
    }

    /// What is counted of an attempt that the audit log tells of.
    pub(crate) fn of(action: Action, outcome: Outcome) -> impl Iterator<Item = Self> {
        let (attempt, done) = match action {
            Action::MachineActivate => (Some(Self::Attempt), Some(Self::Activation)),
            Action::LicenseCheck => (Some(Self::Check), Some(Self::ValidCheck)),
            Action::LeaseRefresh | Action::MachineDeactivate => (None, None),
            _ => return None.into_iter().chain(None),
        };
        let came_of_it = match outcome {
            Outcome::Done => done,
            Outcome::Refused(reason) => Some(Self::Refused(reason)),
        };
        attempt.into_iter().chain(came_of_it)
    }
}

/// What was used in a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Machines on which a license is active now.
    pub active_machines: u64,
    /// Every day of the time, in order.
    pub days: Vec<UsageDay>,
}

/// What was used on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageDay {
    /// The day, in UTC.
    pub day: Day,
    /// Checks, whatever came of them.
    pub checks: u64,
    /// Checks of licenses that were valid.
    pub valid_checks: u64,
    /// Attempts to activate, whatever came of them.
    pub activation_attempts: u64,
    /// Activations, those of machines that were active already included.
    pub activations: u64,
    /// Activations, refreshes, deactivations and checks that were refused, by the code of the primary reason.
    pub refusals: BTreeMap<String, u64>,
    /// Machines on which a license was active, as last noted on that day.
    pub active_machines: Option<u64>,
}

impl UsageDay {
    const fn nothing_on(day: Day) -> Self {
        Self {
            day,
            checks: 0,
            valid_checks: 0,
            activation_attempts: 0,
            activations: 0,
            refusals: BTreeMap::new(),
            active_machines: None,
        }
    }

    fn put(&mut self, kind: &str, count: u64) {
        match kind {
            "checks" => self.checks = count,
            "valid_checks" => self.valid_checks = count,
            "activation_attempts" => self.activation_attempts = count,
            "activations" => self.activations = count,
            ACTIVE_MACHINES => self.active_machines = Some(count),
            other => {
                if let Some(reason) = other.strip_prefix(REFUSED) {
                    self.refusals.insert(reason.to_owned(), count);
                }
            }
        }
    }
}

impl Licensing {
    /// What was used on each of these days, and is used now. Counts are at most a second behind.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn usage(&self, tenant: &Tenant, days: RangeInclusive<Day>) -> Result<Usage, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let figures = tx.usage().days(days.clone()).await?;
        let active_machines = tx.usage().active_machines().await?;
        tx.end().await?;
        let numbers = days.start().number()..=days.end().number();
        let mut by_day: BTreeMap<Day, UsageDay> =
            numbers.filter_map(Day::from_number).map(|day| (day, UsageDay::nothing_on(day))).collect();
        for figure in figures {
            if let Some(day) = by_day.get_mut(&figure.day) {
                day.put(&figure.kind, figure.count);
            }
        }
        Ok(Usage { active_machines, days: by_day.into_values().collect() })
    }

    /// Notes how many machines are active today.
    pub(crate) async fn note_active_machines(&self, tenant: TenantId, now: Timestamp) -> Result<(), Error> {
        let mut tx = self.inner.store.write(tenant).await?;
        let count = tx.usage().active_machines().await?;
        tx.usage().note(Day::of(now), ACTIVE_MACHINES, count).await?;
        tx.changes_no_check();
        self.commit(tx).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_of_apps_are_counted_and_nothing_else_is() {
        use Counted::{Activation, Attempt, Check, Refused, ValidCheck};
        let refused = Outcome::Refused(Reason::Expired);
        for (action, done, not_done) in [
            (Action::MachineActivate, vec![Attempt, Activation], vec![Attempt, Refused(Reason::Expired)]),
            (Action::LicenseCheck, vec![Check, ValidCheck], vec![Check, Refused(Reason::Expired)]),
            (Action::LeaseRefresh, vec![], vec![Refused(Reason::Expired)]),
            (Action::MachineDeactivate, vec![], vec![Refused(Reason::Expired)]),
            (Action::LeaseFork, vec![], vec![]),
            (Action::ProductCreate, vec![], vec![]),
        ] {
            assert_eq!(Counted::of(action, Outcome::Done).collect::<Vec<_>>(), done, "{action:?}");
            assert_eq!(Counted::of(action, refused).collect::<Vec<_>>(), not_done, "{action:?}");
        }
    }

    #[test]
    fn what_is_counted_is_found_again() {
        let mut day = UsageDay::nothing_on(Day::MAX);
        let all = [Counted::Check, Counted::ValidCheck, Counted::Attempt, Counted::Activation];
        for (count, counted) in (1..).zip(all) {
            day.put(&counted.code(), count);
        }
        for (count, reason) in (10..).zip(Reason::ALL) {
            day.put(&Counted::Refused(*reason).code(), count);
        }
        day.put("of a later version", 99);
        assert_eq!([day.checks, day.valid_checks, day.activation_attempts, day.activations], [1, 2, 3, 4]);
        assert_eq!(day.refusals.len(), Reason::ALL.len());
        assert_eq!(day.refusals["not_found"], 10);
    }
}
