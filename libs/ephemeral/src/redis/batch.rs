//! Asks of one tenant that share a command.

use std::collections::HashMap;

use model::Quota;
use redis::Value;

use super::grants::{Outlook, room};
use crate::{
    Answer, Ask, Found, Limit, Scope, Stamp, Stamps,
    gcra::{Bucket, Rule, decide},
    limits::short,
};

/// The most asks that share a command: what else is asked of Redis waits for it meanwhile.
pub(super) const MOST_ASKS: usize = 64;

/// The most limits in a command, and the most that one ask may have: the script reads numbers of them from single bytes.
pub(super) const MOST_LIMITS: usize = 255;

impl Stamps {
    /// What is known of a license that has the same stamp still, while the tenant has this one.
    fn still(self, tenant: Stamp) -> Found {
        if self.tenant == tenant { Found::Current } else { Found::Missing(Self { tenant, ..self }) }
    }
}

/// An ask that may outlive its asker.
pub(super) struct Asked {
    limits: Vec<Counted>,
    license: Option<Wanted>,
    /// How many are to be granted ahead.
    ahead: u16,
    /// Whether nothing else is: it is nobody's request.
    beside: bool,
}

/// What an ask is answered.
pub(super) struct Answered {
    pub(super) answer: Answer,
    pub(super) outlook: Outlook,
}

/// A limit of an ask.
#[derive(Clone, Copy)]
struct Counted {
    name: LimitName,
    quota: Quota,
    take: bool,
}

/// Names a limit of the tenant.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct LimitName {
    pub(super) scope: Scope,
    /// Nothing for the tenant.
    pub(super) of: Option<[u8; 16]>,
}

/// A look-up of a license.
#[derive(Clone, Copy)]
struct Wanted {
    license: [u8; 16],
    variant: [u8; 32],
    held: Option<Stamps>,
}

/// What is done to a limit.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Kind {
    quota: Quota,
    flags: u8,
}

/// How the asks of a command use a limit.
#[derive(Clone, Copy)]
struct Use {
    /// The number of its rule; 0 when not all of them have the same.
    rule: u8,
    /// How many they take, with what they ask for ahead.
    takes: u16,
}

/// What is wanted of a license.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LookedUp {
    /// Whether its stamp is still this one; and by its number from 1 on what marks that it is relied on, or 0.
    Same(Stamp, u8),
    /// What is kept of it, by its number from 1 on, under this variant.
    Kept(u8, [u8; 32]),
}

/// What else there is of a license.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Other {
    /// What is kept of it.
    Kept([u8; 16]),
    /// What marks that somebody relies on it.
    Mark([u8; 16]),
}

/// What a command asks: everything once, however many of the asks are about it.
pub(super) struct Batch {
    asks: Vec<Asked>,
    rules: Vec<Kind>,
    limits: Vec<LimitName>,
    /// How the asks use each limit.
    uses: Vec<Use>,
    licenses: Vec<[u8; 16]>,
    others: Vec<Other>,
    /// Of each the number of the license, from 1 on.
    look_ups: Vec<(u8, LookedUp)>,
    /// Of each ask how many limits it has, and its look-up by its number from 1 on; of each limit its rule and its name,
    /// by their numbers from 1 on.
    numbers: Vec<u8>,
    /// How many of the asks are requests, which come first, and how many of the numbers are theirs.
    requests: (usize, usize),
}

impl Asked {
    /// To be answered, and granted so many ahead as well.
    pub(super) fn new(ask: &Ask<'_>, ahead: u16) -> Self {
        let counted = |limit: &Limit<'_>| {
            let of = (!limit.of.is_empty()).then(|| short(limit.of));
            Counted { name: LimitName { scope: limit.scope, of }, quota: limit.quota, take: limit.take }
        };
        let license = ask.license.map(|look_up| Wanted {
            license: name_of_license(look_up.key_hash),
            variant: *look_up.variant,
            held: look_up.held,
        });
        Self { limits: ask.limits.iter().map(counted).collect(), license, ahead, beside: false }
    }

    /// To be granted so many ahead, and nothing if that cannot be.
    pub(super) fn beside(ask: &Ask<'_>, ahead: u16) -> Self {
        Self { beside: true, ..Self::new(ask, ahead) }
    }

    /// How many are taken of its limits, if all is granted.
    const fn takes(&self) -> u16 {
        if self.beside { self.ahead } else { 1 + self.ahead }
    }

    /// How many limits it has.
    pub(super) fn many(&self) -> usize {
        self.limits.len()
    }
}

impl Counted {
    const fn rule(&self) -> Rule {
        Rule { scope: self.name.scope, quota: self.quota, take: self.take }
    }

    fn kind(&self) -> Kind {
        let scope = match self.name.scope {
            Scope::WrongKeysOfAddress => 2,
            Scope::WrongKeysOfTenant => 4,
            Scope::Address | Scope::LicenseKey | Scope::ApiKey | Scope::Tenant => 0,
        };
        Kind { quota: self.quota, flags: u8::from(self.take) + scope }
    }
}

