//! The face for many servers, which share a Redis.
//!
//! Keys of a tenant are `PREFIX:{TENANT}:…`: the braces keep all of them in one slot of a cluster. Below that:
//! `l:SCOPE:DIGEST` is a bucket, `t` the stamp of the tenant, and `k:HASH` all that is known of a license: field `g` is
//! its stamp, the others what was loaded. Nobody's address or key is in a key, and what was loaded is sealed by whoever
//! keeps it.

mod breaker;
mod connect;
mod keeper;
mod meters;
mod script;

use std::{sync::Arc, time::Instant};

use model::TenantId;
use redis::{RedisError, Value, aio::ConnectionLike as _};
use tokio::task::JoinHandle;

pub use breaker::Health;
pub use connect::{BadConfig, RedisConfig};

use self::{
    breaker::{Breaker, reason},
    connect::{Link, Target},
    keeper::{Keeper, Kept},
    meters::{Meters, Operation},
    script::{Arguments, Script},
};
use crate::{
    Answer, Ask, Found, LIFETIME_SECONDS, Limit, LookUp, NotTold, Scope, Stamp, Stamps, Standing, Touched,
    stamps::Stamper,
};

/// How long the stamp of a tenant lives. One that is lost is made anew, at the price of loading what is asked for.
const TENANT_SECONDS: u64 = 86_400;

pub(crate) struct Shared {
    prefix: String,
    stamper: Stamper,
    ask: Script,
    breaker: Arc<Breaker>,
    meters: Arc<Meters>,
    keeper: Keeper,
    connecting: JoinHandle<()>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.connecting.abort();
    }
}

impl Shared {
    /// Begins to connect, in a task of its own.
    pub(crate) fn new(config: RedisConfig, instance: u64) -> Result<Self, BadConfig> {
        let target = Target::new(&config)?;
        let breaker = Arc::new(Breaker::new());
        let meters = Arc::new(Meters::new(&breaker));
        let probe_key = format!("{}:probe", config.prefix);
        Ok(Self {
            prefix: config.prefix,
            stamper: Stamper::new(instance),
            ask: Script::new(include_str!("ask.lua")),
            keeper: Keeper::start(Arc::clone(&breaker), Arc::clone(&meters)),
            meters,
            connecting: tokio::spawn(Arc::clone(&breaker).keep_connected(target, probe_key)),
            breaker,
        })
    }

    pub(crate) fn health(&self) -> Health {
        self.breaker.health()
    }

    pub(crate) fn interruptions(&self) -> u64 {
        self.breaker.interruptions()
    }

    /// Nothing when Redis does not answer.
    pub(crate) async fn ask(&self, ask: &Ask<'_>) -> Option<Answer> {
        let (number, mut link) = self.breaker.link()?;
        let started = Instant::now();
        let answered = self.ask_over(&mut link, ask).await;
        self.note(Operation::Ask, number, started, answered.as_ref().err());
        answered.ok()
    }

    fn note(&self, operation: Operation, number: u64, started: Instant, error: Option<&RedisError>) {
        match error {
            None => self.breaker.succeeded(),
            Some(error) => self.breaker.failed(number, error),
        }
        self.meters.answered(operation, started, error.map(reason));
    }

    async fn ask_over(&self, link: &mut Link, ask: &Ask<'_>) -> Result<Answer, RedisError> {
        let base = self.base(ask.tenant);
        let mut keys: Vec<String> = ask
            .limits
            .iter()
            .map(|limit| format!("{base}l:{}:{}", limit.scope.name(), hex(&crate::digest(limit.of))))
            .collect();
        keys.push(format!("{base}t"));
        if let Some(look_up) = ask.license {
            keys.push(license_key(&base, look_up.key_hash));
        }
        let numbers: Vec<[String; 2]> = ask
            .limits
            .iter()
            .map(|limit| [limit.quota.count().to_string(), limit.quota.seconds().to_string()])
            .collect();
        let (count, tenant_seconds, lifetime) =
            (ask.limits.len().to_string(), TENANT_SECONDS.to_string(), LIFETIME_SECONDS.to_string());
        let fresh = [self.stamper.next().bytes(), self.stamper.next().bytes()];
        let [fresh_tenant, fresh_license] = &fresh;
        let mut values: Vec<&[u8]> = Vec::with_capacity(8 + 3 * numbers.len());
        values.extend([count.as_bytes(), tenant_seconds.as_bytes(), lifetime.as_bytes()]);
        values.extend([fresh_tenant.as_slice(), fresh_license.as_slice()]);
        for (limit, [count, seconds]) in ask.limits.iter().zip(&numbers) {
            values.extend([count.as_bytes(), seconds.as_bytes(), act(limit).as_bytes()]);
        }
        let held = ask
            .license
            .and_then(|look_up| look_up.held)
            .map(|held| (held.tenant.bytes(), held.license.bytes()));
        if let Some(look_up) = &ask.license {
            values.push(look_up.variant);
            let (tenant, license): (&[u8], &[u8]) = match &held {
                Some((tenant, license)) => (tenant, license),
                None => (&[], &[]),
            };
            values.extend([tenant, license]);
        }
        let keys: Vec<&[u8]> = keys.iter().map(String::as_bytes).collect();
        let answer = self.ask.call(link, &Arguments { keys: &keys, values: &values }).await?;
        read(answer, ask.limits).ok_or_else(|| {
            RedisError::from((redis::ErrorKind::UnexpectedReturnType, "an answer of another shape"))
        })
    }

