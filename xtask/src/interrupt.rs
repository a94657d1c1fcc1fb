//! Ctrl-C, SIGTERM and SIGHUP as a question that loops ask, so that everything started is also stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context as _, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Remembers the first signal that asked this process to end.
#[derive(Clone)]
pub(crate) struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Catches the signals from now on. A second Ctrl-C ends the process at once.
    pub(crate) fn install() -> Result<Self> {
        let received = Arc::new(AtomicUsize::new(0));
        let impatient = Arc::new(AtomicBool::new(false));
        let install = || -> std::io::Result<()> {
            // The order matters: the shutdown looks at the flag before the same signal sets it.
            signal_hook::flag::register_conditional_shutdown(SIGINT, 128 + SIGINT, Arc::clone(&impatient))?;
            signal_hook::flag::register(SIGINT, Arc::clone(&impatient))?;
            for (signal, number) in [(SIGINT, 2), (SIGTERM, 15), (SIGHUP, 1)] {
                signal_hook::flag::register_usize(signal, Arc::clone(&received), number)?;
            }
            Ok(())
        };
        install().context("cannot catch signals")?;
        Ok(Self(received))
    }

    /// The signal that was received, if any.
    pub(crate) fn signal(&self) -> Option<u8> {
        match self.0.load(Ordering::SeqCst) {
            0 => None,
            number => u8::try_from(number).ok(),
        }
    }

    /// Fails once a signal was received.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some(signal) = self.signal() {
            bail!("interrupted by signal {signal}");
        }
        Ok(())
    }

    /// The exit code that shells expect after a signal.
    pub(crate) fn exit_code(&self) -> Option<u8> {
        self.signal().map(|signal| 128 + signal)
    }
}

#[cfg(test)]
impl Interrupt {
    /// One that no signal reaches.
    pub(crate) fn quiet() -> Self {
        Self(Arc::new(AtomicUsize::new(0)))
    }

    /// As if a signal had been received.
    pub(crate) fn pretend(&self, signal: usize) {
        self.0.store(signal, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_becomes_an_exit_code() {
        let interrupt = Interrupt::quiet();
        assert_eq!(interrupt.exit_code(), None);
        assert!(interrupt.check().is_ok());
        interrupt.pretend(15);
        assert_eq!(interrupt.exit_code(), Some(143));
        assert!(interrupt.check().is_err());
    }
}
