//! Running the binary: commands to their end, servers until they are stopped.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use store::Location;
use tempfile::TempDir;

pub(crate) const MASTER_KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";
/// Long enough for a debug build on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// The binary, in an environment of its own.
pub(crate) fn leasehold(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leasehold"));
    command.args(arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The one JSON document on standard output of a command that did what it should.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The text on standard output of a command that did what it should.
    pub(crate) fn text(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        &self.stdout
    }

    /// Asserts that the command failed with this code and one sentence that has these words.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32, words: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        // A server may have logged before it.
        let mut lines = self.stderr.lines().rev();
        let sentence = lines.next().unwrap_or_default();
        assert!(sentence.starts_with("error: ") && sentence.contains(words), "no `{words}`: {self:?}");
        assert!(lines.all(|line| line.contains(" INFO ")), "not one sentence: {self:?}");
    }
}

/// Runs a command to its end, which must come.
pub(crate) fn run(mut command: Command) -> Ended {
    let child = command.spawn().expect("the binary starts");
    wait(child, PATIENCE)
}

/// Runs a command with a text on its standard input.
pub(crate) fn run_with_input(mut command: Command, input: &str) -> Ended {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the binary starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("the command reads");
    drop(stdin);
    wait(child, PATIENCE)
}

fn wait(mut child: Child, patience: Duration) -> Ended {
    fn collect(stream: Option<impl std::io::Read + Send + 'static>) -> std::thread::JoinHandle<String> {
        let mut stream = stream.expect("a pipe");
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).expect("the pipe can be read");
            String::from_utf8(bytes).expect("text")
        })
    }
    let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let until = Instant::now() + patience;
    let status = loop {
        match child.try_wait().expect("a child") {
            Some(status) => break status,
            None if Instant::now() > until => {
                child.kill().expect("a child");
                panic!("the command does not end: {}", stderr.join().expect("a reader"));
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    Ended {
        code: status.code(),
        stdout: stdout.join().expect("a reader"),
        stderr: stderr.join().expect("a reader"),
    }
}

/// An installation: a data folder, or a database on the PostgreSQL server with a master key.
pub(crate) struct Place {
    folder: TempDir,
    postgres: Option<String>,
}

impl Place {
    pub(crate) fn embedded() -> Self {
        Self { folder: TempDir::new().expect("a temporary folder"), postgres: None }
    }

    pub(crate) async fn postgres() -> Self {
        let Location::Postgres(url) = testkit::Database::empty_postgres().await else { panic!("a URL") };
        Self::over(url)
    }

    /// An installation on a PostgreSQL database that is there already.
    pub(crate) fn over(url: String) -> Self {
        Self { postgres: Some(url), ..Self::embedded() }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.postgres.is_some()
    }

    /// The URL of the PostgreSQL database.
    pub(crate) fn url(&self) -> &str {
        self.postgres.as_deref().expect("a PostgreSQL database")
    }

    /// The data folder; it is there once a command has made it.
    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// Writes a file next to the data.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path.display().to_string()
    }

    /// A command on this installation.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = leasehold(arguments);
        match &self.postgres {
            Some(url) => command.env("LEASEHOLD_DATABASE_URL", url).env("LEASEHOLD_MASTER_KEY", MASTER_KEY),
            None => command.env("LEASEHOLD_DATA", self.data()),
        };
        command.env("LEASEHOLD_DEFAULT_TENANT", "acme");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        run(self.command(arguments))
    }

    /// Makes the tenant `acme` with the product `atelier` and a policy `basic` of that many seats.
    pub(crate) fn sell(&self, seats: &str) {
        if self.postgres.is_some() {
            self.run(&["migrate"]).text();
        }
        self.run(&["tenant", "create", "acme", "--issuer", "https://licenses.example.com/t/acme"]).text();
        self.run(&["product", "create", "atelier"]).text();
        self.run(&["policy", "create", "basic", "--product", "atelier", "--seats", seats]).text();
    }

    /// Makes a license of that policy.
    pub(crate) fn license(&self) -> License {
        let made = self.run(&["license", "create", "--policy", "basic", "--json"]).json();
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        License { id: text("id"), key: text("key") }
    }

    /// Starts a server on a free port.
    pub(crate) fn serve(&self, more: &[&str]) -> Server {
        Server::start(self.command(&[&["serve", "--listen", "127.0.0.1:0"], more].concat()))
    }
}

