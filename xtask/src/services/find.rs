//! Finds the servers' programs on this machine.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest PostgreSQL that Leasehold supports.
const POSTGRES_MINIMUM: u32 = 13;
/// The oldest Redis that Leasehold supports.
const REDIS_MINIMUM: u32 = 6;
/// What a folder of PostgreSQL programs must hold.
const POSTGRES_TOOLS: [&str; 3] = ["initdb", "postgres", "psql"];

/// A program's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// The first number.
    pub(super) major: u32,
    text: String,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The programs of both services.
pub(super) struct Tools {
    /// The folder of `initdb`, `postgres` and `psql`.
    pub(super) postgres: PathBuf,
    /// The program `redis-server`.
    pub(super) redis: PathBuf,
}

/// What was found, and what was found but is too old.
pub(super) struct Found {
    /// The folder of `initdb`, `postgres` and `psql`.
    pub(super) postgres: Option<PathBuf>,
    /// The program `redis-server`.
    pub(super) redis: Option<PathBuf>,
    /// One line for each program that is there but cannot be used.
    pub(super) refused: Vec<String>,
}

/// Looks in all the places where the two are usually installed.
pub(super) fn find() -> Found {
    let mut refused = Vec::new();
    let postgres = postgres_folders()
        .into_iter()
        .filter(|folder| POSTGRES_TOOLS.iter().all(|tool| folder.join(tool).is_file()))
        .find(|folder| usable(&folder.join("postgres"), POSTGRES_MINIMUM, &mut refused));
    let redis = redis_folders()
        .into_iter()
        .map(|folder| folder.join("redis-server"))
        .filter(|program| program.is_file())
        .find(|program| usable(program, REDIS_MINIMUM, &mut refused));
    Found { postgres, redis, refused }
}

fn usable(program: &Path, minimum: u32, refused: &mut Vec<String>) -> bool {
    let output = Command::new(program).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let version = parse_version(&text);
    match &version {
        Some(version) if version.major >= minimum => return true,
        Some(version) => refused.push(format!("{} is {version}, older than {minimum}", program.display())),
        None => refused.push(format!("{} does not tell its version", program.display())),
    }
    false
}

fn path_folders() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

fn postgres_folders() -> Vec<PathBuf> {
    let mut folders = path_folders();
    folders.extend(numbered("/usr/lib/postgresql", "", "bin"));
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    folders.extend(numbered("/usr", "pgsql-", "bin"));
    for homebrew in ["/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"] {
        folders.extend(numbered(homebrew, "postgresql@", "bin"));
        folders.push(Path::new(homebrew).join("postgresql/bin"));
    }
    folders
}

fn redis_folders() -> Vec<PathBuf> {
    let usual =
        ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin", "/opt/homebrew/opt/redis/bin"];
    path_folders().into_iter().chain(usual.into_iter().map(PathBuf::from)).collect()
}

/// The folders `{parent}/{prefix}{number}/{child}`, the highest number first.
fn numbered(parent: &str, prefix: &str, child: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path().join(child)))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, folder)| folder).collect()
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian …)` and `Redis server v=7.0.15 sha=…`.
pub(super) fn parse_version(text: &str) -> Option<Version> {
    text.split_whitespace().find_map(|word| {
        let word = word.strip_prefix("v=").unwrap_or(word);
        let digits = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
        let major = word.get(..digits)?.parse().ok()?;
        Some(Version { major, text: word.to_owned() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn version(text: &str, major: u32, full: &str) {
        let version = parse_version(text).unwrap();
        assert_eq!((version.major, version.to_string().as_str()), (major, full));
    }

    #[test]
    fn versions_are_read_as_the_servers_print_them() {
        version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", 15, "15.18");
        version("postgres (PostgreSQL) 18beta2\n", 18, "18beta2");
        version("postgres (PostgreSQL) 9.6.24\n", 9, "9.6.24");
        version("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64\n", 7, "7.0.15");
    }

    #[test]
    fn text_without_a_version_is_refused() {
        assert_eq!(parse_version(""), None);
        assert_eq!(parse_version("postgres: command not found"), None);
    }

    #[test]
    fn the_newest_numbered_folder_comes_first() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["pg9", "pg16", "pg14", "pgx", "other"] {
            std::fs::create_dir(parent.path().join(name)).unwrap();
        }
        let folders = numbered(parent.path().to_str().unwrap(), "pg", "bin");
        let expected: Vec<PathBuf> =
            ["pg16", "pg14", "pg9"].iter().map(|name| parent.path().join(name).join("bin")).collect();
        assert_eq!(folders, expected);
    }
}
