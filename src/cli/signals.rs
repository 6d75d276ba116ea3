//! Being told to stop: the first signal ends the run in order (STO-10), the second one at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

/// Waits for SIGHUP, and asks for a reload each time. One that waits is enough.
pub(super) async fn reloads(ask: mpsc::Sender<()>) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        tracing::warn!(event = "signals", "SIGHUP cannot be watched; the file watch still reloads");
        return;
    };
    while hangup.recv().await.is_some() {
        match ask.try_send(()) {
            Ok(()) | Err(mpsc::error::TrySendError::Full(())) => {}
            Err(mpsc::error::TrySendError::Closed(())) => return,
        }
    }
}

/// Waits for signals and says so on `stop`.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "a second signal asks for exactly this")]
pub(super) async fn watch(stop: watch::Sender<bool>) {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::warn!(event = "signals", "signals cannot be watched; a stop ends the program at once");
        return;
    };
    let mut told = false;
    loop {
        let code = tokio::select! {
            _ = interrupt.recv() => 130,
            _ = terminate.recv() => 143,
        };
        if told {
            std::process::exit(code);
        }
        told = true;
        tracing::warn!(event = "stopping", "stopping: what is being read is marked as interrupted");
        stop.send_replace(true);
    }
}
