//! Which crate may use which: the architecture's arrows as a table, compared with `cargo metadata`.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::context::Context;

/// Our crates and those of ours that each may use. Development dependencies are free, so `testkit`, which
/// nobody may use, serves tests only.
const ALLOWED: &[(&str, &[&str])] = &[
    ("api", &["licensing", "model"]),
    ("ephemeral", &["model"]),
    ("lease", &[]),
    ("licensing", &["ephemeral", "lease", "model", "store"]),
    ("model", &[]),
    ("server", &["api", "ephemeral", "lease", "licensing", "model", "store"]),
    ("store", &["model"]),
    ("testkit", &["ephemeral", "licensing", "model", "store"]),
    ("xtask", &[]),
];

/// Outer crates that only these of ours may use; `poem` stands for `poem-openapi` too.
const ONLY: &[(&str, &[&str])] = &[
    ("governor", &["ephemeral"]),
    ("opentelemetry", &["api", "ephemeral", "licensing", "server"]),
    ("opentelemetry-otlp", &["server"]),
    ("opentelemetry-prometheus", &["server"]),
    ("opentelemetry_sdk", &["server"]),
    ("poem", &["api", "console", "server"]),
    ("redis", &["ephemeral", "testkit"]),
    ("sqlx", &["store", "testkit"]),
    ("tracing-opentelemetry", &["api", "server"]),
];

/// Outer crates that these of ours may never use; `tokio` stands for `tokio-util` too.
const NEVER: &[(&str, &[&str])] = &[("sqlx", &["lease", "model"]), ("tokio", &["lease", "model"])];

/// Compares the workspace with the tables, and returns how many edges between our crates there are.
///
/// # Errors
///
/// One sentence for each edge that the tables do not allow.
pub(crate) fn check(context: &Context) -> Result<usize> {
    let packages = packages(&context.metadata()?)?;
    let violations = violations(&packages);
    if !violations.is_empty() {
        bail!("{}", violations.join("\n"));
    }
    let ours = |name: &&String| packages.iter().any(|package| package.name == **name);
    Ok(packages.iter().map(|package| package.dependencies.iter().filter(ours).count()).sum())
}

/// A crate of the workspace and what it uses outside tests, by package name.
struct Package {
    name: String,
    dependencies: Vec<String>,
}

fn packages(metadata: &Value) -> Result<Vec<Package>> {
    let list = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_array).cloned().with_context(|| format!("metadata without `{key}`"))
    };
    let name = |value: &Value| {
        let name = value.get("name").and_then(Value::as_str).map(str::to_owned);
        name.context("metadata with something nameless")
    };
    list(metadata, "packages")?
        .iter()
        .map(|package| {
            let dependencies = list(package, "dependencies")?
                .iter()
                .filter(|dependency| dependency.get("kind").and_then(Value::as_str) != Some("dev"))
                .map(name)
                .collect::<Result<_>>()?;
            Ok(Package { name: name(package)?, dependencies })
        })
        .collect()
}

fn violations(packages: &[Package]) -> Vec<String> {
    let mut found = Vec::new();
    for package in packages {
        let user = short(&package.name);
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == user) else {
            found.push(format!(
                "`{user}` is a new crate: give it a row in the table of xtask/src/edges.rs and a place in \
                 docs/architecture.md."
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let used = short(dependency);
            let ours = packages.iter().any(|package| package.name == *dependency);
            let permitted = if ours { allowed.contains(&used) } else { outer_permitted(user, used) };
            if !permitted {
                found.push(format!(
                    "`{user}` uses `{used}`, which the tables of xtask/src/edges.rs do not allow. If that is a \
                     decision, change the table and say why in docs/architecture.md; else remove the dependency."
                ));
            }
        }
    }
    found
}

fn outer_permitted(user: &str, used: &str) -> bool {
    let names =
        |family: &str| used == family || used.strip_prefix(family).is_some_and(|rest| rest.starts_with('-'));
    ONLY.iter().all(|(family, users)| !names(family) || users.contains(&user))
        && NEVER.iter().all(|(family, users)| !names(family) || !users.contains(&user))
}

/// The name that the architecture page uses.
fn short(package: &str) -> &str {
    package.strip_prefix("leasehold-").unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The complaints about a small workspace of `model`, `store`, `api` and `testkit`, in which `user` also
    /// has a dependency of that kind.
    fn complaints(user: &str, used: &str, kind: Option<&str>) -> Vec<String> {
        let package = |name: &str| {
            let mut dependencies = vec![json!({ "name": "serde", "kind": null })];
            if name == user {
                dependencies.push(json!({ "name": used, "kind": kind }));
            }
            json!({ "name": name, "dependencies": dependencies })
        };
        let names = ["leasehold-model", "leasehold-store", "leasehold-api", "leasehold-testkit"];
        let metadata = json!({ "packages": names.map(package) });
        violations(&packages(&metadata).unwrap())
    }

    #[test]
    fn the_workspace_keeps_the_rule() {
        let edges = check(&Context::new().unwrap()).unwrap();
        assert!(edges > 0, "no edge between our crates was seen, so nothing was compared");
    }

    #[test]
    fn an_edge_of_the_table_is_allowed() {
        assert_eq!(complaints("leasehold-store", "leasehold-model", None), Vec::<String>::new());
        assert_eq!(complaints("leasehold-store", "sqlx", None), Vec::<String>::new());
        assert_eq!(complaints("leasehold-api", "poem-openapi", None), Vec::<String>::new());
    }

    #[test]
    fn a_forbidden_edge_between_our_crates_is_refused_with_advice() {
        let complaints = complaints("leasehold-api", "leasehold-store", None);
        assert_eq!(complaints.len(), 1);
        let complaint = complaints.first().unwrap();
        assert!(complaint.starts_with("`api` uses `store`"), "{complaint}");
        assert!(complaint.contains("docs/architecture.md"), "{complaint}");
    }

    #[test]
    fn forbidden_outer_crates_are_refused() {
        for (user, used) in [
            ("leasehold-api", "sqlx"),
            ("leasehold-api", "sqlx-core"),
            ("leasehold-model", "tokio"),
            ("leasehold-model", "tokio-util"),
            ("leasehold-model", "sqlx"),
            ("leasehold-store", "poem-openapi"),
            ("leasehold-store", "redis"),
            ("leasehold-api", "governor"),
            ("leasehold-store", "opentelemetry"),
            ("leasehold-api", "opentelemetry-otlp"),
        ] {
            assert_eq!(complaints(user, used, None).len(), 1, "{user} -> {used}");
            assert_eq!(complaints(user, used, Some("build")).len(), 1, "{user} -> {used} when building");
        }
        assert_eq!(complaints("leasehold-store", "poems", None), Vec::<String>::new());
    }

    #[test]
    fn the_testkit_is_for_tests_only() {
        assert_eq!(complaints("leasehold-api", "leasehold-testkit", None).len(), 1);
        assert_eq!(complaints("leasehold-api", "leasehold-testkit", Some("dev")), Vec::<String>::new());
    }

    #[test]
    fn a_crate_without_a_row_is_refused() {
        let metadata = json!({ "packages": [{ "name": "leasehold-worker", "dependencies": [] }] });
        let complaints = violations(&packages(&metadata).unwrap());
        assert!(complaints.first().unwrap().starts_with("`worker` is a new crate"));
    }

    #[test]
    fn metadata_of_another_shape_is_refused() {
        assert!(packages(&json!({})).is_err());
        assert!(packages(&json!({ "packages": [{ "name": "leasehold-api" }] })).is_err());
    }
}
