//! What goes wrong in one run, and how often each of it was really met.

use std::collections::BTreeMap;
use std::sync::Mutex;

use holdover_kit::random::Random;

macro_rules! words {
    ($(#[$what:meta])* $of:ident { $($(#[$doc:meta])* $name:ident,)+ }) => {
        $(#[$what])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum $of { $($(#[$doc])* $name,)+ }

        impl $of {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)+];
        }
    };
}

words! {
    /// Something that goes wrong.
    Fault {
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
        /// The row of a leaver is gone for a day.
        RosterLosesLeaver,
        /// The program dies before anything is committed.
        DiesBeforeCommit,
        /// It dies after the commit, before the run has ended.
        DiesAfterCommit,
        /// A call to the store fails.
        StoreFails,
        /// The program dies in a call to the store, before or after it is durable.
        StoreDies,
        /// An output cannot be written.
        OutputFails,
        /// The clock goes back by two days for this run.
        ClockBack,
        /// The same run is started again at the same instant.
        RunTwice,
        /// The file of exceptions cannot be parsed.
        ExceptionsBroken,
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
        /// A call to the store fails while tickets are sent.
        SyncStoreFails,
        /// Somebody closes a ticket while access remains.
        ClosedByHand,
        /// A line of the ledger cannot be written: the transaction it is in is undone.
        LedgerLineFails,
        /// The program is killed: what is on the disk then is all that is left.
        Killed,
        /// An older copy of the database is put back.
        OlderCopy,
        /// Somebody else opens the store while it is in use.
        SecondOpener,
        /// A limit that says how long to wait, in seconds.
        OktaLimitSeconds,
        /// The same as a date.
        OktaLimitDate,
        /// The same as the instant of the reset.
        OktaLimitReset,
        /// A limit that says nothing.
        OktaLimitBare,
        /// A limit that means a quarter of an hour.
        OktaLimitLong,
        /// A limit that means a day.
        OktaLimitFar,
        /// The credential ends in mid-walk.
        OktaExpires,
        /// It is refused once, and then taken.
        OktaExpiresOnce,
        /// A list is refused.
        OktaDenied,
        /// A right was taken away since yesterday.
        OktaRightLost,
        /// Every page after the first fails.
        OktaPageFails,
        /// A list is not to be had twice, and then it is.
        OktaStumbles,
        /// A list is not to be had at all.
        OktaOutage,
        /// Nobody takes the connection.
        OktaRefused,
        /// The connection is reset once.
        OktaReset,
        /// Nothing comes back.
        OktaSilent,
        /// A body is cut once.
        OktaCut,
        /// A body is always cut.
        OktaCutAlways,
        /// A login page comes in the place of a list.
        OktaLoginPage,
        /// The same cursor is handed out again.
        OktaCursorRepeats,
        /// The first page of users has no link to the next.
        OktaLinkMissing,
        /// The link to the next page leads elsewhere.
        OktaElsewhere,
        /// An empty page stands before the first.
        OktaEmptyPage,
        /// A store on the way answers with what it kept.
        OktaStored,
        /// An object is none.
        OktaGarbled,
        /// A user has a status nobody knows.
        OktaUnknownStatus,
        /// The organisation is another one.
        OktaWrongTenant,
        /// Its clock is ten minutes away from ours.
        OktaClockOff,
        /// Its clock is a hundred seconds away.
        OktaClockDrifts,
    }
}

words! {
    /// Something good, or at least right, that has to be reached by some seed: what is never reached proves nothing.
    Reached {
        Confirmed,
        ConfirmedBySecondLook,
        ClosedByTwoLooks,
        ClosedAsEnded,
        ClosedByRehire,
        ClosedAfterHandOver,
        Reopened,
        Unverified,
        Suppressed,
        SuppressionEnded,
        RosterHeld,
        RosterAccepted,
        Surge,
        SurgeAccepted,
        WeekHeld,
        DropGuard,
        DropAccepted,
        ExceptionsInvalid,
        RetryThatHelped,
        LongWaitThatHelped,
        RenewalThatHelped,
        TicketMade,
        TicketResolved,
        TicketReopened,
        TicketAdopted,
        Disputed,
        BreakerFired,
        SentByBothTrackers,
        RunInterrupted,
        ClockNoticed,
        StoreRefused,
        Busy,
        RolledBack,
        HistoryAccepted,
        CleanRun,
    }
}

