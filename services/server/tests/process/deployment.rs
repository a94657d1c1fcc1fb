//! What the image, docker-compose.yml and docs/operations.md ask of the binary and of the scripts.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Place, leasehold, run};

const TOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn read(file: &str) -> String {
    std::fs::read_to_string(format!("{TOP}/{file}")).unwrap()
}

#[track_caller]
fn accepted(command: &str) {
    let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
    let ended = run(leasehold(&words));
    assert_eq!(ended.code, Some(0), "`leasehold {command}`: {ended:?}");
}

#[test]
fn containers_run_commands_that_there_are() {
    // The lists of the form [a, "b"] after these words.
    let lists = |file: &str, beginnings: &[&str]| -> Vec<String> {
        let text = read(file);
        let list = |line: &str| {
            let rest = beginnings.iter().find_map(|beginning| Some(line.split_once(beginning)?.1))?;
            let words = rest.trim().strip_prefix('[')?.strip_suffix(']')?.replace([',', '"'], " ");
            Some(words.split_whitespace().collect::<Vec<_>>().join(" "))
        };
        text.lines().filter_map(list).collect()
    };
    let mut commands: BTreeSet<String> = lists("deploy/Dockerfile", &["CMD "]).into_iter().collect();
    commands.extend(lists("docker-compose.yml", &[" command:", " test:"]));
    let ours: BTreeSet<&str> = commands
        .iter()
        .map(|command| command.trim_start_matches("CMD ").trim_start_matches("leasehold "))
        .filter(|command| ["serve", "migrate", "healthcheck"].iter().any(|verb| command.starts_with(verb)))
        .collect();
    assert_eq!(ours, BTreeSet::from(["serve", "serve --no-migrate", "migrate", "healthcheck"]));
    for command in ours {
        accepted(command);
    }
    let unit = read("deploy/leasehold.service");
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/leasehold "));
    accepted(start.unwrap());
}

