//! The commands.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use model::TenantId;
use redis::{Cmd, Script};

use super::{
    batch::{Batch, LimitName, Other, name_of_license},
    grants::MARKED,
    link::Up,
};
use crate::{LookUp, Stamps, Touched};

/// The most variants of a license that are kept.
const MOST_VARIANTS: &str = "64";

/// From so many licenses on it is said that all of the tenant were touched.
const MANY: usize = 1_000;

/// What all commands have in common.
pub(crate) struct Wire {
    prefix: Vec<u8>,
    ask: (Script, &'static str),
    keep: (Script, &'static str),
    forget: (Script, &'static str),
    /// How many milliseconds marks last.
    marked: Vec<u8>,
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
            forget: script(include_str!("forget.lua")),
            marked: MARKED.as_millis().to_string().into_bytes(),
        }
    }

    /// Makes the scripts known.
    pub(crate) fn load(&self) -> Vec<Cmd> {
        let load = |(_, text): &(Script, &'static str)| {
            let mut command = redis::cmd("SCRIPT");
            command.arg("LOAD").arg(text);
            command
        };
        [&self.ask, &self.keep, &self.forget].map(load).into()
    }

    /// A write that only fails when others would.
    pub(crate) fn probe(&self) -> Cmd {
        let mut command = redis::cmd("SET");
        command.arg([&self.prefix, &b":probe"[..]].concat()).arg("").arg("PX").arg("1000");
        command
    }

    /// `request` is that of the batch, `unique` what no other command has.
    pub(super) fn ask(
        &self,
        up: &Up,
        tenant: TenantId,
        batch: &Batch,
        request: &[u8],
        unique: [u8; 11],
        by: By,
    ) -> Cmd {
        let goes_ahead = batch.goes_ahead();
        let keys = 1
            + batch.limits().len()
            + batch.licenses().len()
            + batch.others().len()
            + usize::from(goes_ahead);
        let size = 100 + keys * (self.prefix.len() + 65) + request.len();
        let mut command = start(&self.ask, by, 6 + keys, size);
        command.arg(keys);
        let mut key = self.key_of(tenant);
        let stem = key.len();
        stamp_of_tenant(&mut key, up);
        command.arg(key.as_slice());
        for name in batch.limits() {
            key.truncate(stem);
            limit(&mut key, name);
            command.arg(key.as_slice());
        }
        let stamps = batch.licenses().iter().map(|name| (Part::Stamp, name));
        let others = batch.others().iter().map(|other| match other {
            Other::Kept(name) => (Part::Kept, name),
            Other::Mark(name) => (Part::Mark, name),
        });
        for (part, name) in stamps.chain(others) {
            key.truncate(stem);
            license(&mut key, up, part, name);
            command.arg(key.as_slice());
        }
        if goes_ahead {
            key.truncate(stem);
            mark_of_tenant(&mut key, up);
            command.arg(key.as_slice());
        }
        command.arg(request).arg(&unique[..]).arg(&self.marked);
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
        let stem = key.len();
        command.arg(2);
        for part in [Part::Stamp, Part::Kept] {
            key.truncate(stem);
            license(&mut key, up, part, &name_of_license(look_up.key_hash));
            command.arg(key.as_slice());
        }
        command.arg(&stamps.license.0[..]).arg(&look_up.variant[..]);
        command.arg([&stamps.tenant.0, &stamps.license.0, value].concat()).arg(MOST_VARIANTS);
        command
    }

    pub(crate) fn forget(&self, up: &Up, tenant: TenantId, touched: &Touched, by: By) -> Cmd {
        let of_tenant: [fn(&mut Vec<u8>, &Up); 2] = [mark_of_tenant, stamp_of_tenant];
        let hashes = match touched {
            Touched::Licenses(hashes) if hashes.len() < MANY => hashes.as_slice(),
            Touched::Tenant | Touched::Licenses(_) => &[],
        };
        let (marks, keys) = if hashes.is_empty() { (1, 2) } else { (hashes.len(), 3 * hashes.len()) };
        let mut command = start(&self.forget, by, 4 + keys, 100 + keys * (self.prefix.len() + 65));
        command.arg(keys);
        let mut key = self.key_of(tenant);
        let stem = key.len();
        if hashes.is_empty() {
            for name in of_tenant {
                key.truncate(stem);
                name(&mut key, up);
                command.arg(key.as_slice());
            }
        }
        for (part, hash) in [Part::Mark, Part::Stamp, Part::Kept]
            .into_iter()
            .flat_map(|part| hashes.iter().map(move |hash| (part, hash)))
        {
            key.truncate(stem);
            license(&mut key, up, part, &name_of_license(hash));
            command.arg(key.as_slice());
        }
        command.arg(marks);
        command
    }

    /// All keys of a tenant are in the slot that the braces name.
    fn key_of(&self, tenant: TenantId) -> Vec<u8> {
        let mut key = Vec::with_capacity(self.prefix.len() + 65);
        key.extend_from_slice(&self.prefix);
        key.extend_from_slice(b":{");
        // Redis reads keys byte by byte, several times in a script.
        key.extend_from_slice(URL_SAFE_NO_PAD.encode(tenant.uuid()).as_bytes());
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
    key.extend_from_slice(&up.epoch());
}

fn mark_of_tenant(key: &mut Vec<u8>, up: &Up) {
    key.extend_from_slice(b"relied:");
    key.extend_from_slice(&up.epoch());
}

/// What there is of a license.
#[derive(Clone, Copy)]
enum Part {
    Stamp,
    Kept,
    Mark,
}

fn license(key: &mut Vec<u8>, up: &Up, part: Part, name: &[u8; 16]) {
    key.extend_from_slice(match part {
        Part::Stamp => b"license:",
        Part::Kept => b"kept:",
        Part::Mark => b"relied:",
    });
    key.extend_from_slice(&up.epoch());
    key.push(b':');
    key.extend_from_slice(name);
}

fn limit(key: &mut Vec<u8>, name: &LimitName) {
    key.extend_from_slice(name.scope.name().as_bytes());
    if let Some(of) = &name.of {
        key.push(b':');
        key.extend_from_slice(of);
    }
}
