//! Where a setting may come from: a flag, else the environment, else the file.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use crate::fault::{Fault, Result};

const PREFIX: &str = "LEASEHOLD_";
/// What the file may hold. The master key and the platform token stand in files of their own.
const FILE_KEYS: [&str; 16] = [
    "data",
    "database_url",
    "default_tenant",
    "listen",
    "log",
    "log_format",
    "master_key_file",
    "metrics_listen",
    "otlp_endpoint",
    "platform_token_file",
    "public_url",
    "redis_ca_file",
    "redis_cluster",
    "redis_prefix",
    "rate_limits",
    "trusted_proxies",
];
/// What only the environment may hold.
const ENVIRONMENT_KEYS: [&str; 4] = ["config", "master_key", "platform_token", "redis_url"];

/// The variable by which all programs with OpenTelemetry are told where to send.
const OTLP_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// A value as it was written, and where: `--listen`, `LEASEHOLD_LISTEN` or ``the key `listen` in leasehold.toml``.
#[derive(Clone)]
pub(super) struct Setting {
    pub(super) source: String,
    pub(super) value: String,
}

impl Setting {
    /// Reads the value; `rule` completes "must be …".
    pub(super) fn parse<T>(&self, rule: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        read(&self.value).ok_or_else(|| Fault::usage(format_args!("{} must be {rule}", self.source)))
    }
}

/// Environment and file, read once.
pub(super) struct Layers {
    environment: BTreeMap<String, String>,
    otlp_endpoint: Option<String>,
    file: BTreeMap<String, Setting>,
}

impl Layers {
    /// Reads the environment, and the file named by the flag or by `LEASEHOLD_CONFIG`.
    pub(super) fn read(config_flag: Option<&str>) -> Result<Self> {
        let mut environment = BTreeMap::new();
        let mut otlp_endpoint = None;
        for (name, value) in std::env::vars_os() {
            if name == OTLP_ENDPOINT {
                otlp_endpoint = value.into_string().ok().filter(|value| !value.is_empty());
                continue;
            }
            let Some(key) =
                name.to_str().and_then(|name| name.strip_prefix(PREFIX)).map(str::to_ascii_lowercase)
            else {
                continue;
            };
            let value = value
                .into_string()
                .map_err(|_| Fault::usage(format_args!("{} must be UTF-8 text", name.display())))?;
            environment.insert(key, value);
        }
        let mut layers = Self { environment, otlp_endpoint, file: BTreeMap::new() };
        if let Some(path) = layers.pick("config", config_flag) {
            layers.file = read_file(Path::new(&path.value))?;
        }
        Ok(layers)
    }

    /// All but these settings.
    pub(super) fn without(mut self, keys: &[&str]) -> Self {
        self.environment.retain(|key, _| !keys.contains(&key.as_str()));
        self.file.retain(|key, _| !keys.contains(&key.as_str()));
        self
    }

    /// The setting of that name from the first place that has it.
    pub(super) fn pick(&self, key: &str, flag: Option<&str>) -> Option<Setting> {
        let flag = flag
            .map(|value| Setting { source: format!("--{}", key.replace('_', "-")), value: value.to_owned() });
        flag.or_else(|| self.environment(key)).or_else(|| self.file.get(key).cloned())
    }

    /// The setting of that name from the environment. An empty variable is as good as none.
    pub(super) fn environment(&self, key: &str) -> Option<Setting> {
        let value = self.environment.get(key).filter(|value| !value.is_empty())?;
        Some(Setting { source: variable(key), value: value.clone() })
    }

    /// Where the standard variable says that telemetry goes.
    pub(super) fn otlp_endpoint(&self) -> Option<Setting> {
        self.otlp_endpoint.clone().map(|value| Setting { source: OTLP_ENDPOINT.to_owned(), value })
    }

    /// Variables that begin like ours and are not.
    pub(super) fn unknown_variables(&self) -> Vec<String> {
        let known = |key: &str| {
            FILE_KEYS.contains(&key) || ENVIRONMENT_KEYS.contains(&key) || key.starts_with("test_")
        };
        self.environment.keys().filter(|key| !known(key)).map(|key| variable(key)).collect()
    }
}

fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_ascii_uppercase())
}

fn read_file(path: &Path) -> Result<BTreeMap<String, Setting>> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Fault::usage(format_args!("cannot read the configuration file {name}: {error}")))?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let line =
            error.span().map_or(1, |span| text.bytes().take(span.start).filter(|b| *b == b'\n').count() + 1);
        Fault::usage(format_args!("{name} is not TOML: line {line}: {}", error.message().replace('\n', ", ")))
    })?;
    let mut settings = BTreeMap::new();
    for (key, value) in table {
        if !FILE_KEYS.contains(&key.as_str()) {
            let known = FILE_KEYS.join(", ");
            return Err(Fault::usage(format_args!("{name} has the unknown key `{key}`; known are {known}")));
        }
        let source = format!("the key `{key}` in {name}");
        let Value::String(value) = value else {
            return Err(Fault::usage(format_args!("{source} must be a text in quotes")));
        };
        settings.insert(key, Setting { source, value });
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Result<BTreeMap<String, Setting>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leasehold.toml");
        std::fs::write(&path, text).unwrap();
        read_file(&path)
    }

    fn complaint(text: &str) -> String {
        file(text).err().and_then(|fault| fault.message).unwrap()
    }

    #[test]
    fn a_flag_beats_the_environment_and_that_the_file() {
        let mut layers = Layers {
            environment: BTreeMap::new(),
            otlp_endpoint: None,
            file: file("listen = 'file'\n").unwrap(),
        };
        assert_eq!(layers.pick("listen", None).unwrap().value, "file");
        layers.environment.insert("listen".to_owned(), String::new());
        assert_eq!(layers.pick("listen", None).unwrap().value, "file");
        layers.environment.insert("listen".to_owned(), "environment".to_owned());
        assert_eq!(layers.pick("listen", None).unwrap().source, "LEASEHOLD_LISTEN");
        assert_eq!(layers.pick("listen", Some("flag")).unwrap().source, "--listen");
        assert!(layers.pick("public_url", None).is_none());
    }

    #[test]
    fn mistakes_in_the_file_are_named() {
        assert!(complaint("lisen = 'x'").contains("unknown key `lisen`; known are data, database_url"));
        assert!(complaint("master_key = 'x'").contains("unknown key `master_key`"));
        assert!(complaint("listen = 8080").contains("`listen` in"));
        assert!(complaint("log = 'x'\nlisten = ").contains("line 2"));
        assert!(!complaint("listen = ").contains('\n'));
    }

    #[test]
    fn typing_errors_in_variables_are_noticed() {
        let names = ["listen", "lisen", "test_postgres", "config"];
        let environment = names.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect();
        let layers = Layers { environment, otlp_endpoint: None, file: BTreeMap::new() };
        assert_eq!(layers.unknown_variables(), ["LEASEHOLD_LISEN"]);
    }
}
