//! Ctrl-C and SIGTERM: the first asks to stop, the second ends the process.

use super::Exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Watches for signals while a command runs.
#[derive(Clone, Debug)]
pub(crate) struct Signals {
    /// Set at the first signal.
    pub(crate) cancel: CancellationToken,
    which: Arc<AtomicU8>,
}

impl Signals {
    /// Starts to watch. Where signals cannot be watched the process simply ends at the first.
    pub(crate) fn watch() -> Self {
        let signals = Self { cancel: CancellationToken::new(), which: Arc::new(AtomicU8::new(0)) };
        for (kind, exit) in [
            (SignalKind::interrupt(), Exit::Interrupted),
            (SignalKind::terminate(), Exit::Terminated),
            (SignalKind::hangup(), Exit::Terminated),
        ] {
            let Ok(mut stream) = signal(kind) else { continue };
            let watching = signals.clone();
            tokio::spawn(async move {
                while stream.recv().await.is_some() {
                    if watching.which.swap(exit as u8, Ordering::SeqCst) != 0 {
                        crate::console::terminal::restore();
                        std::process::exit(i32::from(exit as u8));
                    }
                    watching.cancel.cancel();
                }
            });
        }
        signals
    }

    /// The same signals, for something that can also be stopped by itself.
    pub(crate) fn with_cancel(&self, cancel: CancellationToken) -> Self {
        Self { cancel, which: Arc::clone(&self.which) }
    }

    /// The exit code of the signal that came, if one did.
    pub(crate) fn exit(&self) -> Option<Exit> {
        match self.which.load(Ordering::SeqCst) {
            130 => Some(Exit::Interrupted),
            143 => Some(Exit::Terminated),
            _ => None,
        }
    }
}