/// Names a license of the tenant: half of the keyed hash of its key, which nobody can choose.
pub(super) const fn name_of_license(
    [name @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _]: &[u8; 32],
) -> [u8; 16] {
    *name
}

/// The number, from 1 on, of what is in a list, where it is put if it is not there yet.
fn number<T: PartialEq>(list: &mut Vec<T>, item: T) -> Option<u8> {
    let at = list.iter().position(|there| *there == item).unwrap_or(list.len());
    if at == list.len() {
        list.push(item);
    }
    u8::try_from(at + 1).ok()
}

impl Batch {
    /// Nothing when there are more than fit in a command. Asks that are nobody's request are the last.
    pub(super) fn new(asks: Vec<Asked>) -> Option<Self> {
        let many = asks.iter().map(Asked::many).sum();
        if asks.len() > MOST_ASKS || many > MOST_LIMITS {
            return None;
        }
        let mut batch = Self {
            rules: Vec::with_capacity(8),
            limits: Vec::with_capacity(many),
            uses: Vec::with_capacity(many),
            licenses: Vec::with_capacity(asks.len()),
            others: Vec::new(),
            look_ups: Vec::with_capacity(asks.len()),
            numbers: Vec::with_capacity(2 * (asks.len() + many)),
            requests: (0, 0),
            asks: Vec::new(),
        };
        let mut names = HashMap::with_capacity(many);
        for ask in &asks {
            batch.numbers.push(u8::try_from(ask.many()).ok()?);
            let look_up = match ask.license {
                None => 0,
                Some(wanted) => {
                    let license = number(&mut batch.licenses, wanted.license)?;
                    let other = match wanted.held {
                        Some(_) if ask.ahead == 0 => 0,
                        Some(_) => number(&mut batch.others, Other::Mark(wanted.license))?,
                        None => number(&mut batch.others, Other::Kept(wanted.license))?,
                    };
                    let looked_up = match wanted.held {
                        Some(held) => LookedUp::Same(held.license, other),
                        None => LookedUp::Kept(other, wanted.variant),
                    };
                    number(&mut batch.look_ups, (license, looked_up))?
                }
            };
            batch.numbers.push(look_up);
            for limit in &ask.limits {
                let rule = number(&mut batch.rules, limit.kind())?;
                let next = batch.limits.len() + 1;
                let name = *names.entry(limit.name).or_insert(next);
                if name == next {
                    batch.limits.push(limit.name);
                    batch.uses.push(Use { rule, takes: 0 });
                }
                let of_limit = batch.uses.get_mut(name - 1)?;
                of_limit.takes += if limit.take { ask.takes() } else { 0 };
                if of_limit.rule != rule {
                    of_limit.rule = 0;
                }
                batch.numbers.extend([rule, u8::try_from(name).ok()?]);
            }
            if !ask.beside {
                batch.requests = (batch.requests.0 + 1, batch.numbers.len());
            }
        }
        batch.asks = asks;
        Some(batch)
    }

    /// The limits, in the order of their numbers.
    pub(super) fn limits(&self) -> &[LimitName] {
        &self.limits
    }

    /// The licenses, in the order of their numbers.
    pub(super) fn licenses(&self) -> &[[u8; 16]] {
        &self.licenses
    }

    /// What else there is of licenses, in the order of their numbers.
    pub(super) fn others(&self) -> &[Other] {
        &self.others
    }

    /// Whether anything is to be granted ahead.
    pub(super) fn goes_ahead(&self) -> bool {
        self.others.iter().any(|other| matches!(other, Other::Mark(_)))
    }

    /// What the script reads, as it says.
    pub(super) fn request(&self, now: Option<u64>) -> Option<Vec<u8>> {
        let size =
            13 + self.rules.len() * 13 + self.uses.len() * 3 + self.look_ups.len() * 34 + self.numbers.len();
        let mut request = Vec::with_capacity(size);
        #[expect(clippy::cast_precision_loss, reason = "microseconds are below 2^53")]
        request.extend_from_slice(&(now.unwrap_or_default() as f64).to_le_bytes());
        let (rules, limits, licenses) = (self.rules.len(), self.limits.len(), self.licenses.len());
        let (requests, numbers) = self.requests;
        for many in [rules, limits, licenses, self.look_ups.len(), requests] {
            request.push(u8::try_from(many).ok()?);
        }
        for kind in &self.rules {
            let bucket = Bucket::of(kind.quota);
            #[expect(clippy::cast_precision_loss, reason = "periods are below 2^53")]
            request.extend_from_slice(&(bucket.period as f64).to_le_bytes());
            request.extend_from_slice(&bucket.count.to_le_bytes());
            request.push(kind.flags);
        }
        for Use { rule, takes } in &self.uses {
            request.push(*rule);
            request.extend_from_slice(&takes.to_le_bytes());
        }
        for (license, looked_up) in &self.look_ups {
            request.push(*license);
            match looked_up {
                LookedUp::Same(Stamp(held), mark) => {
                    request.push(0);
                    request.extend_from_slice(held);
                    request.push(*mark);
                }
                LookedUp::Kept(kept, variant) => {
                    request.push(*kept);
                    request.extend_from_slice(variant);
                }
            }
        }
        request.extend_from_slice(self.numbers.get(..numbers)?);
        Some(request)
    }

