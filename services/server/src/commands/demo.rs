//! `leasehold demo`.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use model::{Issuer, Tenant, TenantSlug};
use tempfile::TempDir;

use super::block_on_threads;
use super::tenant::issuer;
use crate::config::{Config, Database, ServeFlags};
use crate::data_folder::DataFolder;
use crate::demo_data::{self, KEY, ONE_ACTIVATION_KEY, PRODUCT, SUSPENDED_KEY, TENANT};
use crate::fault::{Fault, Result};
use crate::http::Limits;
use crate::installation::{Installation, Missing, ServerSetup};
use crate::output::say;
use crate::running::{Running, Signals, listen_on};
use crate::telemetry;

/// Run a server with a demonstration tenant, and print what to try.
///
/// The tenant `demo`, also served at the root, has three products, two customers and fifteen licenses. Without --data it
/// lives in a temporary folder that is removed at the end. Always an embedded database: settings of a database and a
/// master key do not count here.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  leasehold demo
  leasehold demo --listen 127.0.0.1:9000 --data ./demo-data      kept, and served again the next time")]
pub(crate) struct Demo {
    /// Keep the data in this folder: a new one, or that of an earlier demonstration.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Listen on this address and port; port 0 takes a free one [environment: `LEASEHOLD_LISTEN`; default:
    /// 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The URL under which clients reach this server [environment: `LEASEHOLD_PUBLIC_URL`; default: that of the
    /// address].
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

impl Demo {
    pub(super) fn run(self) -> Result<()> {
        let flags = ServeFlags { listen: self.listen, public_url: self.public_url, ..ServeFlags::default() };
        let mut config = Config::of_demo(&flags)?;
        telemetry::start(&config.logging)?;
        let place = Place::choose(self.data)?;
        let database = Database::Embedded { folder: place.path().to_owned(), master_key: None };
        block_on_threads(async {
            let signals = Signals::install()?;
            let (listener, address) = listen_on(config.listen).await?;
            config.listen = address;
            let server = ServerSetup { shared: None, rate_limits: config.rate_limits };
            let installation = Installation::open_for_server(&database, Missing::Make, server).await?;
            let slug =
                TenantSlug::parse(TENANT).map_err(|rule| Fault::failed(format_args!("the tenant {rule}")))?;
            let prepared = place.prepare(&installation, issuer(&config.public_url()?, &slug)?).await;
            let prepared = match prepared {
                Ok(prepared) => prepared,
                Err(fault) => return installation.close().await.and(Err(fault)),
            };
            let settings = api::Settings {
                default_tenant: Some(slug),
                trusted_proxies: config.trusted_proxies,
                ..api::Settings::default()
            };
            let running = Running::start(installation, listener, settings, Limits::default());
            say(&instructions(&format!("http://{address}"), &prepared, &place))?;
            running.until(signals).await
        })
    }
}

/// What a demonstration has that is not the same in every one.
struct Prepared {
    tenant: Tenant,
    /// The key of the Atelier license.
    atelier: String,
    /// An API key that may do everything.
    api_key: String,
}

/// Where the demonstration's data is.
enum Place {
    Temporary(TempDir),
    Kept(PathBuf),
}

impl Place {
    fn choose(data: Option<PathBuf>) -> Result<Self> {
        match data {
            None => tempfile::Builder::new()
                .prefix("leasehold-demo-")
                .tempdir()
                .map(Self::Temporary)
                .map_err(|error| Fault::failed(format_args!("cannot make a temporary folder: {error}"))),
            Some(path) => {
                let is_other = DataFolder::existing(&path).is_ok() && !marker(&path).exists();
                if is_other {
                    return Err(Fault::failed(format_args!(
                        "the data folder {} has a database that is not a demonstration's: give a new folder",
                        path.display()
                    )));
                }
                Ok(Self::Kept(path))
            }
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Kept(path) => path,
        }
    }

