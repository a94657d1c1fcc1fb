//! Members: the people of a tenant, and what their roles allow.

use crate::{
    api_key::{Scope, Scopes},
    id::MemberId,
    text::{EmailAddress, Invalid, Name},
    timestamp::Timestamp,
};

/// A person who works for a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its identifier.
    pub id: MemberId,
    /// Where to write to; names the person within the tenant.
    pub email: EmailAddress,
    /// Its name for people.
    pub name: Name,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything, and saying who else may do what.
    Owner,
    /// Everything.
    Admin,
    /// Looking up everything about customers and their licenses, and changing it.
    Support,
    /// Looking at everything but keys.
    Viewer,
}

impl Role {
    /// All roles, those that may do more first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::Support, Self::Viewer];

    /// The name used in storage and output.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Support => "support",
            Self::Viewer => "viewer",
        }
    }

    /// The role of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_code(code: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|role| role.code() == code);
        found.ok_or(Invalid::new("owner, admin, support or viewer"))
    }

    /// The scopes that members of this role have.
    #[must_use]
    pub const fn scopes(self) -> &'static [Scope] {
        match self {
            Self::Owner | Self::Admin => &[Scope::Admin],
            Self::Support => &[
                Scope::ProductsRead,
                Scope::CustomersRead,
                Scope::CustomersWrite,
                Scope::LicensesRead,
                Scope::LicensesWrite,
                Scope::LicensesReveal,
                Scope::MachinesRead,
                Scope::MachinesWrite,
                Scope::EventsRead,
                Scope::UsageRead,
            ],
            Self::Viewer => &[
                Scope::ProductsRead,
                Scope::CustomersRead,
                Scope::LicensesRead,
                Scope::MachinesRead,
                Scope::EventsRead,
                Scope::UsageRead,
            ],
        }
    }

    /// Whether members of this role may do what needs `scope`.
    #[must_use]
    pub fn allows(self, scope: Scope) -> bool {
        Scopes::new(self.scopes().iter().copied()).is_ok_and(|scopes| scopes.allow(scope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip() {
        for role in Role::ALL {
            assert_eq!(Role::from_code(role.code()), Ok(role));
        }
        assert!(Role::from_code("root").is_err());
    }

    #[test]
    fn a_role_may_do_what_those_below_it_may() {
        let allowed = |role: Role| Scope::ALL.iter().filter(|scope| role.allows(**scope)).count();
        for pair in Role::ALL.windows(2) {
            assert!(
                Scope::ALL.iter().all(|scope| !pair[1].allows(*scope) || pair[0].allows(*scope)),
                "{pair:?}"
            );
        }
        assert_eq!(Role::ALL.map(allowed), [Scope::ALL.len(), Scope::ALL.len(), 10, 6]);
    }

    #[test]
    fn who_only_looks_changes_nothing_and_sees_no_keys() {
        for scope in Scope::ALL {
            if !scope.code().ends_with(":read") {
                assert!(!Role::Viewer.allows(*scope), "{}", scope.code());
            }
        }
        for scope in [Scope::ApiKeysRead, Scope::SigningKeysRead, Scope::SettingsWrite, Scope::Admin] {
            assert!(!Role::Support.allows(scope), "{}", scope.code());
        }
    }
}
