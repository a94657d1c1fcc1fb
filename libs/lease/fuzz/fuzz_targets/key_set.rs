//! Key sets as they come. One that is accepted reads back as itself, and holds only keys with their own ids.
#![no_main]

use leasehold_lease::{KeySet, PublicKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    if let Ok(set) = KeySet::parse(text) {
        assert!(set.iter().next().is_some());
        assert_eq!(KeySet::parse(set.to_json().as_bytes()).as_ref(), Ok(&set));
        for key in set.iter() {
            let same = PublicKey::from_bytes(key.to_bytes()).expect("the set was accepted");
            assert_eq!(same.kid(), key.kid());
            assert_eq!(set.get(key.kid()), Some(key));
        }
    }
});
