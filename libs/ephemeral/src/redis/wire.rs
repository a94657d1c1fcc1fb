//! The commands, and what is answered.

use model::TenantId;
use redis::{Cmd, Script, Value};

use super::link::Up;
use crate::{
    Answer, Ask, Found, Limit, LookUp, Scope, Stamp, Stamps, Standing, Touched, gcra::Bucket, limits::short,
};

/// The most variants of a license that are kept.
const MOST_VARIANTS: &str = "64";

/// From so many licenses on it is said that all of the tenant were touched.
const MANY: usize = 1_000;

/// What all commands have in common.
pub(crate) struct Wire {
    prefix: Vec<u8>,
    ask: (Script, &'static str),
    keep: (Script, &'static str),
}

/// How a script is named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// By its hash: Redis has to know it.
    Hash,
    /// By its text.
    Text,
}

impl Wire {
    pub(crate) fn new(prefix: &str) -> Self {
        let script = |text: &'static str| (Script::new(text), text);
        Self {
            prefix: prefix.as_bytes().to_vec(),
            ask: script(include_str!("ask.lua")),
            keep: script(include_str!("keep.lua")),
        }
    }

    /// Makes the scripts known.
    pub(crate) fn load(&self) -> Vec<Cmd> {
        let load = |(_, text): &(Script, &'static str)| {
            let mut command = redis::cmd("SCRIPT");
            command.arg("LOAD").arg(text);
            command
        };
        vec![load(&self.ask), load(&self.keep)]
    }

    /// A write that only fails when others would.
    pub(crate) fn probe(&self) -> Cmd {
        let mut command = redis::cmd("SET");
        command.arg([&self.prefix, &b":probe"[..]].concat()).arg("").arg("PX").arg("1000");
        command
    }

    /// `unique` is what no other ask has.
    pub(crate) fn ask(&self, up: &Up, ask: &Ask<'_>, now: Option<u64>, unique: [u8; 11], by: By) -> Cmd {
        let many = ask.limits.len();
        let keys = 1 + usize::from(ask.license.is_some()) + many;
        let mut command = start(&self.ask, by, 7 + keys, 400 + keys * (self.prefix.len() + 80));
        command.arg(keys);
        let mut key = self.key_of(ask.tenant);
        let stem = key.len();
        stamp_of_tenant(&mut key, up);
        command.arg(key.as_slice());
        if let Some(look_up) = &ask.license {
            key.truncate(stem);
            license(&mut key, up, look_up.key_hash);
            command.arg(key.as_slice());
        }
        // The script reads the number of limits from a byte.
        let mut request = Vec::with_capacity(10 + many * 13);
        #[expect(clippy::cast_precision_loss, reason = "microseconds and periods are below 2^53")]
        {
            request.extend_from_slice(&(now.unwrap_or_default() as f64).to_le_bytes());
            request.push(ask.license.is_some().into());
            request.push(u8::try_from(many).unwrap_or(u8::MAX));
            for limit in ask.limits {
                let bucket = Bucket::of(limit.quota);
                request.extend_from_slice(&(bucket.period as f64).to_le_bytes());
                request.extend_from_slice(&bucket.count.to_le_bytes());
                request.push(flags(limit));
                key.truncate(stem);
                limit_of(&mut key, limit);
                command.arg(key.as_slice());
            }
        }
        command.arg(request.as_slice()).arg(&unique[..]);
        if let Some(LookUp { variant, held, .. }) = &ask.license {
            command.arg(&variant[..]);
            match held {
                Some(Stamps { tenant, license }) => {
                    let mut stamps = [0; 32];
                    let (first, second) = stamps.split_at_mut(16);
                    first.copy_from_slice(&tenant.0);
                    second.copy_from_slice(&license.0);
                    command.arg(&stamps[..]);
                }
                None => {
                    command.arg("");
                }
            }
        }
        command
    }

    pub(crate) fn keep(
        &self,
        up: &Up,
        tenant: TenantId,
        look_up: &LookUp<'_>,
        stamps: Stamps,
        value: &[u8],
    ) -> Cmd {
        let mut command = start(&self.keep, By::Hash, 8, 300 + value.len());
        let mut key = self.key_of(tenant);
        license(&mut key, up, look_up.key_hash);
        command.arg(1).arg(key.as_slice()).arg(&stamps.license.0[..]).arg(&look_up.variant[..]);
        command.arg([&stamps.tenant.0[..], value].concat()).arg(MOST_VARIANTS);
        command
    }