    pub(crate) fn keep(&self, tenant: TenantId, look_up: LookUp<'_>, stamps: Stamps, value: &[u8]) {
        let key = license_key(&self.base(tenant), look_up.key_hash);
        let value = [stamps.tenant.bytes().as_slice(), value].concat();
        let kept = Kept { key, license: stamps.license, variant: *look_up.variant, value };
        if !self.keeper.keep(kept) {
            self.meters.not_kept();
        }
    }

    pub(crate) async fn forget(&self, tenant: TenantId, touched: &Touched) -> Result<(), NotTold> {
        let (number, mut link) = self.breaker.link().ok_or(NotTold)?;
        let base = self.base(tenant);
        let command = match touched {
            Touched::Tenant => {
                let fresh = self.stamper.next().bytes();
                let mut command = redis::cmd("SET");
                command.arg(format!("{base}t")).arg(fresh.as_slice()).arg("EX").arg(TENANT_SECONDS);
                command
            }
            Touched::Licenses(hashes) if hashes.is_empty() => return Ok(()),
            Touched::Licenses(hashes) => {
                let mut command = redis::cmd("UNLINK");
                for hash in hashes {
                    command.arg(license_key(&base, hash));
                }
                command
            }
        };
        let started = Instant::now();
        let told = link.req_packed_command(&command).await.and_then(Value::extract_error);
        self.note(Operation::Forget, number, started, told.as_ref().err());
        told.map(drop).map_err(|_| NotTold)
    }

    fn base(&self, tenant: TenantId) -> String {
        format!("{}:{{{}}}:", self.prefix, tenant.uuid().simple())
    }
}

fn license_key(base: &str, key_hash: &[u8; 32]) -> String {
    format!("{base}k:{}", hex(key_hash))
}

fn act(limit: &Limit<'_>) -> &'static str {
    match (limit.take, limit.scope) {
        (true, _) => "take",
        (false, Scope::WrongKeysOfAddress) => "own",
        (false, Scope::WrongKeysOfTenant) => "all",
        (false, _) => "look",
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| DIGITS.get(usize::from(half)).map_or('0', |digit| char::from(*digit));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Reads what the script has answered.
fn read(answer: Value, limits: &[Limit<'_>]) -> Option<Answer> {
    let Value::Array(parts) = answer else { return None };
    let mut parts = parts.into_iter();
    let _allowed = parts.next()?;
    let tenant = stamp(parts.next()?)?;
    let mut standings = Vec::with_capacity(limits.len());
    for _ in limits {
        let (left, full, wait) = (number(&parts.next()?)?, number(&parts.next()?)?, number(&parts.next()?)?);
        standings.push(Standing {
            left: u32::try_from(left).unwrap_or(u32::MAX),
            full_after: seconds(full),
            retry_after: (wait >= 0).then(|| seconds(wait).max(1)),
        });
    }
    let Value::BulkString(word) = parts.next()? else { return None };
    let license = match word.as_slice() {
        b"" => Found::Unknown,
        b"current" => Found::Current,
        b"missing" => Found::Missing(Stamps { tenant, license: stamp(parts.next()?)? }),
        b"kept" => {
            let stamps = Stamps { tenant, license: stamp(parts.next()?)? };
            let Value::BulkString(value) = parts.next()? else { return None };
            Found::Kept(stamps, value)
        }
        _ => return None,
    };
    Some(Answer { limits: standings, tenant: Some(tenant), license })
}

fn stamp(value: Value) -> Option<Stamp> {
    let Value::BulkString(bytes) = value else { return None };
    Stamp::from_bytes(&bytes)
}

fn number(value: &Value) -> Option<i64> {
    let Value::Int(number) = value else { return None };
    Some(*number)
}

/// Whole seconds of microseconds, rounded up.
fn seconds(micros: i64) -> u32 {
    let micros = u64::try_from(micros).unwrap_or(0);
    u32::try_from(micros.div_ceil(1_000_000)).unwrap_or(u32::MAX)
}
