//! `leasehold license create|import|import-mini-key-server|show|suspend|reinstate|revoke`.

mod create;
mod import;
mod import_csv;
mod import_mini_key_server;
mod import_report;
mod mini_key_server_csv;
mod show;
mod state;

use clap::Subcommand;
use model::License;
use serde_json::{Value, json};

use crate::fault::Result;
use licensing::StateChange;

/// Make, import, show and change licenses.
///
/// Commands that work on one license take its ID, which is no secret. A license is also found by its key: with
/// --key-file FILE (or --key-file - for standard input), or as an argument where neither shell history nor process
/// list is a concern.
#[derive(Subcommand, Debug)]
pub(crate) enum Licenses {
    Create(create::Create),
    Import(import::Import),
    ImportMiniKeyServer(import_mini_key_server::ImportMiniKeyServer),
    Show(show::Show),
    /// Refuse a license for now.
    ///
    /// Apps see it at their next check; leases that are out stay verifiable until they end.
    Suspend(state::Change),
    /// Let a suspended license be used again.
    Reinstate(state::Change),
    /// Refuse a license for good.
    ///
    /// Apps see it at their next check; leases that are out stay verifiable until they end. A revoked license stays
    /// revoked.
    Revoke(state::Change),
}

impl Licenses {
    pub(super) fn run(self) -> Result<()> {
        match self {
            Self::Create(command) => command.run(),
            Self::Import(command) => command.run(),
            Self::ImportMiniKeyServer(command) => command.run(),
            Self::Show(command) => command.run(),
            Self::Suspend(command) => command.run(StateChange::Suspend),
            Self::Reinstate(command) => command.run(StateChange::Reinstate),
            Self::Revoke(command) => command.run(StateChange::Revoke),
        }
    }
}

/// What every command shows of a license. Never its key.
fn license_json(license: &License) -> Value {
    let mut value = json!({
        "id": license.id.to_string(),
        "number": license.number,
        "key_hint": license.key_hint,
        "state": license.state.code(),
        "activations_used": license.activations_used,
        "deactivations_used": license.deactivations_used,
        "created_at": license.created_at.to_string(),
        "updated_at": license.updated_at.to_string(),
    });
    if let Some(members) = value.as_object_mut() {
        let times = [("term_started_at", license.term_started_at), ("expires_at", license.expires_at)];
        members.extend(
            times.iter().filter_map(|(name, time)| Some(((*name).to_owned(), (*time)?.to_string().into()))),
        );
    }
    value
}
