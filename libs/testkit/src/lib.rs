//! Fixtures for tests: fresh databases of both kinds, and a world with vendors in it.
//!
//! A dev-dependency only. Everything panics with a clear message when it cannot be set up: a test that could
//! not run must fail.

#![expect(clippy::panic, clippy::expect_used, reason = "a fixture that cannot be set up fails the test")]

mod database;
mod raw;
mod redis;
mod world;

pub use self::redis::{RawRedis, connected, redis};
pub use database::{Database, server};
pub use raw::{Raw, hex};
pub use world::{NOW, Shop, World, call, fingerprint};

/// Runs an async test once on each database: `on_both! { async fn name(database: Database) { … } }` becomes the
/// tests `name::postgres` and `name::sqlite`.
#[macro_export]
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($database:ident: Database) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "a test may need nothing of its file")]
            use super::*;

            async fn run($database: $crate::Database) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                run($crate::Database::postgres().await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                run($crate::Database::sqlite().await).await;
            }
        }
    )+};
}
