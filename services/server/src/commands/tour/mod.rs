//! `leasehold tour`.

mod app;
mod server;
mod stage;
mod story;

use clap::Args;

use super::block_on_threads;
use crate::fault::Result;
use server::Server;
use stage::Stage;

/// Run through the whole story, step by step, against a server of its own.
///
/// A vendor sells a license; an app activates it on a machine, is given a signed lease, and verifies that lease with no
/// server running; seats run out and are freed; the license is suspended, reinstated and revoked. Every request, answer
/// and verification is shown. Everything lives in a temporary folder and is gone afterwards.
#[derive(Args, Debug)]
#[command(after_help = "Exit codes: 0 every step passed · 1 a step failed.")]
pub(crate) struct Tour {}

impl Tour {
    pub(super) fn run(self) -> Result<()> {
        block_on_threads(async {
            let mut stage = Stage::new(story::STEPS);
            let mut server = Server::start().await?;
            let told = story::tell(&mut stage, &mut server).await;
            let stopped = server.stop().await;
            stage.end(&told)?;
            stopped
        })
    }
}