    /// Makes the tenant unless an earlier demonstration has.
    async fn prepare(&self, installation: &Installation, issuer: Issuer) -> Result<Prepared> {
        let licensing = &installation.licensing;
        let marker = marker(self.path());
        if marker.exists() {
            let text = std::fs::read_to_string(&marker).map_err(|error| cannot(&marker, &error))?;
            let mut lines = text.lines().map(str::to_owned);
            let slug =
                TenantSlug::parse(TENANT).map_err(|rule| Fault::failed(format_args!("the tenant {rule}")))?;
            let tenant = licensing.tenant(&slug).await?;
            let atelier = lines.next().unwrap_or_default();
            let api_key = match lines.next() {
                Some(key) => key,
                None => {
                    let key = demo_data::make_api_key(licensing, &tenant).await?;
                    remember(&marker, &atelier, &key)?;
                    key
                }
            };
            return Ok(Prepared { tenant, atelier, api_key });
        }
        let (tenant, atelier) = demo_data::make(licensing, issuer).await?;
        let atelier = atelier.reveal().to_owned();
        let api_key = demo_data::make_api_key(licensing, &tenant).await?;
        remember(&marker, &atelier, &api_key)?;
        Ok(Prepared { tenant, atelier, api_key })
    }
}

fn remember(marker: &Path, atelier: &str, api_key: &str) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let written = options.write(true).create(true).truncate(true).mode(0o600).open(marker);
    written
        .and_then(|mut file| writeln!(file, "{atelier}\n{api_key}"))
        .map_err(|error| cannot(marker, &error))
}

/// Says that a folder is a demonstration's, and remembers the generated keys, which the database does not show again.
fn marker(folder: &Path) -> PathBuf {
    folder.join("demo-atelier.key")
}

fn cannot(path: &Path, error: &std::io::Error) -> Fault {
    Fault::failed(format_args!("cannot use {}: {error}", path.display()))
}

fn instructions(base: &str, prepared: &Prepared, place: &Place) -> String {
    let Prepared { tenant, atelier, api_key } = prepared;
    let data = match place {
        Place::Temporary(_) => "a temporary folder, removed at the end".to_owned(),
        Place::Kept(path) => path.display().to_string(),
    };
    let post = |path: &str, body: &str| {
        format!("  curl -s {base}{path} -H 'Content-Type: application/json' -d '{body}'")
    };
    let machine = r#""fingerprint":"my-machine""#;
    let activate = post("/v1/activate", &format!(r#"{{"key":"{KEY}","product":"{PRODUCT}",{machine}}}"#));
    let validate = post(
        "/v1/validate",
        &format!(r#"{{"key":"{KEY}","product":"{PRODUCT}",{machine},"nonce":"any-8-to-128-characters"}}"#),
    );
    let suspended = post("/v1/validate", &format!(r#"{{"key":"{SUSPENDED_KEY}","product":"{PRODUCT}"}}"#));
    let atelier_line =
        post("/v1/activate", &format!(r#"{{"key":"{atelier}","product":"atelier",{machine}}}"#));
    let older =
        format!("  curl -s {base}/api/activate -X POST -d token={KEY} -d machine=ICEBREAKER -d user=sam");
    let deactivate = post("/v1/deactivate", &format!(r#"{{"key":"{KEY}","product":"{PRODUCT}",{machine}}}"#));
    format!(
        "\
Leasehold is ready at {base}

tenant   demo, at {base}/t/demo and at the root; issuer {issuer}
data     {data}
keys     {KEY} (product test-application, 10 activations)
         {ONE_ACTIVATION_KEY} (product test-application, 1 activation)
         {SUSPENDED_KEY} (product test-application, suspended)
         {atelier} (product atelier, 3 seats)
API key  {api_key}

Try, in another terminal:

Activate a license on this machine, and get a lease:
{activate}

Check it, with a signed verdict:
{validate}

A license with entitlements:
{atelier_line}

A license that is suspended:
{suspended}

Give the license back:
{deactivate}

An app of mini-key-server, as it is:
{older}

Be the vendor, with the API key:
  curl -s '{base}/v1/products?limit=1' -H 'Authorization: Bearer {api_key}'

The keys that apps pin:
  curl -s {base}/.well-known/jwks.json

Ctrl-C stops the server.",
        issuer = tenant.issuer,
    )
}
