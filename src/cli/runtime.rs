//! The runtimes that scanners and senders run on.

use std::fs::File;
use std::io;

use tokio::runtime::{Builder, Runtime};

use super::failure::Failure;
use crate::config::Config;

/// Descriptors that a runtime needs for itself, and some more.
const DESCRIPTORS: usize = 12;

/// Asks for the descriptors of a runtime before it does: its library panics where it cannot have them.
pub(super) fn descriptors_to_spare() -> Result<(), Failure> {
    let asked: io::Result<Vec<File>> = (0..DESCRIPTORS).map(|_| File::open("/")).collect();
    asked.map(drop).map_err(|error| {
        Failure::Output(format!("the runtime did not start: {error}: allow this program more open files (ulimit -n)"))
    })
}

/// The runtime that scanners run on.
pub(super) fn runtime(config: &Config) -> Result<Runtime, Failure> {
    descriptors_to_spare()?;
    Builder::new_multi_thread()
        .worker_threads(config.run.threads.max(2))
        .enable_all()
        .build()
        .map_err(|error| Failure::Output(format!("the runtime did not start: {error}")))
}
