//! One row becomes one stint: the half-open interval `[start, end)` of instants, and what contradicts itself in it.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};
use scan_contract::Instant;

use super::mapping::Record;
use super::model::{AccessEnd, EmploymentStatus, EndBasis, EndSource, PersonId, Stint};
use super::settings::EndDateMeaning;
use super::zones::{self, Zone};

/// How far `access_end_at` may lie from the end that the dates give.
const OVERRIDE_REACH: TimeDelta = TimeDelta::days(60);
/// From when an end in the past and a status of employment contradict each other.
const LONG_PAST: TimeDelta = TimeDelta::days(30);

/// Keeps one copy of texts that many rows repeat.
#[derive(Debug, Default)]
pub(super) struct Interner {
    known: HashSet<Arc<str>>,
}

impl Interner {
    pub(super) fn keep(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.known.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = Arc::from(text);
        self.known.insert(Arc::clone(&text));
        text
    }
}

/// What contradicts itself inside one row, or between the rows of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contradiction {
    EndBeforeStart,
    LastDayAfterEnd,
    EndedWithoutEnd,
    AccessEndFarFromDates,
    EmployedLongAfterEnd,
}

impl Contradiction {
    /// In words, without a date: a date ahead must not be told.
    pub(super) fn says(self) -> &'static str {
        match self {
            Self::EndBeforeStart => "the end date lies before the start date",
            Self::LastDayAfterEnd => "the last day worked lies after the end date",
            Self::EndedWithoutEnd => "the status says ended, and no end is given",
            Self::AccessEndFarFromDates => "access_end_at lies 60 days or more away from the end that the dates give",
            Self::EmployedLongAfterEnd => "the status says employed, and the end is long past; the dates decide",
        }
    }

    /// Whether the person can still be judged. Intervals decide over a status word.
    pub(super) fn can_be_judged(self) -> bool {
        self == Self::EmployedLongAfterEnd
    }
}

/// What the row's surroundings say.
pub(super) struct Surroundings<'a> {
    pub(super) source: &'a Arc<str>,
    pub(super) zone: &'a Zone,
    pub(super) zone_is_default: bool,
    pub(super) meaning: EndDateMeaning,
    pub(super) basis: EndBasis,
    pub(super) now: Instant,
}

/// The end date as the last day employed, whatever the source's column means.
pub(super) fn last_day_employed(end_date: Option<NaiveDate>, meaning: EndDateMeaning) -> Option<NaiveDate> {
    match meaning {
        EndDateMeaning::LastDayIncluded => end_date,
        EndDateMeaning::FirstDayExcluded => end_date.and_then(|day| day.pred_opt()),
    }
}

/// The last day that governs the end of access, and the field it came from.
pub(super) fn governing_day(
    last_day_worked: Option<NaiveDate>,
    last_day_employed: Option<NaiveDate>,
    basis: EndBasis,
) -> Option<(NaiveDate, EndSource)> {
    let worked = last_day_worked.map(|day| (day, EndSource::LastDayWorked));
    let employed = last_day_employed.map(|day| (day, EndSource::EndDate));
    match basis {
        EndBasis::EndDate => employed,
        EndBasis::LastDayWorked => worked.or(employed),
        EndBasis::EarliestOfLastDayWorkedAndEndDate => match (worked, employed) {
            (Some(worked), Some(employed)) if employed.0 <= worked.0 => Some(employed),
            (Some(worked), _) => Some(worked),
            (None, employed) => employed,
        },
    }
}

/// The end of access that a day gives in a zone.
pub(super) fn end_of_day(day: NaiveDate, source: EndSource, zone: &Zone, zone_is_default: bool) -> AccessEnd {
    let at = zone.first_instant_after(day);
    let (earliest, latest) = if zone_is_default { zones::anywhere_after(day) } else { (at, at) };
    AccessEnd { at, earliest, latest, source, zone: Arc::clone(zone.name()), zone_is_default, known_at: None }
}

/// The last day that governs the end of access of a row, where a day does.
pub(super) fn last_day(record: &Record<'_>, around: &Surroundings<'_>) -> Option<NaiveDate> {
    if record.access_end_at.is_some() {
        return None;
    }
    let employed = last_day_employed(record.end_date, around.meaning);
    governing_day(record.last_day_worked, employed, around.basis).map(|(day, _)| day)
}

/// The stint of a row, and its contradictions.
pub(super) fn make(
    record: &Record<'_>,
    around: &Surroundings<'_>,
    texts: &mut Interner,
) -> (Stint, Vec<Contradiction>) {
    let mut contradictions = Vec::new();
    let employed = last_day_employed(record.end_date, around.meaning);
    let by_dates = governing_day(record.last_day_worked, employed, around.basis)
        .map(|(day, source)| end_of_day(day, source, around.zone, around.zone_is_default));
    let start = around.zone.first_instant(record.start_date);
    if record.last_day_worked.zip(employed).is_some_and(|(worked, employed)| worked > employed) {
        contradictions.push(Contradiction::LastDayAfterEnd);
    }
    // An excluded first day equal to the start is a spell of no length, not a contradiction.
    let shortest = match around.meaning {
        EndDateMeaning::LastDayIncluded => Some(record.start_date),
        EndDateMeaning::FirstDayExcluded => record.start_date.pred_opt(),
    };
    let before_start = |day: Option<NaiveDate>| day.zip(shortest).is_some_and(|(day, shortest)| day < shortest);
    if before_start(employed) || before_start(record.last_day_worked) {
        contradictions.push(Contradiction::EndBeforeStart);
    }
    if let (Some(at), Some(dates)) = (record.access_end_at, &by_dates)
        && (at - dates.at).abs() >= OVERRIDE_REACH
    {
        contradictions.push(Contradiction::AccessEndFarFromDates);
    }
    let end = match record.access_end_at {
        Some(at) => Some(AccessEnd {
            at,
            earliest: at,
            latest: at,
            source: EndSource::AccessEndAt,
            zone: texts.keep("UTC"),
            zone_is_default: false,
            known_at: None,
        }),
        None => by_dates,
    };
    if end.as_ref().is_some_and(|end| end.at < start) && !contradictions.contains(&Contradiction::EndBeforeStart) {
        contradictions.push(Contradiction::EndBeforeStart);
    }
    match (record.status, &end) {
        (Some(EmploymentStatus::Ended), None) => contradictions.push(Contradiction::EndedWithoutEnd),
        (Some(status), Some(end)) if status != EmploymentStatus::Ended && end.at + LONG_PAST < around.now => {
            contradictions.push(Contradiction::EmployedLongAfterEnd);
        }
        _ => {}
    }
    let stint = Stint {
        number: record.stint.unwrap_or(0),
        start,
        end,
        employment_type: record.employment_type,
        status: record.status,
        termination_type: record.termination_type,
        urgency: record.urgency,
        role_tier: record.role_tier,
        batch: record.batch.map(|batch| texts.keep(batch)),
        manager: record.manager.map(|manager| PersonId::new(texts.keep(manager))),
        department: record.department.map(|department| texts.keep(department)),
        legal_hold: record.legal_hold,
        source: Arc::clone(around.source),
    };
    (stint, contradictions)
}
