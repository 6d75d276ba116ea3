//! What the process keeps from the machine it runs on: pictures of its memory, in which secrets lie (FIL-3).

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Switches core files off, and keeps debuggers and core handlers of other users away. Where the kernel refuses, it is
/// logged: a program that is not allowed to hide is still allowed to scan.
pub(super) fn hide_memory() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core files could not be switched off");
    }
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "the memory of this process could not be hidden from others");
    }
}
