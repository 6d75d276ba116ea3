//! Loads the roster: reads the files, compares them with the accepted roster, asks the gates, and says which roster is
//! in force. Nothing here fails: whatever goes wrong is a fact that is told.

use std::collections::{BTreeMap, BTreeSet};

use scan_contract::{Documents, Instant};

use super::compare::{Compared, Comparer};
use super::decide;
use super::figures::{Figures, Sums};
use super::gates::{self, Force, Gate};
use super::in_force::Roster;
use super::intake::Packing;
use super::model::{EndBasis, LeavePolicy, RosterState};
use super::past::Past;
use super::settings::RosterSettings;
use super::sources::{Reader, Reading};
use crate::problem::Problem;
use crate::report::{Notice, RosterFacts};
use crate::store::AcceptedRoster;

/// Word in [`AcceptedRoster::accepted_by`] for a first roster that no operator has accepted yet.
pub const ACCEPTED_AS_BASELINE: &str = "baseline";
/// Word for a roster that passed every gate.
pub const ACCEPTED_BY_GATES: &str = "gates";
/// Word for a roster that an operator accepted by its digest.
pub const ACCEPTED_BY_OPERATOR: &str = "operator";

/// Everything that loading needs.
pub struct LoadInput<'a> {
    /// How the roster is read.
    pub settings: &'a RosterSettings,
    /// The door to its files.
    pub documents: &'a dyn Documents,
    /// The instant everything is judged at.
    pub now: Instant,
    /// Which day governs the end of access.
    pub end_basis: EndBasis,
    /// What leave means.
    pub leave_policy: LeavePolicy,
    /// The last accepted roster.
    pub previous: Option<&'a AcceptedRoster>,
    /// Figures of the roster accepted seven days ago, as this room wrote them (ROS-15).
    pub week_ago_figures: Option<&'a str>,
    /// When an operator last accepted this digest by name (ROS-13); `None` if nobody did.
    pub released: &'a dyn Fn(&str) -> Option<Instant>,
    /// Share of the people on the roster who were matched to at least one identity in the last run, 0 to 1 (ROS-8).
    /// Not known, the worst is assumed: everybody was.
    pub matched_share: Option<f64>,
}

/// What came out.
#[derive(Debug)]
pub struct Loaded {
    /// The roster in force, if any.
    pub roster: Option<Roster>,
    /// What is told of it.
    pub facts: RosterFacts,
    /// Whether the newest roster is believed.
    pub state: RosterState,
    /// Many people newly left: they are judged, their findings stay observed, and an operator has to accept the digest.
    pub surge: bool,
    /// No operator has accepted any roster yet: tickets stay held.
    pub baseline: bool,
    /// To be remembered as the accepted roster; `None` where nothing changed or nothing may be remembered.
    pub accept: Option<AcceptedRoster>,
    /// Ids of people of whom the newest files say nothing. Their last known dates stay in force, and prove nothing new: an
    /// accepted roster may be older than an end that was read and not accepted yet (FND-5).
    pub missing: BTreeSet<String>,
    /// Every mistake in the files, with its place. Rows must not be quoted beside them.
    pub problems: Vec<Problem>,
    /// What a run has to say about the roster.
    pub notices: Vec<Notice>,
}

/// The accepted roster, as far as it can be used.
pub(super) enum Before {
    Never,
    Known(Box<Past>),
    Unusable(String),
}

/// Loads the roster. See [`Loaded`].
pub fn load(input: &LoadInput<'_>) -> Loaded {
    let reader = Reader {
        settings: input.settings,
        documents: input.documents,
        now: input.now,
        end_basis: input.end_basis,
        packing: Packing::Keep,
    };
    let mut reading = reader.read(None);
    let before = match input.previous {
        None => Before::Never,
        Some(accepted) => match Past::open(&accepted.archive, &accepted.figures) {
            Ok(past) => Before::Known(Box::new(past)),
            Err(error) => Before::Unusable(error.to_string()),
        },
    };
    let released_at = reading.digest.as_ref().and_then(|digest| (input.released)(&digest.0));
    let released = released_at.is_some();
    let judged = judge(input, &mut reading, &before, released_at);
    if judged.gates.iter().any(|gate| gate.stops(released)) {
        decide::held(input, reading, &before, judged, released)
    } else {
        decide::in_force(input, reading, judged, released)
    }
}

