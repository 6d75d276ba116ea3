//! What goes wrong in one run, and how often each of it was really met.

use std::collections::BTreeMap;
use std::sync::Mutex;

use holdover_kit::random::Random;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// Something that goes wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Fault { $($(#[$doc])* $name,)+ }

        impl Fault {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)+];
        }
    };
}

faults! {
    /// The export ends in the middle.
    ExportCut,
    /// The export is not there.
    ExportMissing,
    /// It may not be opened.
    ExportDenied,
    /// Reading it fails half way.
    ExportBreaks,
    /// It is the one of the run before.
    ExportOld,
    /// A line holds a status nobody knows.
    ExportUnknownWord,
    /// A line is not JSON.
    ExportGarbledLine,
    /// The end line counts one more than there is.
    ExportCountsMore,
    /// The list of users is refused.
    ListDenied,
    /// It breaks after the first page.
    ListBreaks,
    /// It ends without saying that it ended.
    ListUnsealed,
    /// The reader panics after the first page.
    ListPanics,
    /// The list leaves out a user and announces the true number.
    ListShort,
    /// A user is listed twice.
    ListTwice,
    /// Whoever answers is somebody else.
    WrongTenant,
    /// Keys of one user cannot be asked for.
    KeysDenied,
    /// A second look gives no answer.
    LookFails,
    /// The roster is not there.
    RosterMissing,
    /// It ends in the middle of a row.
    RosterCut,
    /// A column has another name.
    RosterColumn,
    /// Half of its rows are gone.
    RosterShrinks,
    /// It is the one of the run before.
    RosterOld,
    /// The program dies before anything is committed.
    DiesBeforeCommit,
    /// It dies after the commit, before the run has ended.
    DiesAfterCommit,
    /// The clock goes back by two days for this run.
    ClockBack,
    /// The same run is started again at the same instant.
    RunTwice,
    /// The tracker cannot be reached.
    TrackerDown,
    /// It does what it is asked, and the answer is lost.
    AnswerLost,
    /// It does nothing, and nobody can tell.
    AnswerLostNotDone,
    /// A new ticket is found only after a while.
    IndexLags,
    /// A search shows each ticket twice.
    ShownTwice,
    /// Sending dies between two steps.
    SyncDies,
    /// Somebody closes a ticket while access remains.
    ClosedByHand,
}

/// How often each fault was met, over all seeds.
#[derive(Debug, Default)]
pub(crate) struct Met {
    counts: Mutex<BTreeMap<Fault, u64>>,
}

impl Met {
    pub(crate) fn fired(&self, fault: Fault) {
        *self.counts.lock().expect("a lock").entry(fault).or_default() += 1;
    }

    pub(crate) fn of(&self, fault: Fault) -> u64 {
        self.counts.lock().expect("a lock").get(&fault).copied().unwrap_or(0)
    }

    /// Faults that no seed met.
    pub(crate) fn never(&self) -> Vec<Fault> {
        Fault::ALL.iter().copied().filter(|fault| self.of(*fault) == 0).collect()
    }
}

/// Faults of one run: mostly none, sometimes two.
pub(crate) fn draw(random: &mut Random) -> Vec<Fault> {
    let mut faults = Vec::new();
    if random.chance(12) {
        faults.push(Fault::SyncDies);
    }
    for _ in 0..2 {
        if random.chance(35) {
            let fault = *random.pick(Fault::ALL);
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
    }
    faults
}