#[test]
fn the_operations_page_has_commands_that_there_are() {
    let page = read("docs/operations.md");
    let mut seen = 0;
    for block in page.split("```").skip(1).step_by(2).filter(|block| block.starts_with("sh")) {
        for line in block.replace("\\\n", " ").lines() {
            let words: Vec<&str> = line.split(" # ").next().unwrap_or_default().split_whitespace().collect();
            for (i, _) in words.iter().enumerate().filter(|(_, word)| **word == "leasehold") {
                // The name of a user, of a unit or of a database, and not the program.
                let is_name = i > 0 && ["-u", "-o", "-g"].contains(&words[i - 1]);
                let after = words[i + 1..].iter().take_while(|word| !["|", ">", "&&", ";"].contains(word));
                let command = after.copied().collect::<Vec<_>>().join(" ");
                if !is_name && !command.is_empty() {
                    accepted(&command);
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 10, "{seen} commands: the page or this test has changed");
}

#[test]
fn a_health_check_says_whether_the_server_wants_requests() {
    let place = Place::embedded();
    let server = place.serve(&[]);
    let check = ["healthcheck", "--url", &server.url];
    assert_eq!(run(leasehold(&check)).text(), "The server is ready.\n");
    assert_eq!(run(leasehold(&[&check[..], &["--json"]].concat())).json()["ready"], true);
    let url = server.url.clone();
    server.kill();
    run(leasehold(&["healthcheck", "--url", &url])).failed(1, "does not answer");
    assert_eq!(run(leasehold(&["healthcheck", "--url", "https://a.example/x"])).code, Some(2));
}

#[test]
fn a_health_check_waits_two_seconds() {
    // Takes connections, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    run(leasehold(&["healthcheck", "--url", &url])).failed(1, "within 2 seconds");
}

#[test]
fn a_server_that_is_not_ready_is_not_healthy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let length = socket.read(&mut request).unwrap();
        socket.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n").unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    run(leasehold(&["healthcheck", "--url", &url])).failed(1, "not ready: it answers 503");
    assert!(answering.join().unwrap().starts_with("GET /readyz HTTP/1.1\r\n"));
}

#[test]
fn secrets_are_made_once_and_for_their_owner_alone() {
    let home = tempfile::tempdir().unwrap();
    let script = |url: &str| {
        let mut command = Command::new(format!("{TOP}/deploy/init-secrets.sh"));
        command.arg(url).env("LEASEHOLD_HOME", home.path());
        run({
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            command
        })
    };
    for bad in ["licenses.example.com", "https://", "https://a b", "https://a\nb"] {
        assert_eq!(script(bad).code, Some(1), "{bad}");
    }
    script("https://licenses.example.com").text();
    let files = [".env", "secrets/master.key", "secrets/platform.token"].map(|name| home.path().join(name));
    let texts = files.each_ref().map(|file| {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
        std::fs::read_to_string(file).unwrap()
    });
    assert_eq!(home.path().join("secrets").metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let example = read(".env.example");
    for line in texts[0].lines() {
        let (name, value) = line.split_once('=').unwrap();
        assert!(!value.is_empty() && example.contains(&format!("\n{name}=\n")), "{name}");
    }
    assert_eq!(texts[1].trim().len(), 64);
    for file in &files {
        assert!(script("https://licenses.example.com").stderr.contains("exists already"));
        std::fs::rename(file, home.path().join("kept")).unwrap();
    }
    assert_eq!(std::fs::read_to_string(home.path().join("kept")).unwrap(), texts[2]);
    // The server takes what was made.
    let key = home.path().join("key");
    std::fs::write(&key, &texts[1]).unwrap();
    let mut command = Place::embedded().command(&["tenant", "create", "acme"]);
    command.env("LEASEHOLD_DATA", home.path().join("data")).env("LEASEHOLD_MASTER_KEY_FILE", &key);
    run(command).text();
}

/// A process that is killed when dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

#[test]
fn redis_has_one_user_who_sees_only_our_keys() {
    let home = tempfile::tempdir().unwrap();
    let (socket, users) = (home.path().join("redis.sock"), home.path().join("users.acl"));
    let mut command = Command::new(format!("{TOP}/deploy/redis/start.sh"));
    command.args(["--port", "0", "--unixsocket"]).arg(&socket).arg("--dir").arg(home.path());
    command.env("REDIS_CONFIG", format!("{TOP}/deploy/redis/redis.conf")).env("REDIS_USERS", &users);
    command.env("LEASEHOLD_REDIS_PASSWORD", "secret").stdout(Stdio::null()).stdin(Stdio::null());
    let _redis = Killed(command.spawn().unwrap());
    let until = Instant::now() + Duration::from_secs(30);
    let mut stream = loop {
        match UnixStream::connect(&socket) {
            Ok(stream) => break stream,
            Err(error) => assert!(Instant::now() < until, "Redis does not listen: {error}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(users.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let mut ask = |command: &str| {
        stream.write_all(format!("{command}\r\n").as_bytes()).unwrap();
        let mut answer = [0; 16 * 1024];
        let length = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    };
    assert!(ask("PING").starts_with("-NOAUTH"));
    assert!(ask("AUTH secret").starts_with("-WRONGPASS"), "the default user is off");
    assert!(ask("AUTH leasehold secret").starts_with("+OK"));
    for good in ["SET leasehold:{a} 1", "MGET leasehold:{a}", "INFO server", "SCRIPT LOAD return", "TIME"] {
        assert!(!ask(good).starts_with('-'), "{good}");
    }
    assert!(!ask(r#"EVAL "return redis.call('DEL', KEYS[1])" 1 leasehold:{a}"#).starts_with('-'));
    for bad in ["SET other 1", "CONFIG GET maxmemory", "KEYS *", "FLUSHALL", "ACL LIST", "SUBSCRIBE x"] {
        assert!(ask(bad).starts_with("-NOPERM"), "{bad}");
    }
}