/// The newest roster after all gates.
pub(super) struct Judged {
    pub(super) gates: Vec<Gate>,
    pub(super) compared: Compared,
    /// `None` where the files are too damaged to be counted.
    pub(super) figures: Option<Figures>,
}

fn judge(input: &LoadInput<'_>, reading: &mut Reading, before: &Before, released_at: Option<Instant>) -> Judged {
    let mut gates: Vec<Gate> = reading.files().flat_map(|file| file.gates.iter().cloned()).collect();
    if input.settings.sources.is_empty() {
        gates.push(Gate::whole("ROS-1", Force::Refuses, "no roster source is configured"));
    }
    let past = match before {
        Before::Known(past) => Some(&**past),
        Before::Never => None,
        Before::Unusable(why) => {
            let says = format!("{why}; the newest roster can be compared with nothing");
            gates.push(Gate::whole("ROS-14", Force::Holds, says));
            None
        }
    };
    if gates.iter().any(|gate| gate.force == Force::Refuses) {
        // Counts over half a file mean nothing.
        return Judged { gates, compared: Compared::default(), figures: None };
    }
    for file in &mut reading.sources {
        // From here on the bytes are as old as they are, whatever the time of their newest copy.
        file.as_of = gates::described_at(file, past.map(|past| &past.figures));
    }
    let mut compared = Compared::default();
    if let Some(past) = past {
        match comparer(input, past, reading).run(&mut reading.people) {
            Ok(result) => compared = result,
            Err(error) => {
                let says = format!("{error}; the newest roster can be compared with nothing");
                gates.push(Gate::whole("ROS-14", Force::Holds, says));
            }
        }
    }
    let mut figures = Figures::count(reading, input.now, input.leave_policy);
    let figures_before = past.map(|past| &past.figures);
    gates.extend(gates::alone(input.settings, reading, figures_before, input.now, input.leave_policy, released_at));
    if let Some(past) = past {
        add_up(&mut figures, &past.figures, &compared);
        gates.extend(gates::against(input.settings, reading, &past.figures));
        let week_ago = match input.week_ago_figures.map(Figures::parse) {
            Some(Ok(figures)) => Some(figures),
            None => None,
            Some(Err(why)) => {
                gates.push(Gate::whole(
                    "ROS-15",
                    Force::Reports,
                    format!("{why}; nothing is compared with a week ago"),
                ));
                None
            }
        };
        let swing = &compared.swing;
        gates.extend(gates::swings(swing, &past.figures, &figures, week_ago.as_ref(), input.matched_share, reading));
        if released_at.is_some() {
            // What an operator accepted by name is not held against the rosters after it.
            figures.sums = past.figures.sums;
            figures.anchor = Some(Box::new(figures.as_anchor()));
        }
    }
    Judged { gates, compared, figures: Some(figures) }
}

fn comparer<'a>(input: &LoadInput<'a>, past: &'a Past, reading: &Reading) -> Comparer<'a> {
    Comparer {
        settings: input.settings,
        past,
        now: input.now,
        end_basis: input.end_basis,
        leave: input.leave_policy,
        as_of: reading
            .sources
            .iter()
            .filter_map(|file| file.as_of.map(|as_of| (file.id.clone(), as_of)))
            .collect::<BTreeMap<_, _>>(),
    }
}

fn add_up(figures: &mut Figures, past: &Figures, compared: &Compared) {
    let swing = &compared.swing;
    let lost = |what: fn(&gates::Kept) -> u64| swing.kept.values().map(what).sum::<u64>();
    figures.sums = Sums {
        newly_ended: past.sums.newly_ended + swing.newly_ended,
        taken_back: past.sums.taken_back + swing.taken_back,
        lost_ids: past.sums.lost_ids + lost(|kept| kept.lost_ids),
        lost_addresses: past.sums.lost_addresses + lost(|kept| kept.lost_addresses),
    };
    figures.anchor.clone_from(&past.anchor);
}
