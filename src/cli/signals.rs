//! Being told to stop: the first signal ends the run in order (STO-10), the second one at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

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
