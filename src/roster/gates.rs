//! The gates ROS-1 to ROS-15: whether this roster may be believed. The roster is the most dangerous input, because
//! everything else is compared with it.
//!
//! Every figure counts passed ends only: no gate may tell of somebody who is about to leave.

mod limits;
mod swing;

use scan_contract::Instant;

pub use limits::matched_share;
pub(super) use swing::{Kept, Swing, swings};

use super::columns::Column;
use super::figures::Figures;
use super::model::{LeavePolicy, Standing};
use super::settings::{RosterSettings, SourceFormat, SourceSettings};
use super::sources::{FileRead, Reading, wanted_columns};
use crate::report::GateFact;

/// What a gate does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Force {
    /// It is said.
    Reports,
    /// Many people left at once: judged, observed, and an operator has to accept it.
    Surges,
    /// The roster is held, unless an operator accepts it by its digest.
    Holds,
    /// The roster is held although an operator accepted it: that word was about an earlier day.
    HoldsAgain,
    /// The roster is held: there is nothing that could be accepted.
    Refuses,
}

/// A gate that speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gate {
    pub(super) number: &'static str,
    pub(super) source: Option<String>,
    pub(super) force: Force,
    pub(super) says: String,
}

impl Gate {
    pub(super) fn whole(number: &'static str, force: Force, says: impl Into<String>) -> Self {
        Self { number, source: None, force, says: says.into() }
    }

    pub(super) fn of(source: &str, number: &'static str, force: Force, says: impl Into<String>) -> Self {
        Self { number, source: Some(source.to_owned()), force, says: says.into() }
    }

    /// Whether it keeps this roster from being in force.
    pub(super) fn stops(&self, released: bool) -> bool {
        self.force >= Force::HoldsAgain || (self.force == Force::Holds && !released)
    }

    /// The gate as it is told.
    pub(super) fn into_fact(self, released: bool) -> GateFact {
        let holds = self.stops(released);
        let waived = released && matches!(self.force, Force::Holds | Force::Surges);
        let says = if waived { format!("{}; accepted by an operator", self.says) } else { self.says };
        GateFact { gate: self.number.to_owned(), source: self.source, holds, says }
    }
}

/// Gates that look at the newest roster alone: freshness, sentinels, people whose rows contradict each other.
pub(super) fn alone(
    settings: &RosterSettings,
    reading: &Reading,
    past: Option<&Figures>,
    now: Instant,
    leave: LeavePolicy,
    released_at: Option<Instant>,
) -> Vec<Gate> {
    let mut gates = Vec::new();
    for source in &settings.sources {
        if let Some(file) = reading.sources.iter().find(|file| file.id == source.id) {
            gates.extend(freshness(source, file, past, now, released_at));
        }
        gates.extend(sentinels(source, reading, now, leave));
    }
    let figures = Figures::count(reading, now, leave);
    if figures.not_judged > 0 {
        // Three people may be ambiguous in any roster: half a per cent of a small one is less than one person.
        let limit = (figures.people / 200).max(3);
        let holds = figures.not_judged > limit;
        let says = format!(
            "{} of {} people have rows that contradict each other and are not judged (limit: {limit})",
            figures.not_judged, figures.people
        );
        gates.push(Gate::whole("ROS-11", if holds { Force::Holds } else { Force::Reports }, says));
    }
    gates
}

/// Instant a file describes. A copy of the same bytes with a newer time is as old as the bytes.
pub(super) fn described_at(file: &FileRead, past: Option<&Figures>) -> Option<Instant> {
    let known = past.and_then(|past| past.sources.get(&file.id));
    match (known, &file.taken) {
        (Some(known), Some(taken)) if file.by_file_time && known.sha256 == taken.sha256 => {
            known.as_of.into_iter().chain(file.as_of).min()
        }
        _ => file.as_of,
    }
}

fn freshness(
    source: &SourceSettings,
    file: &FileRead,
    past: Option<&Figures>,
    now: Instant,
    released_at: Option<Instant>,
) -> Option<Gate> {
    let max_age = chrono::TimeDelta::from_std(source.max_age).unwrap_or(chrono::TimeDelta::MAX);
    // A source that is allowed to be older than the usual day is held at twice its own age.
    let hold_age = chrono::TimeDelta::hours(72).max(max_age.checked_mul(2).unwrap_or(chrono::TimeDelta::MAX));
    let by = if file.by_file_time { " by file time" } else { "" };
    file.taken.as_ref()?;
    let Some(as_of) = described_at(file, past) else {
        return Some(Gate::of(
            &source.id,
            "ROS-7",
            Force::Holds,
            "nothing tells how old the file is: add a manifest with as_of",
        ));
    };
    let age = now - as_of;
    let hours = |age: chrono::TimeDelta| age.num_minutes() as f64 / 60.0;
    if age > max_age {
        // Who accepted these bytes accepted their age on that day. A file that stays the same for ever, because its
        // export has stopped, must not be fresh for ever.
        let force = match released_at {
            _ if age <= hold_age => Force::Reports,
            Some(at) if now - at > hold_age => Force::HoldsAgain,
            _ => Force::Holds,
        };
        let says = format!(
            "the data is {:.1} h old{by} (reported above {:.0} h, held above {:.0} h)",
            hours(age),
            hours(max_age),
            hours(hold_age)
        );
        return Some(Gate::of(&source.id, "ROS-7", force, says));
    }
    if age < chrono::TimeDelta::minutes(-5) && !file.by_file_time {
        let says = format!("the data describes an instant {:.1} h ahead of the clock", -hours(age));
        return Some(Gate::of(&source.id, "ROS-7", Force::Reports, says));
    }
    None
}

