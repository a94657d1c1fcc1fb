//! Checks of the files that containers and operators use, as far as that goes without containers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::context::Context;
use crate::services::need;

/// What a value that was not set makes docker-compose say.
const NOT_SET: &str = "run deploy/init-secrets.sh first";

/// Shell scripts pass `shellcheck`, docker-compose reads `docker-compose.yml` with fresh secrets and refuses it without
/// any, and the image is built by the version of Rust that everything else is.
///
/// # Errors
///
/// What does not hold, or which program is missing.
pub(crate) fn check(context: &Context) -> Result<String> {
    let compose = programs(context)?;
    let read = |file: &str| {
        fs::read_to_string(context.root.join(file)).with_context(|| format!("cannot read {file}"))
    };
    same_rust(&read("rust-toolchain.toml")?, &read("deploy/Dockerfile")?)?;
    pinned(&read("docker-compose.yml")?)?;
    complete(&read("Cargo.toml")?, &read(".dockerignore")?)?;
    let scripts = scripts(&context.root)?;
    let checked = run(context.command("shellcheck").args(&scripts))?;
    ensure!(checked.status.success(), "shellcheck complains:\n{}", text(&checked));
    secrets(context, &compose)?;
    Ok(format!("{} scripts, docker-compose.yml, Dockerfile", scripts.len()))
}

/// Installs what is missing, and gives the words that docker-compose begins with.
fn programs(context: &Context) -> Result<Vec<&'static str>> {
    let works = |words: &[&str]| {
        run(&mut words_command(context, words, &["version"])).is_ok_and(|o| o.status.success())
    };
    let compose = || [&["docker-compose"][..], &["docker", "compose"]].into_iter().find(|words| works(words));
    let mut missing = Vec::new();
    if compose().is_none() {
        missing.push("docker-compose");
    }
    if run(context.command("shellcheck").arg("--version")).is_err() {
        missing.push("shellcheck");
    }
    if !missing.is_empty() {
        need(&missing)?;
    }
    compose().map(<[_]>::to_vec).context("docker-compose does not run")
}

fn words_command(context: &Context, words: &[&str], arguments: &[&str]) -> Command {
    let (program, rest) = words.split_first().map_or(("", &[][..]), |(program, rest)| (*program, rest));
    let mut command = context.command(program);
    command.args(rest).args(arguments);
    command
}

/// Makes secrets in a temporary folder, and asks docker-compose what it makes of them.
fn secrets(context: &Context, compose: &[&str]) -> Result<()> {
    let home = tempfile::tempdir().context("cannot create a temporary folder")?;
    let made =
        run(context.command(context.root.join("deploy/init-secrets.sh")).env("LEASEHOLD_HOME", home.path()))?;
    ensure!(made.status.success(), "deploy/init-secrets.sh fails:\n{}", text(&made));
    let config = |env: &Path, profile: &[&str]| {
        let mut command = words_command(context, compose, &["--file", "docker-compose.yml"]);
        command.arg("--env-file").arg(env).args(profile).args(["config", "--quiet"]);
        // What is set on this machine would count before the file.
        for (name, _) in std::env::vars_os() {
            let ours = ["LEASEHOLD_", "COMPOSE_", "POSTGRES_", "GRAFANA_"];
            if ours.iter().any(|beginning| name.to_string_lossy().starts_with(beginning)) {
                command.env_remove(name);
            }
        }
        run(&mut command)
    };
    for profile in [&[][..], &["--profile", "observability"]] {
        let read = config(&home.path().join(".env"), profile)?;
        ensure!(read.status.success(), "docker-compose does not accept docker-compose.yml:\n{}", text(&read));
    }
    let refused = config(Path::new(".env.example"), &[])?;
    ensure!(
        !refused.status.success() && text(&refused).contains(NOT_SET),
        "docker-compose accepts .env.example, which has no secrets:\n{}",
        text(&refused)
    );
    Ok(())
}

/// The shell scripts for people and for CI.
fn scripts(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = vec![root.join(".ci/run"), root.join("libs/lease/interop/run.sh")];
    let mut folders = vec![root.join("deploy")];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry.context("cannot read a folder")?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "sh") {
                found.push(path);
            }
        }
    }
    found.retain(|path| path.is_file());
    found.sort();
    Ok(found)
}

fn same_rust(toolchain: &str, dockerfile: &str) -> Result<()> {
    let wanted = toolchain.lines().find_map(|line| line.strip_prefix("channel = "));
    let wanted =
        wanted.map(|version| version.trim_matches('"')).context("rust-toolchain.toml names no channel")?;
    let image = dockerfile.lines().find_map(|line| line.strip_prefix("ARG RUST_VERSION="));
    let image = image.context("deploy/Dockerfile names no RUST_VERSION")?;
    ensure!(image == wanted, "deploy/Dockerfile has Rust {image}, rust-toolchain.toml has {wanted}");
    Ok(())
}

/// Images of others say which version they are.
fn pinned(compose: &str) -> Result<()> {
    for image in compose.lines().filter_map(|line| line.trim().strip_prefix("image: ")) {
        let tag = image.rsplit_once(':').map(|(_, tag)| tag).unwrap_or_default();
        if !image.starts_with("leasehold:") && !tag.contains('.') {
            bail!("docker-compose.yml does not pin the version of {image}");
        }
    }
    Ok(())
}

/// The builder is sent every crate: the workspace does not load without one.
fn complete(workspace: &str, ignored: &str) -> Result<()> {
    let members = workspace.lines().skip_while(|line| *line != "members = [").skip(1);
    for member in members.take_while(|line| *line != "]") {
        let folder = member.trim().trim_matches([',', '"']).split('/').next().unwrap_or_default();
        ensure!(
            ignored.lines().any(|line| line.strip_prefix('!') == Some(folder)),
            ".dockerignore keeps the folder {folder} of the workspace from the builder"
        );
    }
    Ok(())
}

fn run(command: &mut Command) -> Result<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {program}"))
}

fn text(output: &Output) -> String {
    let [out, err] =
        [&output.stdout, &output.stderr].map(|stream| String::from_utf8_lossy(stream).into_owned());
    format!("{out}{err}").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_rust_in_the_image_is_noticed() {
        let toolchain = "[toolchain]\nchannel = \"1.95.0\"\n";
        same_rust(toolchain, "# x\nARG RUST_VERSION=1.95.0\n").unwrap();
        same_rust(toolchain, "ARG RUST_VERSION=1.94.0\n").unwrap_err();
        same_rust(toolchain, "FROM rust\n").unwrap_err();
    }

    #[test]
    fn a_crate_that_the_builder_is_not_sent_is_noticed() {
        let workspace = "[workspace]\nmembers = [\n    \"libs/api\",\n    \"xtask\",\n]\n";
        complete(workspace, "*\n!libs\n!xtask\n").unwrap();
        complete(workspace, "*\n!libs\n").unwrap_err();
    }

    #[test]
    fn an_image_without_a_version_is_noticed() {
        pinned("    image: redis:7.4.5-bookworm\n    image: leasehold:${LEASEHOLD_VERSION:-local}\n")
            .unwrap();
        for image in ["redis", "redis:latest", "redis:7"] {
            pinned(&format!("    image: {image}\n")).unwrap_err();
        }
    }
}
