//! The Redis that servers share.

use std::path::Path;

use ephemeral::RedisConfig;
use secrecy::SecretString;

use super::{Database, Layers, Setting};
use crate::fault::{Fault, Result};

const DEFAULT_PREFIX: &str = "leasehold";

/// Reads the settings of Redis; none when there is no URL.
///
/// # Errors
/// A sentence that names the setting and where it was set; never the URL, which may hold a password.
pub(super) fn read(layers: &Layers, database: &Database) -> Result<Option<RedisConfig>> {
    let Some(url) = layers.pick("redis_url", None) else {
        return Ok(None);
    };
    if matches!(database, Database::Embedded { .. }) {
        return Err(Fault::usage(format_args!(
            "{} names a Redis, but an embedded database has one server, which needs none: leave it out, or set \
             LEASEHOLD_DATABASE_URL too",
            url.source
        )));
    }
    let urls: Vec<SecretString> =
        url.value.split(',').map(|url| SecretString::from(url.trim().to_owned())).collect();
    let cluster = match layers.pick("redis_cluster", None) {
        None => urls.len() > 1,
        Some(setting) => setting.parse("on or off", on_or_off)?,
    };
    if urls.len() > 1 && !cluster {
        return Err(Fault::usage(format_args!("{} has several URLs, which only a cluster has", url.source)));
    }
    let prefix = layers.pick("redis_prefix", None).map_or_else(
        || Ok(DEFAULT_PREFIX.to_owned()),
        |setting| setting.parse("1 to 64 letters, digits, dots, hyphens, underscores or colons", prefix),
    )?;
    let ca_pem = layers.pick("redis_ca_file", None).map(|setting| read_file(&setting)).transpose()?;
    Ok(Some(RedisConfig { urls, cluster, prefix, ca_pem }))
}

/// Reads a switch.
pub(super) fn on_or_off(text: &str) -> Option<bool> {
    match text {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

fn prefix(text: &str) -> Option<String> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
    ((1..=64).contains(&text.len()) && text.bytes().all(good)).then(|| text.to_owned())
}

fn read_file(setting: &Setting) -> Result<Vec<u8>> {
    std::fs::read(Path::new(&setting.value)).map_err(|error| {
        Fault::usage(format_args!("cannot read the file that {} names: {error}", setting.source))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_hold_nothing_that_redis_or_people_take_for_something_else() {
        assert_eq!(prefix("prod.leasehold:1").as_deref(), Some("prod.leasehold:1"));
        for bad in ["", "a b", "a{b}", "ä", &"x".repeat(65)] {
            assert_eq!(prefix(bad), None, "{bad}");
        }
    }
}
