//! License keys, terms and instants as strangers type them. What is read keeps its meaning when written and read
//! again, and a key never shows.
#![no_main]

use leasehold_model::{LicenseKey, Term, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(key) = LicenseKey::parse(text) {
        license_key(text, &key);
    }
    if let Ok(term) = text.parse::<Term>() {
        assert_eq!(term.to_string().parse(), Ok(term));
        for start in [Timestamp::MIN, Timestamp::MAX] {
            assert!(term.after(start) > start || start == Timestamp::MAX);
        }
    }
    if let Ok(instant) = Timestamp::parse(text) {
        assert!((Timestamp::MIN..=Timestamp::MAX).contains(&instant));
        assert_eq!(Timestamp::parse(&instant.to_string()), Ok(instant));
        assert_eq!(Timestamp::saturating_from(instant.date_time()), instant);
    }
});

fn license_key(text: &str, key: &LicenseKey) {
    assert!((4..=255).contains(&key.reveal().len()));
    assert_eq!(key.reveal(), text.trim_matches(' '));

    let canonical = LicenseKey::parse(key.canonical()).expect("a canonical key is a key");
    assert_eq!(canonical.canonical(), key.canonical());
    assert_eq!(&canonical, key);
    assert_eq!(canonical.looks_mistyped(), key.looks_mistyped());
    assert!(!key.canonical().contains(['-', ' ']));
    for other in [text.to_ascii_lowercase(), format!("-{}- ", key.canonical())] {
        // Separators may make it too long, and nothing else can.
        assert!(LicenseKey::parse(&other).map_or(other.len() > 255, |other| &other == key));
    }

    assert!(key.canonical().ends_with(key.hint()) && key.hint().len() * 2 <= key.canonical().len());
    assert_eq!(format!("{key:?}"), "LicenseKey(…)");
}
