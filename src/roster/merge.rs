//! All rows of one person become their stints: duplicates fall together, sources are united, and what cannot both be
//! true is said.

use std::sync::Arc;

use chrono::NaiveDate;
use scan_contract::Instant;

use super::model::{EmploymentStatus, Stint};
use super::settings::Authority;

/// What is known of a row beside its stint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowNote {
    /// Rank of its source: 1 wins over 2.
    pub(super) rank: u32,
    /// What its source testifies to.
    pub(super) authority: Authority,
    /// When the source changed it.
    pub(super) updated_at: Option<Instant>,
    /// Hashes of display, preferred and legal name, folded; 0 is missing.
    pub(super) names: [u32; 3],
    /// Hash of the work address, folded; 0 is missing.
    pub(super) address: u64,
    /// First day employed, as written.
    pub(super) first_day: NaiveDate,
    /// The last day that governs the end of access, as written; `None` for an open end or one given as an instant.
    pub(super) last_day: Option<NaiveDate>,
    /// Where the claim for the work address stands.
    pub(super) address_claim: super::claims::ClaimAt,
}

/// A row: its stint and what is known of it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) stint: Stint,
    pub(super) note: RowNote,
}

/// Something about a person's rows that has to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conflict {
    /// In words, without a date.
    pub(super) says: String,
    /// Whether nobody may be judged by these rows.
    pub(super) blocks: bool,
    /// Whether it would tell of an end that lies ahead.
    pub(super) secret: bool,
    /// An ended row was taken back by a newer, explicitly active one.
    pub(super) rescinded: bool,
}

impl Conflict {
    pub(super) fn reported(says: impl Into<String>, secret: bool) -> Self {
        Self { says: says.into(), blocks: false, secret, rescinded: false }
    }

    pub(super) fn blocking(says: impl Into<String>, secret: bool) -> Self {
        Self { says: says.into(), blocks: true, secret, rescinded: false }
    }
}

/// Unites the rows of one person. The result is in order of start and numbered.
pub(super) fn settle(mut rows: Vec<Row>, now: Instant) -> (Vec<Row>, Vec<Conflict>) {
    let mut conflicts = Vec::new();
    sort(&mut rows);
    if rows.len() > 1 {
        rows = settle_each_source(rows, now, &mut conflicts);
        rows = fold_directories(rows, now, &mut conflicts);
        rows = unite_sources(rows, now, &mut conflicts);
        if given_to_another_person(&rows) {
            let says = "all names and addresses change between two stints: the id was given to another person";
            conflicts.push(Conflict::blocking(says, false));
        }
    }
    adjoin(&mut rows);
    number(&mut rows, &mut conflicts);
    (rows, conflicts)
}

/// Whoever ends on one day and begins on the next has no gap, also where the new day begins hours later because they
/// moved to another zone: they are employed in between.
fn adjoin(rows: &mut [Row]) {
    sort(rows);
    for at in 1..rows.len() {
        let (earlier, later) = rows.split_at_mut(at);
        let first_day = later[0].note.first_day;
        let handed = earlier.iter().filter(|row| row.note.last_day.and_then(|day| day.succ_opt()) == Some(first_day));
        if let Some(end) = handed.filter_map(|row| end_of(&row.stint)).max() {
            later[0].stint.start = later[0].stint.start.min(end);
        }
    }
}

fn sort(rows: &mut [Row]) {
    rows.sort_by(|left, right| {
        (left.stint.start, left.stint.number, left.note.rank, &left.stint.source)
            .cmp(&(right.stint.start, right.stint.number, right.note.rank, &right.stint.source))
            .then(right.note.updated_at.cmp(&left.note.updated_at))
    });
}

fn end_of(stint: &Stint) -> Option<Instant> {
    stint.end.as_ref().map(|end| end.at)
}

/// Whether one of these ends lies ahead, so that a word about it would tell.
fn ahead(stints: [&Stint; 2], now: Instant) -> bool {
    stints.iter().any(|stint| end_of(stint).is_some_and(|end| end > now))
}

fn overlap(left: &Stint, right: &Stint) -> bool {
    let before = |one: &Stint, other: &Stint| end_of(other).is_none_or(|end| one.start < end);
    left.start == right.start || (before(left, right) && before(right, left))
}