    /// Reads the answers, in the order of the asks: of all, or of the requests where the limits have not enough for all.
    /// Nothing when they are not what the script answers.
    pub(super) fn answers(&self, value: &Value) -> Option<Vec<Answered>> {
        let Value::BulkString(bytes) = value else { return None };
        let (now, rest) = bytes.split_first_chunk()?;
        let (enough, rest) = rest.split_first()?;
        let enough = *enough == 1;
        let (tenant, rest) = rest.split_first_chunk()?;
        let (now, tenant) = (1_000 * microseconds(*now), Stamp(*tenant));
        let (limits, rest) = rest.split_at_checked(10 * self.limits.len())?;
        let full = |bytes: &[u8]| {
            let (us, ns) = bytes.split_first_chunk()?;
            Some(1_000 * microseconds(*us) + u64::from(u16::from_le_bytes(ns.try_into().ok()?)))
        };
        let mut full = limits.chunks_exact(10).map(full).collect::<Option<Vec<_>>>()?;
        let found = self.found(rest, tenant)?;

        let mut numbers = self.numbers.iter().map(|number| usize::from(*number));
        let mut answers = Vec::with_capacity(self.asks.len());
        let (mut names, mut debts) = (Vec::new(), Vec::new());
        for ask in self.asks.iter().take(if enough { self.asks.len() } else { self.requests.0 }) {
            let (many, look_up) = (numbers.next()?, numbers.next()?);
            names.clear();
            debts.clear();
            for limit in &ask.limits {
                let (_, name) = (numbers.next()?, numbers.next()?);
                names.push(name);
                debts.push(Bucket::of(limit.quota).debt(*full.get(name.checked_sub(1)?)?, now));
            }
            debug_assert_eq!(many, names.len(), "each ask has its own numbers");
            let before = debts.clone();
            let limits = decide(ask.limits.iter().map(Counted::rule), &mut debts);
            let ahead = enough && ask.ahead > 0;
            for ((name, limit), (debt, before)) in
                names.iter().zip(&ask.limits).zip(debts.iter().zip(&before))
            {
                if debt != before {
                    let takes = if ahead { ask.takes() } else { 1 };
                    let debt = before + Bucket::of(limit.quota).period * u64::from(takes);
                    *full.get_mut(name.checked_sub(1)?)? = now + debt;
                }
            }
            let allowed = limits.iter().all(|standing| standing.retry_after.is_none());
            let license = match look_up.checked_sub(1).filter(|_| allowed) {
                None => Found::Unknown,
                Some(look_up) => match found.get(look_up)? {
                    // The script has let in whom this lets in.
                    Found::Unknown => return None,
                    Found::Current => ask.license?.held?.still(tenant),
                    found => found.clone(),
                },
            };
            let answer = Answer { limits, tenant: Some(tenant), license };
            let outlook = Outlook {
                is_current: answer.license == Found::Current,
                room: room(ask.limits.iter().map(|limit| (limit.name.scope, limit.take)), &answer),
                taken: ahead.then(|| if ask.beside { before } else { debts.clone() }),
            };
            answers.push(Answered { answer, outlook });
        }
        Some(answers)
    }

    /// What is known of the licenses, by look-up; current where the stamp of the license is the one that is held.
    fn found(&self, mut bytes: &[u8], tenant: Stamp) -> Option<Vec<Found>> {
        let mut all = Vec::with_capacity(self.look_ups.len());
        for _ in &self.look_ups {
            let (kind, rest) = bytes.split_first()?;
            bytes = rest;
            let mut stamps = || {
                let (license, rest) = bytes.split_first_chunk()?;
                bytes = rest;
                Some(Stamps { tenant, license: Stamp(*license) })
            };
            all.push(match kind {
                0 => Found::Unknown,
                1 => Found::Missing(stamps()?),
                2 => Found::Current,
                3 => {
                    let stamps = stamps()?;
                    let (length, rest) = bytes.split_first_chunk()?;
                    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
                    let (value, rest) = rest.split_at_checked(length)?;
                    bytes = rest;
                    Found::Kept(stamps, value.to_vec())
                }
                _ => return None,
            });
        }
        bytes.is_empty().then_some(all)
    }
}

/// A time as scripts write it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is whole, and below 2^53")]
const fn microseconds(bytes: [u8; 8]) -> u64 {
    f64::from_le_bytes(bytes) as u64
}