pub(crate) struct License {
    pub(crate) id: String,
    pub(crate) key: String,
}

impl License {
    /// The body of a request about a machine.
    pub(crate) fn on(&self, fingerprint: &str) -> String {
        json!({ "key": self.key, "product": "atelier", "fingerprint": fingerprint }).to_string()
    }
}

/// A server that runs; killed when dropped.
pub(crate) struct Server {
    child: Option<Child>,
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    /// All that it printed before it was ready, and with it.
    pub(crate) greeting: String,
}

impl Server {
    /// Waits until it says that it is ready.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the binary starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let Some((_, url)) = line.trim().split_once(" is ready at ") else {
            let mut errors = String::new();
            child.stderr.take().expect("a pipe").read_to_string(&mut errors).expect("text");
            panic!("the server did not start: {line}{errors}");
        };
        let url = url.to_owned();
        let mut greeting = line;
        // A reader at the other end, so that no write of the server fails or waits.
        let rest = std::thread::spawn(move || {
            let mut rest = String::new();
            while stdout.read_line(&mut rest).is_ok_and(|n| n > 0) && !rest.contains("Ctrl-C") {}
            let shown = rest.clone();
            std::thread::spawn(move || stdout.read_to_string(&mut rest));
            shown
        });
        if command.get_args().next().is_some_and(|argument| argument == "demo") {
            greeting.push_str(&rest.join().expect("a reader"));
        }
        Self { child: Some(child), url, greeting }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("a server").id().to_string();
        let status = Command::new("kill").args([name, &pid]).status().expect("kill runs");
        assert!(status.success(), "the server runs");
    }

    /// Ends it as a power failure would, as far as a process can tell.
    pub(crate) fn kill(mut self) {
        let mut child = self.child.take().expect("a server");
        child.kill().expect("a child");
        child.wait().expect("a child");
    }

    /// Tells it to end, without waiting.
    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Waits until it logs a line with these words, and gives the line. It must log little before it.
    pub(crate) fn logged(&mut self, words: &str) -> String {
        let stderr = self.child.as_mut().and_then(|child| child.stderr.as_mut()).expect("a pipe");
        let mut line = Vec::new();
        loop {
            // Byte by byte, so that nothing is read ahead.
            let mut byte = [0];
            stderr.read_exact(&mut byte).unwrap_or_else(|error| panic!("no `{words}` was logged: {error}"));
            if byte != *b"\n" {
                line.extend(byte);
                continue;
            }
            let text = String::from_utf8_lossy(&line).into_owned();
            if text.contains(words) {
                return text;
            }
            line.clear();
        }
    }

    /// Waits for its end.
    pub(crate) fn ended(self) -> Option<i32> {
        self.last_words().0
    }

    /// Waits for its end; gives also what it logged that nobody has read yet.
    pub(crate) fn last_words(mut self) -> (Option<i32>, String) {
        let child = self.child.as_mut().expect("a server");
        let mut stderr = child.stderr.take().expect("a pipe");
        let log = std::thread::spawn(move || {
            let mut log = Vec::new();
            stderr.read_to_end(&mut log).expect("the pipe can be read");
            String::from_utf8_lossy(&log).into_owned()
        });
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = child.try_wait().expect("a child") {
                return (status.code(), log.join().expect("a reader"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the server does not end");
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<String>) -> (u16, Value) {
        let response =
            client().post(format!("{}{path}", self.url)).header("Content-Type", "application/json");
        let response = response.body(body.into()).send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ended = child.kill().and_then(|()| child.wait());
        }
    }
}

/// A client that takes a connection of its own for each request.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .timeout(PATIENCE)
        .build()
        .expect("a client")
}