/// The days of a row, for whoever has to put it right.
fn dates(row: &Row) -> String {
    let first = row.note.first_day;
    match (row.note.last_day, end_of(&row.stint)) {
        (Some(last), _) => format!("{first} to {last}"),
        (None, Some(end)) => format!("{first} to {}", end.format("%Y-%m-%dT%H:%M:%SZ")),
        (None, None) => format!("{first} with no end"),
    }
}

/// Whether two rows say the same, whatever their number and time of change.
fn same_content(left: &Row, right: &Row) -> bool {
    let plain = |row: &Row| Stint { number: 0, ..row.stint.clone() };
    plain(left) == plain(right) && left.note.names == right.note.names && left.note.address == right.note.address
}

fn settle_each_source(rows: Vec<Row>, now: Instant, conflicts: &mut Vec<Conflict>) -> Vec<Row> {
    let mut kept: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(at) =
            kept.iter().position(|other| other.stint.source == row.stint.source && overlap(&other.stint, &row.stint))
        else {
            kept.push(row);
            continue;
        };
        let other = &kept[at];
        if same_content(other, &row) {
            if row.note.updated_at > other.note.updated_at {
                kept[at] = row;
            }
            continue;
        }
        let (older, newer) = if row.note.updated_at > other.note.updated_at { (other, &row) } else { (&row, other) };
        let in_order = older.note.updated_at.is_some() && older.note.updated_at < newer.note.updated_at;
        let secret = ahead([&older.stint, &newer.stint], now);
        if in_order && older.stint.start == newer.stint.start && newer.stint.status == Some(EmploymentStatus::Active) {
            let says = format!("source {}: an ended row was taken back by a newer active one", newer.stint.source);
            conflicts.push(Conflict { rescinded: true, ..Conflict::reported(says, secret) });
            kept[at] = newer.clone();
        } else {
            let says = format!(
                "source {}: two rows for the same time contradict each other: {} and {}",
                row.stint.source,
                dates(other),
                dates(&row)
            );
            conflicts.push(Conflict::blocking(says, secret));
            kept.push(row);
        }
    }
    kept
}

/// Rows of directories beside rows of employment: they agree, or it is told that they do not, and they fill what is
/// empty. They move no date and are no spell of their own: an account that is still on makes nobody an employee.
fn fold_directories(rows: Vec<Row>, now: Instant, conflicts: &mut Vec<Conflict>) -> Vec<Row> {
    let (mut employment, directory): (Vec<Row>, Vec<Row>) =
        rows.into_iter().partition(|row| row.note.authority == Authority::Employment);
    if employment.is_empty() {
        return directory;
    }
    for row in directory {
        let latest = employment.len() - 1;
        let at = employment.iter().rposition(|other| overlap(&other.stint, &row.stint)).unwrap_or(latest);
        let beside = &mut employment[at].stint;
        let secret = ahead([beside, &row.stint], now);
        let passed = |stint: &Stint| end_of(stint).is_some_and(|end| end <= now);
        let off = matches!(row.stint.status, Some(EmploymentStatus::Suspended | EmploymentStatus::Ended));
        let (hr, accounts) = (Arc::clone(&beside.source), &row.stint.source);
        match (passed(beside), passed(&row.stint)) {
            (true, false) if !off => conflicts.push(Conflict::reported(
                format!(
                    "source {accounts} still lists an account in use; employment ended according to {hr}, which counts"
                ),
                secret,
            )),
            (false, true) => conflicts.push(Conflict::reported(
                format!("source {accounts} says that access was ended; {hr} says employed, which counts"),
                secret,
            )),
            (true, true | false) | (false, false) => {}
        }
        beside.manager = beside.manager.take().or_else(|| row.stint.manager.clone());
        beside.department = beside.department.take().or_else(|| row.stint.department.clone());
    }
    employment
}

/// Stints of different sources that overlap are one employment, unless they are of different sorts.
fn unite_sources(rows: Vec<Row>, now: Instant, conflicts: &mut Vec<Conflict>) -> Vec<Row> {
    let mut kept: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(at) =
            kept.iter().position(|other| other.stint.source != row.stint.source && overlap(&other.stint, &row.stint))
        else {
            kept.push(row);
            continue;
        };
        if kept[at].stint.employment_type != row.stint.employment_type {
            kept.push(row);
            continue;
        }
        kept[at] = unite(&kept[at], &row, now, conflicts);
    }
    kept
}

