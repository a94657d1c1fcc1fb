//! `leasehold tenant export|import`.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use licensing::{ArchiveKey, Call, Entropy, Licensing};
use model::{HostedTenant, TenantSlug};
use secrecy::zeroize::Zeroizing;
use serde_json::json;

use super::{block_on, configure};
use crate::config::DatabaseFlags;
use crate::fault::{Fault, Result};
use crate::installation::{Missing, with_installation};
use crate::output::Output;

/// Write a tenant with all that it has into one file.
///
/// License keys and private signing keys in the file are sealed under the key of --key-file: keep the two apart. The
/// server may go on; what is in the file is the tenant as it was at one instant.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  leasehold tenant export acme --to acme.leasehold --key-file acme.key")]
pub(crate) struct Export {
    /// The tenant, by its slug.
    slug: TenantSlug,
    /// Write to this file, which must not exist.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Seal secrets with the key in this file; made when it does not exist.
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

/// Make a tenant from a file that `tenant export` wrote.
///
/// All of it or nothing. Identifier, slug and issuer stay the same, and keys, leases, machines and API keys stay good.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  leasehold tenant import acme.leasehold --key-file acme.key")]
pub(crate) struct Import {
    /// The file.
    file: PathBuf,
    /// The key that the file was exported with.
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

impl Export {
    pub(super) fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        if self.to.exists() {
            return Err(Fault::usage(format_args!("the file {} exists already", self.to.display())));
        }
        let key = read_or_make_key(&self.key_file)?;
        let bytes = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            export(licensing, &self.slug, &key, &self.to).await
        }))?;
        let (file, key_file) = (self.to.display().to_string(), self.key_file.display().to_string());
        self.output.print(
            || {
                format!(
                    "Tenant {} is in {file} ({bytes} bytes), its secrets sealed with {key_file}.",
                    self.slug
                )
            },
            || json!({ "tenant": self.slug.as_str(), "file": file, "key_file": key_file, "bytes": bytes }),
        )
    }
}

/// Writes a draft first: a file with the name that was asked for is whole.
async fn export(licensing: &Licensing, slug: &TenantSlug, key: &ArchiveKey, to: &Path) -> Result<u64> {
    let mut export = licensing.export_tenant(&Call::operator(), slug, key).await?;
    let mut draft = to.as_os_str().to_owned();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    let cannot =
        |error: std::io::Error| Fault::failed(format_args!("cannot write {}: {error}", to.display()));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .map_err(cannot)?;
    let mut bytes = 0;
    while let Some(lines) = export.next().await? {
        file.write_all(&lines).map_err(cannot)?;
        bytes += lines.len() as u64;
    }
    file.sync_all().and_then(|()| std::fs::rename(&draft, to)).map_err(cannot)?;
    Ok(bytes)
}

impl Import {
    pub(super) fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        let key = read_key(&self.key_file)?;
        let tenant = block_on(with_installation(&config, Missing::MakeDatabase, async |licensing| {
            import(licensing, &self.file, &key).await
        }))?;
        let tenant = tenant.tenant;
        self.output.print(
            || format!("Tenant {} is imported. Its issuer is {}.", tenant.slug, tenant.issuer),
            || json!({ "id": tenant.id.to_string(), "slug": tenant.slug.as_str(), "issuer": tenant.issuer.as_str() }),
        )
    }
}

async fn import(licensing: &Licensing, path: &Path, key: &ArchiveKey) -> Result<HostedTenant> {
    let cannot =
        |error: std::io::Error| Fault::usage(format_args!("cannot read {}: {error}", path.display()));
    let mut file = File::open(path).map_err(cannot)?;
    let mut import = licensing.import_tenant(&Call::operator(), key);
    let mut piece = vec![0; 256 * 1024];
    loop {
        let count = file.read(&mut piece).map_err(cannot)?;
        match piece.get(..count) {
            Some([]) | None => break,
            Some(piece) => import.feed(piece).await?,
        }
    }
    Ok(import.finish().await?)
}

fn read_key(path: &Path) -> Result<ArchiveKey> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| Fault::usage(format_args!("cannot read the key file {name}: {error}")))?;
    ArchiveKey::parse(text.trim()).map_err(|rule| Fault::usage(format_args!("the file {name} {rule}")))
}

/// The key in the file; a new one, when there is no such file.
fn read_or_make_key(path: &Path) -> Result<ArchiveKey> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = match made {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return read_key(path),
        Err(error) => {
            return Err(Fault::failed(format_args!("cannot make the key file {}: {error}", path.display())));
        }
    };
    let bytes = Zeroizing::new(Entropy::System.bytes::<32>());
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in bytes.iter() {
        text.push_str(&format!("{byte:02x}"));
    }
    text.push('\n');
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        Fault::failed(format_args!("cannot write the key file {}: {error}", path.display()))
    })?;
    Ok(ArchiveKey::new(*bytes))
}