/// What a seed has to have for a fault to be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    Disk,
    Okta,
}

impl Fault {
    fn needs(self) -> Needs {
        if self >= Self::OktaLimitSeconds {
            Needs::Okta
        } else if self >= Self::LedgerLineFails {
            Needs::Disk
        } else {
            Needs::Nothing
        }
    }

    /// Whether the roster may not be believed because of it.
    pub(crate) fn holds_roster(self) -> bool {
        matches!(self, Self::RosterMissing | Self::RosterCut | Self::RosterColumn | Self::RosterShrinks)
    }
}

/// What a seed has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Has {
    /// The Okta organisation, read by the real scanner.
    pub(crate) okta: bool,
    /// The store on disk.
    pub(crate) disk: bool,
}

/// How often each fault was met and each good thing reached, over all seeds.
#[derive(Debug, Default)]
pub(crate) struct Met {
    counts: Mutex<BTreeMap<Fault, u64>>,
    reached: Mutex<BTreeMap<Reached, u64>>,
}

impl Met {
    pub(crate) fn fired(&self, fault: Fault) {
        *self.counts.lock().expect("a lock").entry(fault).or_default() += 1;
    }

    pub(crate) fn reached(&self, what: Reached) {
        *self.reached.lock().expect("a lock").entry(what).or_default() += 1;
    }

    /// The same where it is so.
    pub(crate) fn reached_if(&self, what: Reached, so: bool) {
        if so {
            self.reached(what);
        }
    }

    /// Faults that no seed met.
    pub(crate) fn never(&self) -> Vec<Fault> {
        let counts = self.counts.lock().expect("a lock");
        Fault::ALL.iter().copied().filter(|fault| !counts.contains_key(fault)).collect()
    }

    /// Good things that no seed reached.
    pub(crate) fn never_reached(&self) -> Vec<Reached> {
        let reached = self.reached.lock().expect("a lock");
        Reached::ALL.iter().copied().filter(|what| !reached.contains_key(what)).collect()
    }

    /// What was met or reached fewer than five times: soon it may be never.
    pub(crate) fn seldom(&self) -> String {
        let (counts, reached) = (self.counts.lock().expect("a lock"), self.reached.lock().expect("a lock"));
        let faults = counts.iter().filter(|(_, count)| **count < 5).map(|(fault, count)| format!("{fault:?} {count}"));
        let good = reached.iter().filter(|(_, count)| **count < 5).map(|(what, count)| format!("{what:?} {count}"));
        let all: Vec<String> = faults.chain(good).collect();
        if all.is_empty() { String::from("nothing") } else { all.join(", ") }
    }

    /// Both, for people.
    pub(crate) fn told(&self) -> String {
        format!("{:?}\n{:?}", self.counts.lock().expect("a lock"), self.reached.lock().expect("a lock"))
    }
}

/// Faults of one run: mostly none, sometimes two or three.
pub(crate) fn draw(random: &mut Random, has: Has) -> Vec<Fault> {
    let of = |needs: Needs| Fault::ALL.iter().copied().filter(move |fault| fault.needs() == needs).collect::<Vec<_>>();
    let mut faults = Vec::new();
    if random.chance(12) {
        faults.push(Fault::SyncDies);
    }
    let mut add = |random: &mut Random, percent: u64, needs: Needs| {
        if random.chance(percent) {
            let fault = *random.pick(&of(needs));
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
    };
    add(random, 35, Needs::Nothing);
    add(random, 30, Needs::Nothing);
    if has.okta {
        add(random, 60, Needs::Okta);
    }
    if has.disk {
        add(random, 40, Needs::Disk);
    }
    faults
}
