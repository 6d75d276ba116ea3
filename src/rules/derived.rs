//! Facts that take more than one field, three-valued: `Err` names the fact that was hidden or too coarse.

use std::cmp::Ordering;

use scan_contract::{Access, Fact, Moment};

use super::facts::id_names_the_key;
use super::model::{EmploymentView, Facts};
use super::time::Time;
use crate::findings::UsedAfterEnd;

const END: &str = "person.access_end_at";
const CREATED: &str = "access.created_at";
const ROTATED: &str = "access.rotated_at";

/// The end of access. `None`: somebody is said to have left, and no end is known.
pub(super) fn end(facts: &Facts<'_>) -> Option<Time> {
    match (facts.employment, &facts.stint.end) {
        (EmploymentView::Suspended, _) => Some(Time::exact_end(facts.access_end_at, END)),
        (EmploymentView::Left | EmploymentView::Rehired, Some(end)) => Some(Time::end(facts.access_end_at, end, END)),
        (EmploymentView::Left | EmploymentView::Rehired, None) => None,
    }
}

/// Whether a use after the end is recorded.
pub(super) fn used_after_end(facts: &Facts<'_>) -> Result<bool, &'static str> {
    match facts.used_after_end {
        UsedAfterEnd::After => Ok(true),
        UsedAfterEnd::Before | UsedAfterEnd::Never => Ok(false),
        UsedAfterEnd::Undecided | UsedAfterEnd::NotKnown => Err("access.last_used_at"),
    }
}

/// Whether what the person could know was replaced after the end.
///
/// Where the id is that of the key itself, its creation dates it, and a replacement would be another grant: a source
/// without rotation times still decides. A secret with a lasting id is decided by its last rotation; one that was
/// never replaced is as old as it is.
pub(super) fn renewed_after_end(facts: &Facts<'_>) -> Result<bool, &'static str> {
    let access = facts.access;
    if matches!(&access.created_at, Fact::Known(created) if is_after_end(facts, created, CREATED) == Ok(true)) {
        return Ok(true);
    }
    match &access.rotated_at {
        Fact::Known(rotated) => is_after_end(facts, rotated, ROTATED),
        Fact::None => match &access.created_at {
            Fact::Known(created) => is_after_end(facts, created, CREATED),
            // Never replaced: what was known is still good, however old it is.
            Fact::None | Fact::Hidden(_) => end(facts).map(|_| false).ok_or(END),
        },
        Fact::Hidden(_) if id_names_the_key(access.kind) => match &access.created_at {
            Fact::Known(created) => is_after_end(facts, created, CREATED),
            Fact::None | Fact::Hidden(_) => Err(CREATED),
        },
        Fact::Hidden(_) => Err(ROTATED),
    }
}

/// Whether a listed session certainly began at or after the cut-off. A line without a beginning stands for the
/// sessions that cannot be listed, all of them older.
pub(super) fn began_after_cutoff(access: &Access) -> Result<bool, &'static str> {
    match (&access.created_at, access.cutoff_at) {
        (Fact::Known(began), Some(cutoff)) => {
            let order = Time::moment(began, CREATED).order(&Time::exact(cutoff, "access.cutoff_at"))?;
            Ok(order != Ordering::Less)
        }
        _ => Ok(false),
    }
}

fn is_after_end(facts: &Facts<'_>, moment: &Moment, name: &'static str) -> Result<bool, &'static str> {
    let order = Time::moment(moment, name).order(&end(facts).ok_or(END)?)?;
    Ok(order != Ordering::Less)
}