    pub(crate) fn forget(&self, up: &Up, tenant: TenantId, touched: &Touched) -> Cmd {
        let mut command = redis::cmd("DEL");
        let mut key = self.key_of(tenant);
        let stem = key.len();
        match touched {
            Touched::Licenses(hashes) if hashes.len() < MANY => {
                for hash in hashes {
                    key.truncate(stem);
                    license(&mut key, up, hash);
                    command.arg(key.as_slice());
                }
            }
            // What is deleted is made anew by the next who asks. To set a stamp here would be wrong: a command that is
            // sent again after its answer was lost could bring back a stamp that was replaced meanwhile.
            Touched::Tenant | Touched::Licenses(_) => {
                stamp_of_tenant(&mut key, up);
                command.arg(key.as_slice());
            }
        }
        command
    }

    /// All keys of a tenant are in the slot that the braces name.
    fn key_of(&self, tenant: TenantId) -> Vec<u8> {
        let mut key = Vec::with_capacity(self.prefix.len() + 90);
        key.extend_from_slice(&self.prefix);
        key.extend_from_slice(b":{");
        let mut text = [0; 36];
        key.extend_from_slice(tenant.uuid().hyphenated().encode_lower(&mut text).as_bytes());
        key.extend_from_slice(b"}:");
        key
    }
}

fn start((script, text): &(Script, &'static str), by: By, arguments: usize, size: usize) -> Cmd {
    let mut command = Cmd::with_capacity(arguments, size);
    match by {
        By::Hash => command.arg("EVALSHA").arg(script.get_hash()),
        By::Text => command.arg("EVAL").arg(text),
    };
    command
}

fn stamp_of_tenant(key: &mut Vec<u8>, up: &Up) {
    key.extend_from_slice(b"stamp:");
    key.extend_from_slice(&up.epoch);
}

fn license(key: &mut Vec<u8>, up: &Up, hash: &[u8; 32]) {
    key.extend_from_slice(b"license:");
    key.extend_from_slice(&up.epoch);
    key.push(b':');
    key.extend_from_slice(hash);
}

fn limit_of(key: &mut Vec<u8>, limit: &Limit<'_>) {
    key.extend_from_slice(limit.scope.name().as_bytes());
    if !limit.of.is_empty() {
        key.push(b':');
        key.extend_from_slice(&short(limit.of));
    }
}

fn flags(limit: &Limit<'_>) -> u8 {
    u8::from(limit.take)
        + match limit.scope {
            Scope::WrongKeysOfAddress => 2,
            Scope::WrongKeysOfTenant => 4,
            Scope::Address | Scope::LicenseKey | Scope::ApiKey | Scope::Tenant => 0,
        }
}

/// Reads the answer to an ask with so many limits.
pub(crate) fn answer(value: Value, limits: usize) -> Option<Answer> {
    let Value::BulkString(bytes) = value else { return None };
    let (standings, rest) = bytes.split_at_checked(limits.checked_mul(12)?)?;
    let number = |bytes: &[u8]| bytes.try_into().ok().map(u32::from_le_bytes);
    let standing = |bytes: &[u8]| {
        let (left, rest) = bytes.split_at_checked(4)?;
        let (full_after, retry_after) = rest.split_at_checked(4)?;
        Some(Standing {
            left: number(left)?,
            full_after: number(full_after)?,
            retry_after: number(retry_after).filter(|seconds| *seconds > 0),
        })
    };
    let limits = standings.chunks_exact(12).map(standing).collect::<Option<_>>()?;
    let (tenant, rest) = rest.split_first_chunk()?;
    let tenant = Stamp(*tenant);
    let (kind, rest) = rest.split_first()?;
    let license = match (kind, rest.split_first_chunk()) {
        (0, _) => Found::Unknown,
        (1, Some((license, _))) => Found::Missing(Stamps { tenant, license: Stamp(*license) }),
        (2, _) => Found::Current,
        (3, Some((license, kept))) => Found::Kept(Stamps { tenant, license: Stamp(*license) }, kept.to_vec()),
        _ => return None,
    };
    Some(Answer { limits, tenant: Some(tenant), license })
}
