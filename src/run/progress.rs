//! What a run tells while it goes on.

use scan_contract::{ScopeState, SystemId};

/// Something worth a line on standard error.
#[derive(Debug, Clone)]
pub enum Event<'a> {
    /// Reading of a system begins.
    SystemStarted {
        /// Which.
        system: &'a SystemId,
        /// Declared scopes.
        scopes: usize,
    },
    /// Records came in.
    Read {
        /// Which system.
        system: &'a SystemId,
        /// Records so far.
        records: u64,
        /// The walk that is on, such as a file.
        pass: &'a str,
    },
    /// A live system is being asked; told every ten seconds.
    Asking {
        /// Which system.
        system: &'a SystemId,
        /// The walk that is on.
        pass: &'a str,
        /// Records so far.
        records: u64,
        /// What it cost so far.
        effort: scan_contract::Effort,
    },
    /// A system is done.
    SystemEnded {
        /// Which.
        system: &'a SystemId,
        /// Records read.
        records: u64,
        /// Complete scopes.
        complete: usize,
        /// Declared scopes.
        scopes: usize,
        /// Worst state among its scopes.
        worst: ScopeState,
    },
    /// Work after reading, such as `attributing` or `writing reports`.
    Stage(&'a str),
}

/// Receives events. Called from several threads.
pub trait Progress: Send + Sync {
    /// Takes one event; must return quickly.
    fn tell(&self, event: &Event<'_>);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn tell(&self, _: &Event<'_>) {}
}
