//! What a door does with a recording.

use scan_contract::Cause;

use crate::record::{Player, Writer};

/// A recording that is written or played.
pub(super) enum Tape {
    /// Answers are written down as well.
    Writing(Writer),
    /// Answers come from there.
    Playing(Player),
}

impl Tape {
    pub(super) fn finish(&self) -> Result<(), Cause> {
        match self {
            Self::Writing(writer) => writer.finish(),
            Self::Playing(_) => Ok(()),
        }
    }
}