fn sentinels(source: &SourceSettings, reading: &Reading, now: Instant, leave: LeavePolicy) -> Vec<Gate> {
    let standing = |id: &str| reading.people.find(id).map(|person| person.standing(now, leave));
    let mut gates = Vec::new();
    let mut miss = |id: &str, says: &str| {
        let says = format!("sentinel {} {says}", crate::hostile::short(id, 64));
        gates.push(Gate::of(&source.id, "ROS-10", Force::Holds, says));
    };
    for id in &source.sentinels_active {
        match standing(id) {
            Some(Standing::Employed { .. } | Standing::Suspended { .. }) => {}
            Some(_) => miss(id, "must be in employment and is not"),
            None => miss(id, "must be in employment and is not on the roster"),
        }
    }
    for id in &source.sentinels_ended {
        match standing(id) {
            Some(Standing::Left { .. }) => {}
            Some(_) => miss(id, "must have left and has not"),
            None => miss(id, "must have left and is not on the roster"),
        }
    }
    gates
}

/// ROS-2 and ROS-4 against the accepted roster.
pub(super) fn against(settings: &RosterSettings, reading: &Reading, past: &Figures) -> Vec<Gate> {
    let mut gates = Vec::new();
    for file in &reading.sources {
        let Some(known) = past.sources.get(&file.id) else {
            gates.push(Gate::of(
                &file.id,
                "ROS-4",
                Force::Reports,
                "this source is new; there is nothing to compare it with",
            ));
            continue;
        };
        if file.taken.is_none() || !file.table.missing.is_empty() || file.table.damaged {
            continue; // Held already; its counts mean nothing.
        }
        let source = settings.sources.iter().find(|source| source.id == file.id);
        gates.extend(source.and_then(|source| headers(source, file, &known.headers)));
        gates.extend(
            limits::rows(&file.id, file.table.rows, known.rows, "the accepted roster", 1)
                .map(|says| Gate::of(&file.id, "ROS-4", Force::Holds, says)),
        );
    }
    for id in past.sources.keys().filter(|id| !reading.sources.iter().any(|file| file.id == **id)) {
        gates.push(Gate::of(
            id,
            "ROS-4",
            Force::Reports,
            "this source is no longer configured; its people are kept as they were",
        ));
    }
    gates
}

fn headers(source: &SourceSettings, file: &FileRead, accepted: &[String]) -> Option<Gate> {
    let gone: Vec<&String> = accepted.iter().filter(|header| !file.table.headers.contains(header)).collect();
    let new: Vec<&String> = file.table.headers.iter().filter(|header| !accepted.contains(header)).collect();
    if gone.is_empty() && new.is_empty() {
        return None;
    }
    let wanted = wanted_columns(source);
    // Records leave out what is empty: a key that nobody has today is no changed table, unless it is one that every
    // roster needs. What was fetched has a key wherever the service has the field.
    let deciders: &[Column] = match source.format {
        SourceFormat::Csv => &Column::DECIDING,
        SourceFormat::Ndjson if source.service.is_some() => &Column::DECIDING,
        SourceFormat::Ndjson => &[Column::Status, Column::WorkEmail, Column::EndDate, Column::TimeZone],
    };
    let deciding = |header: &&&String| deciders.iter().any(|column| wanted[*column as usize].header == ***header);
    let list = |headers: &[&String]| {
        let text = headers.iter().map(|header| header.as_str()).collect::<Vec<_>>().join(", ");
        if text.is_empty() { "none".to_owned() } else { crate::hostile::short(&text, 300) }
    };
    let lost_decider = gone.iter().any(|header| deciding(&header));
    let force = if lost_decider { Force::Holds } else { Force::Reports };
    let says = format!("the columns changed since the accepted roster: gone {}; new {}", list(&gone), list(&new));
    Some(Gate::of(&source.id, "ROS-2", force, says))
}
