//! Whose address a request comes from.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use model::Invalid;
use poem::{
    Addr, Request,
    http::{HeaderMap, HeaderName, header},
};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies that are believed when they say whose request they hand on; none, unless the operator names some.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    /// The rule that [`FromStr`] checks, to complete "must be".
    pub const RULE: &'static str = "IP addresses and networks with commas between them, such as 10.0.0.0/8,2001:db8::1; \
        in networks all bits behind the prefix are 0, and the prefix has at least one";

    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.has(address))
    }
}

impl FromStr for TrustedProxies {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let networks = text.split(',').map(|part| Network::parse(part.trim()));
        networks.collect::<Option<_>>().map(Self).ok_or(Invalid::new(Self::RULE))
    }
}

/// All addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    first: IpAddr,
    prefix: u32,
}

impl Network {
    /// Reads an address or a network.
    fn parse(text: &str) -> Option<Self> {
        let Some((first, prefix)) = text.split_once('/') else {
            let first = text.parse::<IpAddr>().ok()?.to_canonical();
            return Some(Self { first, prefix: width(first) });
        };
        let written: IpAddr = first.parse().ok()?;
        let digits = !prefix.starts_with('0') && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|prefix| digits && *prefix <= width(written))?;
        let first = written.to_canonical();
        // ::ffff:10.0.0.0/104 is 10.0.0.0/8.
        let prefix = u32::checked_sub(prefix, width(written) - width(first)).filter(|prefix| *prefix > 0)?;
        let is_first = bits(first).checked_shl(prefix).unwrap_or(0) == 0;
        is_first.then_some(Self { first, prefix })
    }

    fn has(&self, address: IpAddr) -> bool {
        // The prefix has at least one bit, so that less than all bits are shifted out.
        let differing = (bits(self.first) ^ bits(address)).checked_shr(128 - self.prefix).unwrap_or(0);
        self.first.is_ipv4() == address.is_ipv4() && differing == 0
    }
}

/// How many bits an address has.
const fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The bits of an address, the first of them leftmost.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Finds the address of the caller: that of the peer, unless it is a trusted proxy. Then that of the last hop of which a
/// trusted proxy tells and which is no trusted proxy itself. Where they tell nothing that can be read, that of the
/// last trusted proxy.
pub(crate) fn find(request: &Request, proxies: &TrustedProxies) -> Option<IpAddr> {
    let Addr::SocketAddr(peer) = &request.remote_addr().0 else { return None };
    Some(find_behind(peer.ip().to_canonical(), request.headers(), proxies))
}

fn find_behind(peer: IpAddr, headers: &HeaderMap, proxies: &TrustedProxies) -> IpAddr {
    if !proxies.has(peer) {
        return peer;
    }
    let told_by = |name, read| {
        let hops = hops(headers, name, read);
        (!hops.is_empty()).then(|| last_stranger(peer, &hops, proxies))
    };
    match (told_by(&X_FORWARDED_FOR, x_forwarded_for), told_by(&header::FORWARDED, forwarded)) {
        (None, None) => peer,
        (Some(found), None) | (None, Some(found)) => found,
        // Most proxies write one of the headers and hand on the other as the caller sent it; nothing says which.
        (Some(one), Some(other)) => {
            if one == other {
                one
            } else {
                peer
            }
        }
    }
}

/// The last hop that is not a trusted proxy; the last trusted proxy before a hop that cannot be read, and the first of
/// all, when there is none but trusted ones.
fn last_stranger(peer: IpAddr, hops: &[Option<IpAddr>], proxies: &TrustedProxies) -> IpAddr {
    let mut last = peer;
    for hop in hops.iter().rev() {
        match hop {
            Some(address) if proxies.has(*address) => last = *address,
            Some(address) => return *address,
            None => return last,
        }
    }
    last
}

/// The hops of all lines of a header, the nearest last; `None` for one that cannot be read.
fn hops(
    headers: &HeaderMap,
    name: &HeaderName,
    read: fn(&str) -> Option<Vec<Option<IpAddr>>>,
) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all(name).iter();
    lines.flat_map(|line| line.to_str().ok().and_then(read).unwrap_or_else(|| vec![None])).collect()
}

fn x_forwarded_for(line: &str) -> Option<Vec<Option<IpAddr>>> {
    Some(line.split(',').map(|hop| node(hop.trim())).collect())
}

/// The elements of a line of `Forwarded` (RFC 7239 section 4). `None` where a quoted string does not end: then nothing
/// says where elements begin.
fn forwarded(line: &str) -> Option<Vec<Option<IpAddr>>> {
    let elements = split(line, ',')?;
    Some(elements.into_iter().map(forwarded_for).collect())
}

/// The one `for` of an element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in split(element, ';')? {
        let (name, value) = pair.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("for") && found.replace(value.trim()).is_some() {
            return None;
        }
    }
    let value: &str = found?;
    // No address needs an escape.
    node(value.strip_prefix('"').map_or(Some(value), |value| value.strip_suffix('"'))?)
}

/// Splits where a separator stands outside quoted strings. `None` where one does not end.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = text.split(|character| {
        let escaped = std::mem::take(&mut is_escaped);
        match character {
            _ if escaped => false,
            '\\' => {
                is_escaped = is_quoted;
                false
            }
            '"' => {
                is_quoted = !is_quoted;
                false
            }
            other => other == separator && !is_quoted,
        }
    });
    let parts = parts.collect();
    (!is_quoted).then_some(parts)
}

/// An address, with or without a port; IPv6 with a port stands in brackets.
fn node(text: &str) -> Option<IpAddr> {
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().map(IpAddr::V6).ok();
    let with_port = || text.parse().map(|address: SocketAddr| address.ip()).ok();
    let address = text.parse().ok().or_else(bracketed).or_else(with_port)?;
    Some(address.to_canonical())
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
