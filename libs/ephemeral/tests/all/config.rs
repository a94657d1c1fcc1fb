//! Configurations that can never work, and what is shown of those that can.

use leasehold_ephemeral::{Ephemeral, RedisConfig, RedisConfigError};

use crate::support::{config, number};

fn refusal(config: &RedisConfig) -> Option<RedisConfigError> {
    Ephemeral::redis(config, number()).err()
}

#[tokio::test]
async fn what_can_never_work_is_refused_at_once() {
    let urls = |urls: &[&str]| config(&urls.iter().map(|&url| url.to_owned()).collect::<Vec<_>>());
    assert_eq!(refusal(&urls(&[])), Some(RedisConfigError::HowMany));
    assert_eq!(refusal(&urls(&["redis://a", "redis://b"])), Some(RedisConfigError::HowMany));
    for bad in ["", "localhost:6379", "http://localhost", "redis://localhost/x", "redis://"] {
        assert_eq!(refusal(&urls(&[bad])), Some(RedisConfigError::Url), "{bad}");
    }
    let good = urls(&["redis://localhost"]);
    for prefix in ["", "a{b", "a}", "a b"] {
        let config = RedisConfig { prefix: prefix.to_owned(), ..good.clone() };
        assert_eq!(refusal(&config), Some(RedisConfigError::Prefix), "{prefix}");
    }
    let config = RedisConfig { ca_pem: Some(b"x".to_vec()), ..good.clone() };
    assert_eq!(refusal(&config), Some(RedisConfigError::NoTls));
    for pem in ["", "x", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
        let config = RedisConfig { ca_pem: Some(pem.into()), ..urls(&["rediss://localhost"]) };
        assert_eq!(refusal(&config), Some(RedisConfigError::Certificates), "{pem}");
    }
    assert_eq!(refusal(&good), None);
}

#[tokio::test]
async fn passwords_are_not_shown() {
    let config = config(&["redis://user:hunter2@localhost/x".to_owned()]);
    let error = refusal(&config).unwrap();
    for shown in [format!("{config:?}"), format!("{error:?}"), error.to_string()] {
        assert!(!shown.contains("hunter2") && !shown.contains("user:h"), "{shown}");
    }
}