fn unite(left: &Row, right: &Row, now: Instant, conflicts: &mut Vec<Conflict>) -> Row {
    let rank = |row: &Row| (row.note.rank, std::cmp::Reverse(row.note.updated_at));
    let (winner, loser) = if rank(right) < rank(left) { (right, left) } else { (left, right) };
    let mut united = winner.clone();
    let first = if right.stint.start < left.stint.start { right } else { left };
    (united.stint.start, united.note.first_day) = (first.stint.start, first.note.first_day);
    let ends = (end_of(&left.stint), end_of(&right.stint));
    if ends.0 != ends.1 {
        let later = match ends {
            (None, _) => left,
            (_, None) => right,
            (one, other) if one >= other => left,
            _ => right,
        };
        united.stint.end.clone_from(&later.stint.end);
        united.note.last_day = later.note.last_day;
        // How somebody left is told by the row whose end counts; a row without one says nothing about it.
        united.stint.termination_type = later.stint.termination_type.or(united.stint.termination_type);
        let says = format!(
            "sources {} and {} disagree on the end; the later one of {} counts for employment",
            winner.stint.source, loser.stint.source, later.stint.source
        );
        conflicts.push(Conflict::reported(says, ahead([&left.stint, &right.stint], now)));
    }
    let (ours, theirs) = (&winner.stint, &loser.stint);
    if ours.start != theirs.start {
        let says =
            format!("sources {} and {} disagree on the start; the earlier one counts", ours.source, theirs.source);
        conflicts.push(Conflict::reported(says, false));
    }
    if ours.role_tier != theirs.role_tier && ours.role_tier.is_some() && theirs.role_tier.is_some() {
        let says = format!("sources {} and {} disagree on role_tier; {} wins", ours.source, theirs.source, ours.source);
        conflicts.push(Conflict::reported(says, false));
    }
    let stint = &mut united.stint;
    stint.role_tier = stint.role_tier.or(theirs.role_tier);
    stint.manager = stint.manager.take().or_else(|| theirs.manager.clone());
    stint.department = stint.department.take().or_else(|| theirs.department.clone());
    stint.batch = stint.batch.take().or_else(|| theirs.batch.clone());
    stint.legal_hold |= theirs.legal_hold;
    stint.urgency = stint.urgency.max(theirs.urgency);
    stint.status = stint.status.or(theirs.status);
    united.note.updated_at = united.note.updated_at.max(loser.note.updated_at);
    united
}

/// HR gave the id to somebody else: between two stints, every name and the address are others. A name change alone, a
/// new address alone, or a stint without a name proves nothing.
fn given_to_another_person(rows: &[Row]) -> bool {
    rows.windows(2).any(|pair| {
        let (earlier, later) = (&pair[0], &pair[1]);
        earlier.stint.source == later.stint.source
            && !overlap(&earlier.stint, &later.stint)
            && end_of(&earlier.stint).is_some_and(|end| end <= later.stint.start)
            && all_differ(&earlier.note, &later.note)
    })
}

/// Whether two rows share no name and no address, and both have some.
pub(super) fn all_differ(left: &RowNote, right: &RowNote) -> bool {
    let names = |note: &RowNote| note.names.into_iter().filter(|name| *name != 0).collect::<Vec<_>>();
    let (ours, theirs) = (names(left), names(right));
    !ours.is_empty()
        && !theirs.is_empty()
        && !ours.iter().any(|name| theirs.contains(name))
        && left.address != 0
        && right.address != 0
        && left.address != right.address
}

/// Numbers given by the source are kept where they rise with the start; otherwise the order of start counts.
fn number(rows: &mut [Row], conflicts: &mut Vec<Conflict>) {
    sort(rows);
    let given = rows.iter().all(|row| row.stint.number > 0);
    let rising = rows.windows(2).all(|pair| pair[0].stint.number < pair[1].stint.number);
    if given && rising {
        return;
    }
    let one_source = rows.windows(2).all(|pair| pair[0].stint.source == pair[1].stint.source);
    if given && one_source {
        let says = "the numbers of the stints do not rise with their start; the order of start counts";
        conflicts.push(Conflict::reported(says, false));
    }
    for (at, row) in rows.iter_mut().enumerate() {
        row.stint.number = u32::try_from(at + 1).unwrap_or(u32::MAX);
    }
}
