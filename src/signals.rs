//! The signals that end the process.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Cancelled by the first SIGTERM or SIGINT; a second one ends the process at once, for whoever does not want to wait
/// for the work to be finished.
///
/// # Errors
/// Where the system does not let signals be received.
pub(crate) fn on_signal() -> std::io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let cancel = stop.clone();
    tokio::spawn(async move {
        for first in [true, false] {
            let (name, number) = tokio::select! {
                _ = terminate.recv() => ("SIGTERM", 15),
                _ = interrupt.recv() => ("SIGINT", 2),
            };
            if first {
                tracing::info!(signal = name, "stopping; a second signal ends the process at once");
                cancel.cancel();
            } else {
                tracing::warn!(signal = name, "ending at once");
                // As a shell reports a process that a signal has ended.
                std::process::exit(128 + number);
            }
        }
    });
    Ok(stop)
}
