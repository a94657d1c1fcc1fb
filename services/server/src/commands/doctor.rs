//! `leasehold doctor`.

use std::os::unix::fs::MetadataExt as _;

use clap::Args;
use licensing::{Clock, Entropy, Licensing, Surroundings};
use model::{KeyState, Timestamp};
use serde_json::json;
use store::Store;

use super::block_on;
use crate::config::{Config, Database, DatabaseFlags, MasterKeySource};
use crate::data_folder::DataFolder;
use crate::fault::{Exit, Fault, Result};
use crate::installation::place;
use crate::output::Output;
use crate::telemetry;

/// Check configuration, database, tables, keys and clock.
///
/// Changes nothing. Checks that rest on one that failed are left out.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  leasehold doctor --data /var/lib/leasehold
  leasehold doctor --json | jq '.checks[] | select(.state != \"ok\")'

Exit codes: 0 all is well, perhaps with warnings · 1 a check failed.")]
pub(crate) struct Doctor {
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

impl Doctor {
    pub(super) fn run(self) -> Result<()> {
        let mut findings = Findings::default();
        if let Some(config) = findings.attempt("configuration", Config::of_command(&self.database)) {
            telemetry::start(&config.logging)?;
            findings.configuration(&config);
            block_on(async {
                findings.database(&config).await;
                Ok(())
            })?;
        }
        let failed = findings.0.iter().any(|finding| finding.state == State::Fail);
        self.output.print(|| findings.text(), || findings.json())?;
        if failed { Err(Fault::said(Exit::Failed)) } else { Ok(()) }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    Warn,
    Fail,
}

struct Finding {
    check: &'static str,
    state: State,
    words: String,
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, check: &'static str, state: State, words: impl Into<String>) {
        self.0.push(Finding { check, state, words: words.into() });
    }

    /// Records a failure, and hands on a success.
    fn attempt<T>(&mut self, check: &'static str, result: Result<T, impl Into<Fault>>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(fault) => {
                self.add(check, State::Fail, fault.into().message.unwrap_or_default());
                None
            }
        }
    }

    fn configuration(&mut self, config: &Config) {
        let place = match &config.database {
            Database::Embedded { folder, .. } => format!("an embedded database in {}", folder.display()),
            Database::Postgres { .. } => "a PostgreSQL database".to_owned(),
        };
        self.add("configuration", State::Ok, place);
        for variable in &config.unknown_variables {
            self.add(
                "configuration",
                State::Warn,
                format!("the environment variable {variable} means nothing"),
            );
        }
        match &config.database {
            Database::Embedded { folder, .. } => {
                if DataFolder::existing(folder).is_ok_and(|folder| folder.is_open_to_others()) {
                    let words = format!("others can look into {0}: run chmod 700 {0}", folder.display());
                    self.add("data folder", State::Warn, words);
                }
            }
            Database::Postgres { .. } => {}
        }
        let (Database::Embedded { master_key, .. } | Database::Postgres { master_key, .. }) =
            &config.database;
        if let Some(MasterKeySource::File(path)) = master_key
            && path.metadata().is_ok_and(|file| file.mode() & 0o077 != 0)
        {
            let words = format!("others than its owner can read or change {}", path.display());
            self.add("master key", State::Warn, words);
        }
    }

    async fn database(&mut self, config: &Config) {
        let Some((location, master_key)) = self.attempt("master key", place(&config.database)) else {
            return;
        };
        self.add("master key", State::Ok, "found");
        let Some(store) = self.attempt("database", Store::open(&location).await) else {
            return;
        };
        if let Some(words) = self.attempt("database", store.describe().await) {
            self.add("database", State::Ok, words);
        }
        if self.attempt("migrations", store.check_migrations().await).is_some() {
            self.add("migrations", State::Ok, "the tables are those of this version");
            let opened = Licensing::open(
                store.clone(),
                &master_key,
                Clock::System,
                Entropy::System,
                Surroundings::of_command(),
            )
            .await;
            if let Some(licensing) = self.attempt("keys", opened) {
                self.keys(&licensing).await;
            }
        }
        store.close().await;
    }

    async fn keys(&mut self, licensing: &Licensing) {
        let Some(tenants) = self.attempt("keys", licensing.tenants().await) else {
            return;
        };
        let mut newest = Timestamp::MIN;
        let mut good = 0;
        for tenant in &tenants {
            let Some(keys) = self.attempt("keys", licensing.signing_keys(tenant).await) else {
                return;
            };
            newest =
                keys.iter().map(|key| key.created_at).fold(newest.max(tenant.created_at), Timestamp::max);
            let count = |state| keys.iter().filter(|key| key.state == state).count();
            match (count(KeyState::Active), count(KeyState::Next)) {
                (1, 1..) => good += 1,
                (1, 0) => {
                    let words = format!(
                        "tenant {0} has no next key: run leasehold keys prepare --tenant {0}",
                        tenant.slug
                    );
                    self.add("keys", State::Warn, words);
                }
                (n, _) => {
                    self.add("keys", State::Fail, format!("tenant {} has {n} keys that sign", tenant.slug));
                }
            }
        }
        if good == tenants.len() {
            self.add("keys", State::Ok, format!("the master key fits; {good} tenants with their keys"));
        }
        self.clock(licensing.clock().now(), newest);
    }

    fn clock(&mut self, now: Timestamp, newest: Timestamp) {
        if now < newest {
            let words =
                format!("the clock says {now}, but the database has a record of {newest}: it was set back");
            self.add("clock", State::Fail, words);
        } else {
            self.add("clock", State::Ok, now.to_string());
        }
    }

    fn text(&self) -> String {
        self.0
            .iter()
            .map(|finding| format!("{:4}  {:<13}  {}\n", finding.state.name(), finding.check, finding.words))
            .collect()
    }

    fn json(&self) -> serde_json::Value {
        let check = |finding: &Finding| json!({ "check": finding.check, "state": finding.state.name(), "words": finding.words });
        json!({ "checks": self.0.iter().map(check).collect::<Vec<_>>() })
    }
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_is_noticed() {
        let record = Timestamp::parse("2026-03-01T12:00:00Z").unwrap();
        let mut findings = Findings::default();
        findings.clock(record.plus_seconds(1), record);
        findings.clock(record.plus_seconds(-1), record);
        assert_eq!(findings.0.iter().map(|finding| finding.state.name()).collect::<Vec<_>>(), ["ok", "fail"]);
        assert!(findings.text().contains("fail  clock"));
    }
}
