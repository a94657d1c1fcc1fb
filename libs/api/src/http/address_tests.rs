use poem::http::HeaderValue;
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn proxies(text: &str) -> TrustedProxies {
    text.parse().unwrap()
}

/// The address that is found behind a peer, among whose headers are these.
fn found(peer: &str, sent: &[(&HeaderName, &str)]) -> String {
    let mut headers = HeaderMap::new();
    for (name, value) in sent {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    let proxies = proxies("10.0.0.0/8, 192.0.2.7, 2001:db8:1::/48");
    find_behind(ip(peer).to_canonical(), &headers, &proxies).to_string()
}

#[test]
fn networks_are_read_and_hold_what_begins_like_them() {
    for (network, inside, outside) in [
        ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
        ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
        ("192.0.2.6/31", "192.0.2.7", "192.0.2.8"),
        ("192.0.2.7/32", "192.0.2.7", "192.0.2.8"),
        ("128.0.0.0/1", "255.0.0.1", "127.255.255.255"),
        ("::ffff:10.0.0.0/104", "10.1.2.3", "11.0.0.0"),
        ("::ffff:192.0.2.7", "192.0.2.7", "::ffff:0:1"),
        ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
        ("::1/128", "::1", "::2"),
        ("8000::/1", "ffff::", "10.0.0.1"),
    ] {
        assert!(proxies(network).has(ip(inside)), "{network} {inside}");
        assert!(!proxies(network).has(ip(outside)), "{network} {outside}");
        assert!(!TrustedProxies::default().has(ip(inside)));
    }
    for bad in [
        "",
        ",",
        "10.0.0.0/8,",
        "10.0.0.1/8",
        "10.0.0.0/0",
        "::/0",
        "::ffff:0:0/96",
        "::ffff:0:0/95",
        "10.0.0.0/33",
        "::/129",
        "10.0.0.0/08",
        "10.0.0.0/+8",
        "10.0.0.0/",
        "10.0.0/8",
        "proxy.example",
        "10.0.0.0/8/8",
        "10.0.0.1:80",
    ] {
        assert!(bad.parse::<TrustedProxies>().is_err(), "{bad}");
    }
}

#[test]
fn only_trusted_peers_are_believed() {
    for peer in ["198.51.100.1", "192.0.2.6", "2001:db8:2::1"] {
        assert_eq!(found(peer, &[]), peer);
        let sent = [(&X_FORWARDED_FOR, "203.0.113.1"), (&header::FORWARDED, "for=203.0.113.1")];
        assert_eq!(found(peer, &sent), peer);
    }
    assert_eq!(found("::ffff:198.51.100.1", &[]), "198.51.100.1");
}

#[test]
fn x_forwarded_for_is_read_from_its_end() {
    for (value, expected) in [
        ("203.0.113.1", "203.0.113.1"),
        ("203.0.113.1:4711", "203.0.113.1"),
        ("9.9.9.9, 203.0.113.1", "203.0.113.1"),
        ("9.9.9.9,203.0.113.1,10.0.0.2 , 192.0.2.7", "203.0.113.1"),
        ("9.9.9.9, 2001:db8:2::1", "2001:db8:2::1"),
        ("2001:DB8:2:0::1, 2001:db8:1::1", "2001:db8:2::1"),
        ("[2001:db8:2::1]:443", "2001:db8:2::1"),
        ("[2001:db8:2::1]", "2001:db8:2::1"),
        ("::ffff:203.0.113.1", "203.0.113.1"),
        ("10.0.0.3, ::ffff:10.0.0.2", "10.0.0.3"),
        ("", "10.0.0.1"),
        ("9.9.9.9, unknown", "10.0.0.1"),
        ("9.9.9.9, ", "10.0.0.1"),
        ("9.9.9.9, unknown, 10.0.0.2", "10.0.0.2"),
        ("9.9.9.9, 203.0.113.1.1, 10.0.0.2", "10.0.0.2"),
        ("9.9.9.9, [203.0.113.1], 10.0.0.2", "10.0.0.2"),
        ("9.9.9.9 203.0.113.1", "10.0.0.1"),
    ] {
        assert_eq!(found("10.0.0.1", &[(&X_FORWARDED_FOR, value)]), expected, "{value:?}");
        assert_eq!(found("::ffff:10.0.0.1", &[(&X_FORWARDED_FOR, value)]), expected, "{value:?}");
    }
}

#[test]
fn forwarded_is_read_from_its_end() {
    for (value, expected) in [
        ("for=203.0.113.1", "203.0.113.1"),
        ("For=\"203.0.113.1:4711\";proto=https;by=10.0.0.1", "203.0.113.1"),
        ("for=9.9.9.9, proto=https;FOR=203.0.113.1 , for=10.0.0.2", "203.0.113.1"),
        ("for=\"[2001:db8:2::1]\"", "2001:db8:2::1"),
        ("for=\"[2001:db8:2::1]:443\";host=\"a,b;for=9.9.9.9\"", "2001:db8:2::1"),
        ("for=203.0.113.1;host=\"\\\",for=9.9.9.9\"", "203.0.113.1"),
        ("for=9.9.9.9, for=_hidden", "10.0.0.1"),
        ("for=9.9.9.9, for=unknown, for=10.0.0.2", "10.0.0.2"),
        ("for=9.9.9.9, by=10.0.0.2", "10.0.0.1"),
        ("for=9.9.9.9;for=203.0.113.1", "10.0.0.1"),
        ("for=9.9.9.9;", "10.0.0.1"),
        ("203.0.113.1", "10.0.0.1"),
        ("", "10.0.0.1"),
        ("for=\"203.0.113.1", "10.0.0.1"),
        ("for=203.0.113.1\"", "10.0.0.1"),
        ("for=\"203.0.113.\\1\"", "10.0.0.1"),
        ("for=\", for=\"[2001:db8:2::1]\"", "10.0.0.1"),
        ("for=\"\\, for=\"[2001:db8:2::1]\"", "10.0.0.1"),
    ] {
        assert_eq!(found("10.0.0.1", &[(&header::FORWARDED, value)]), expected, "{value:?}");
    }
}

#[test]
fn lines_of_a_header_are_one_list() {
    let lines = [(&X_FORWARDED_FOR, "9.9.9.9, 203.0.113.1"), (&X_FORWARDED_FOR, "10.0.0.3, 10.0.0.2")];
    assert_eq!(found("10.0.0.1", &lines), "203.0.113.1");
    let lines = [(&header::FORWARDED, "for=\""), (&header::FORWARDED, "for=203.0.113.1")];
    assert_eq!(found("10.0.0.1", &lines), "203.0.113.1");
    let lines = [(&header::FORWARDED, "for=\""), (&header::FORWARDED, "for=10.0.0.2")];
    assert_eq!(found("10.0.0.1", &lines), "10.0.0.2");
}

#[test]
fn headers_that_contradict_each_other_are_not_believed() {
    let both = |one, other| found("10.0.0.1", &[(&X_FORWARDED_FOR, one), (&header::FORWARDED, other)]);
    assert_eq!(both("9.9.9.9, 203.0.113.1", "for=203.0.113.1"), "203.0.113.1");
    assert_eq!(both("203.0.113.1", "for=9.9.9.9"), "10.0.0.1");
    assert_eq!(both("203.0.113.1", ""), "10.0.0.1");
    assert_eq!(both("", "for=203.0.113.1"), "10.0.0.1");
}

/// Pieces of which headers that mean something are made.
fn pieces() -> impl Strategy<Value = String> {
    let pieces = select(vec![
        "for=",
        "For=",
        "by=",
        ";",
        ",",
        ", ",
        "\"",
        "\\",
        "[",
        "]",
        ":",
        "=",
        " ",
        "unknown",
        "_x",
        "10.0.0.2",
        "9.9.9.9",
        "2001:db8:1::1",
        "2001:db8:2::1",
        "::ffff:1.2.3.4",
        "4711",
        "\t",
        "~",
    ]);
    vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn whatever_is_sent_strangers_are_who_they_are(bytes in vec(any::<u8>(), 0..60), text in pieces()) {
        let bytes: Vec<u8> = bytes.into_iter().filter(|byte| *byte >= 32 && *byte != 127).collect();
        for name in [&X_FORWARDED_FOR, &header::FORWARDED] {
            let mut headers = HeaderMap::new();
            headers.append(name, HeaderValue::from_bytes(&bytes).unwrap());
            headers.append(name, HeaderValue::from_str(&text).unwrap());
            let proxies = proxies("10.0.0.0/8");
            prop_assert_eq!(find_behind(ip("192.0.2.1"), &headers, &proxies), ip("192.0.2.1"));
            find_behind(ip("10.0.0.1"), &headers, &proxies);
        }
    }

    #[test]
    fn what_the_caller_wrote_before_is_not_believed(text in pieces(), own_line: bool, other in pieces()) {
        let caller = "203.0.113.1";
        for (name, told) in [
            (&X_FORWARDED_FOR, caller.to_owned()),
            (&header::FORWARDED, format!("for={caller};proto=https")),
            (&header::FORWARDED, format!("for=\"{caller}:4711\"")),
        ] {
            let joined = format!("{text}, {told}");
            let lines = [(name, text.as_str()), (name, told.as_str())];
            let sent = if own_line { &lines[..] } else { &[(name, joined.as_str())] };
            let address = found("10.0.0.1", sent);
            // A quoted string that the caller does not end takes with it what the proxy wrote on the same line.
            let unread = name == header::FORWARDED && !own_line && address == "10.0.0.1";
            prop_assert!(address == caller || unread, "{sent:?}: {address}");
            // The header that the proxy does not write is the caller's whole.
            let foreign = if name == header::FORWARDED { &X_FORWARDED_FOR } else { &header::FORWARDED };
            let both = found("10.0.0.1", &[sent, &[(foreign, other.as_str())]].concat());
            prop_assert!(both == address || both == "10.0.0.1", "{sent:?} {other}: {both}");
        }
    }
}
