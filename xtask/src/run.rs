//! Runs one command to its end, or ends it with everything that it started when we are asked to stop.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::interrupt::Interrupt;

/// How long a command may take to end once asked.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often we look.
const PAUSE: Duration = Duration::from_millis(20);

/// What to do with the lines that a command prints on its standard output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// Show them as well as return them.
    Show,
    /// Only return them.
    Keep,
}

/// Runs `command`, whose output goes where ours goes.
///
/// # Errors
///
/// Says how it ended unless it succeeded.
pub(crate) fn run(interrupt: &Interrupt, command: &mut Command) -> Result<()> {
    let mut group = Group::spawn(command)?;
    let status = loop {
        if let Some(status) = group.poll(interrupt)? {
            break status;
        }
        std::thread::sleep(PAUSE);
    };
    group.finish(status)
}

/// Runs `command` and returns the lines of its standard output, also when it fails.
///
/// # Errors
///
/// The inner result says how it ended unless it succeeded; the outer one that it could not be run.
pub(crate) fn run_reading(
    interrupt: &Interrupt,
    command: &mut Command,
    lines: Lines,
) -> Result<(Vec<String>, Result<()>)> {
    let mut group = Group::spawn(command.stdout(Stdio::piped()))?;
    let reader = read_lines(&mut group.child, lines)?;
    let mut read = Vec::new();
    let status = loop {
        match group.poll(interrupt) {
            Ok(None) => {}
            Ok(Some(status)) => break Ok(status),
            Err(error) => break Err(error),
        }
        if let Ok(line) = reader.recv_timeout(PAUSE) {
            read.push(line);
        }
        read.extend(reader.try_iter());
    };
    let ended = status.and_then(|status| group.finish(status));
    // A process that escaped from the group may hold the pipe open for ever.
    while let Ok(line) = reader.recv_timeout(Duration::from_secs(1)) {
        read.push(line);
    }
    Ok((read, ended))
}

fn read_lines(child: &mut Child, lines: Lines) -> Result<Receiver<String>> {
    let stdout = child.stdout.take().context("the command's output is not a pipe")?;
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            if lines == Lines::Show {
                let mut ours = std::io::stdout().lock();
                // Whoever read our output may have left; the command shall end all the same.
                let _shown = ours.write_all(&line).and_then(|()| ours.write_all(b"\n"));
            }
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// A command in a process group of its own; none of its members outlives this value.
struct Group {
    child: Child,
    id: Option<Pid>,
}

impl Group {
    fn spawn(command: &mut Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot run {program}"))?;
        let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        Ok(Self { child, id })
    }

    /// Its status once it has ended. Ends it when we are to stop.
    fn poll(&mut self, interrupt: &Interrupt) -> Result<Option<ExitStatus>> {
        if let Err(stopped) = interrupt.check() {
            self.signal(Signal::TERM);
            let asked = Instant::now();
            while asked.elapsed() < PATIENCE && matches!(self.child.try_wait(), Ok(None)) {
                std::thread::sleep(PAUSE);
            }
            return Err(stopped);
        }
        self.child.try_wait().context("cannot ask for a command's state")
    }

    fn finish(self, status: ExitStatus) -> Result<()> {
        drop(self);
        match status.code() {
            Some(code) => ensure!(code == 0, "exit code {code}"),
            None => bail!("{status}"),
        }
        Ok(())
    }

    fn signal(&self, signal: Signal) {
        if let Some(id) = self.id {
            // An empty group is what is wanted.
            let _empty = kill_process_group(id, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _status = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_ending_is_told() {
        let interrupt = Interrupt::quiet();
        assert!(run(&interrupt, &mut shell("exit 0")).is_ok());
        assert_eq!(run(&interrupt, &mut shell("exit 7")).unwrap_err().to_string(), "exit code 7");
        assert!(run(&interrupt, &mut shell("kill -9 $$")).unwrap_err().to_string().contains("signal: 9"));
    }

    #[test]
    fn lines_are_returned_also_after_a_failure() {
        let interrupt = Interrupt::quiet();
        let (lines, ended) =
            run_reading(&interrupt, &mut shell("echo one; printf two; exit 1"), Lines::Keep).unwrap();
        assert_eq!(lines, ["one", "two"]);
        assert!(ended.is_err());
    }

    #[test]
    fn what_a_command_leaves_behind_is_ended() {
        let (lines, _) =
            run_reading(&Interrupt::quiet(), &mut shell("sleep 60 & echo $!"), Lines::Keep).unwrap();
        let pid = Pid::from_raw(lines.first().unwrap().parse().unwrap()).unwrap();
        // The orphan is gone once whoever adopted it has read its status.
        let started = Instant::now();
        while rustix::process::test_kill_process(pid).is_ok() {
            assert!(started.elapsed() < Duration::from_secs(5), "the process is still there");
            std::thread::sleep(PAUSE);
        }
    }

    #[test]
    fn an_interruption_ends_the_command() {
        let interrupt = Interrupt::quiet();
        interrupt.pretend(15);
        let started = Instant::now();
        assert!(run(&interrupt, &mut shell("sleep 60")).is_err());
        assert!(started.elapsed() < PATIENCE);
    }
}
