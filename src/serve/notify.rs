//! What the service manager is told (systemd's `sd_notify`). Without one, nothing happens.

use std::time::Duration;

use sd_notify::NotifyState;

/// It is ready.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// It takes another configuration over; [`ready`] follows, also where it was refused.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(event = "notify", %error),
    }
}

/// It stops.
pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping: what is being read is marked as interrupted")]);
}

/// What it does, for `systemctl status`.
pub fn status(says: &str) {
    tell(&[NotifyState::Status(says)]);
}

/// It is alive.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often the service manager wants to hear that it is alive; half of its limit.
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(event = "notify", %error);
    }
}
