//! Scripts that run in Redis, sent by their hash, and whole where Redis does not know them.

use redis::{Cmd, ErrorKind, RedisResult, ServerErrorKind, Value, aio::ConnectionLike as _};

use super::connect::Link;

pub(super) struct Script {
    text: &'static str,
    hash: String,
}

/// What a script is called with.
pub(super) struct Arguments<'a> {
    pub(super) keys: &'a [&'a [u8]],
    pub(super) values: &'a [&'a [u8]],
}

impl Script {
    pub(super) fn new(text: &'static str) -> Self {
        Self { text, hash: redis::Script::new(text).get_hash().to_owned() }
    }

    pub(super) async fn call(&self, link: &mut Link, arguments: &Arguments<'_>) -> RedisResult<Value> {
        let answer = link.req_packed_command(&self.by_hash(arguments)).await;
        match answer.and_then(Value::extract_error) {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                let whole = command("EVAL", self.text, arguments);
                link.req_packed_command(&whole).await.and_then(Value::extract_error)
            }
            answer => answer,
        }
    }

    /// The call, for those who know that the script is there.
    pub(super) fn by_hash(&self, arguments: &Arguments<'_>) -> Cmd {
        command("EVALSHA", &self.hash, arguments)
    }
}

fn command(name: &str, script: &str, arguments: &Arguments<'_>) -> Cmd {
    let Arguments { keys, values } = arguments;
    let bytes: usize = keys.iter().chain(*values).map(|part| part.len()).sum();
    let mut command = Cmd::with_capacity(keys.len() + values.len() + 3, bytes + script.len() + 16);
    command.arg(name).arg(script).arg(keys.len());
    for part in keys.iter().chain(*values) {
        command.arg(*part);
    }
    command
}
