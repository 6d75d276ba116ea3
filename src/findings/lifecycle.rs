//! The state machine of a finding.
//!
//! Opening takes proof that the access outlived its end; closing takes two absent looks in complete reads of different
//! times, or one complete read that shows the grant as ended. A gap freezes, it never closes. The clock alone moves
//! nothing.

use scan_contract::{Instant, ScopeName};

use super::{AbsentLook, Change, Class, Finding, FindingState, Memory};

/// What this run saw of one finding.
#[derive(Debug, Clone, PartialEq)]
pub enum Sight {
    /// The grant was read and is in force.
    Present(Box<Seen>),
    /// The grant was read and is switched off or cannot come back.
    Ended(Box<Seen>),
    /// Its scope was read, and it was not there.
    Absent {
        /// Instant the data described.
        as_of: Instant,
        /// Whether an exception in force still covers it.
        suppressed: bool,
    },
    /// It was read, so it is there, and whose it is or whether it outlives its end cannot be told.
    Unclear {
        /// Whether an exception in force still covers it.
        suppressed: bool,
    },
    /// Its scope was not read completely, and it was not seen.
    NotRead {
        /// Whether an exception in force still covers it.
        suppressed: bool,
    },
    /// Its system is not read in this run, and what an earlier one knew of it is carried on.
    Carried,
    /// The roster says with a date that the person is employed (again).
    Employed,
    /// The configuration says that the grant was planted, and it was found as it was planted.
    Planted,
}

/// A grant that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The finding as judged now; its state and times are set by the state machine.
    pub finding: Finding,
    /// Whether the scope it was read in is complete, and every other one in `also_in`.
    pub scope_complete: bool,
    /// Scopes beside the finding's own that show it now, or showed it and cannot be told from.
    pub also_in: Vec<ScopeName>,
    /// Whether what was read describes a time after the end plus the settle time, and nothing else holds it back
    /// (agreed time, undecided end, a surge that waits for an operator).
    pub confirms: bool,
    /// Covered by an exception in force.
    pub suppressed: bool,
    /// Instant described by the data that show it; no later than the present.
    pub as_of: Instant,
}

/// Facts of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context<'a> {
    /// Run id.
    pub run_id: &'a str,
    /// The present instant.
    pub now: Instant,
}

/// What became of a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What to remember.
    pub memory: Memory,
    /// State before; `None` if it was not known.
    pub from: Option<FindingState>,
    /// Why the state changed, where it did.
    pub why: Option<&'static str>,
}

impl Step {
    /// Whether the state changed.
    pub fn changed(&self) -> bool {
        self.why.is_some()
    }
}

/// Moves one finding. `None` means that there is nothing to remember: a remnant that never was a finding.
pub fn advance(memory: Option<Memory>, sight: Sight, context: &Context<'_>) -> Option<Step> {
    match sight {
        Sight::Present(seen) => Some(present(memory, *seen, context)),
        Sight::Ended(seen) => ended(memory, *seen, context),
        Sight::Absent { as_of, suppressed } => memory.map(|memory| absent(memory, as_of, suppressed, context)),
        Sight::Unclear { suppressed } => memory.map(|memory| unclear(memory, suppressed, context)),
        Sight::NotRead { suppressed } => memory.map(|memory| not_read(memory, suppressed, context)),
        Sight::Carried => memory.map(|memory| carried(memory, context)),
        Sight::Employed => memory.map(|memory| {
            apply_no_longer(memory, Change::Rehired, "the roster says with a date that the person is employed", context)
        }),
        Sight::Planted => memory.map(|memory| {
            apply_no_longer(memory, Change::Planted, "planted: the configuration names it as a sentinel", context)
        }),
    }
}

fn present(memory: Option<Memory>, seen: Seen, context: &Context<'_>) -> Step {
    let mut finding = seen.finding;
    let target = if seen.suppressed {
        FindingState::Suppressed
    } else if seen.confirms {
        FindingState::Confirmed
    } else {
        FindingState::Observed
    };
    finding.last_seen_at = context.now;
    finding.exposure_seconds = exposure(&finding);
    let Some(mut memory) = memory else {
        finding.first_seen_at = context.now;
        finding.state = target;
        finding.change = Change::New;
        let end_known_at = finding.access_end.known_at.or(Some(context.now));
        let memory = Memory {
            finding,
            absent: None,
            closed_at: None,
            reopened: 0,
            end_known_at,
            acknowledged: None,
            also_in: seen.also_in,
            seen_as_of: Some(seen.as_of),
        };
        return Step { memory, from: None, why: Some("seen for the first time") };
    };
    let from = memory.finding.state;
    finding.first_seen_at = memory.finding.first_seen_at;
    finding.ticket = memory.finding.ticket.take();
    // Once confirmed, a finding does not go back to observed because a later file is older or a policy is milder.
    finding.state =
        if target == FindingState::Observed && was_confirmed(&memory) { FindingState::Confirmed } else { target };
    let was_closed = from == FindingState::Closed;
    finding.change = if was_closed {
        let when = memory.closed_at.map_or_else(String::new, |at| format!(" on {}", at.format("%Y-%m-%d")));
        finding.notes.push(format!("Came back after it was closed{when}."));
        memory.reopened += 1;
        Change::Reopened
    } else if differs(&memory.finding, &finding) {
        Change::Updated
    } else {
        Change::Unchanged
    };
    let why = (from != finding.state).then_some(match (from, finding.state) {
        (FindingState::Closed, _) => "seen again after it was closed",
        (FindingState::Suppressed, _) => "no exception covers it any longer",
        (_, FindingState::Suppressed) => "covered by an exception",
        (_, FindingState::Confirmed) => "read after the end and its settle time",
        _ => "seen",
    });
    memory.finding = finding;
    memory.also_in = seen.also_in;
    memory.absent = None;
    memory.closed_at = None;
    memory.was_seen_at(seen.as_of);
    Step { memory, from: Some(from), why }
}

/// A finding that a gap made unverified may never have been confirmed (a surge that waits for an operator), so only
/// the state itself counts; it is confirmed again by what is read now.
fn was_confirmed(memory: &Memory) -> bool {
    memory.finding.state == FindingState::Confirmed
}

fn ended(memory: Option<Memory>, seen: Seen, context: &Context<'_>) -> Option<Step> {
    let mut memory = memory?;
    let from = memory.finding.state;
    if from == FindingState::Closed {
        return None;
    }
    if memory.was_seen_after(seen.as_of) {
        // What newer data show is not undone by an older file.
        return Some(not_read(memory, seen.suppressed, context));
    }
    let mut finding = seen.finding;
    finding.first_seen_at = memory.finding.first_seen_at;
    finding.ticket = memory.finding.ticket.take();
    finding.last_seen_at = context.now;
    finding.exposure_seconds = memory.finding.exposure_seconds;
    if !seen.scope_complete {
        // Shown as ended, but the read that shows it is not whole: it stays open until a complete one says so.
        finding.state = if seen.suppressed { FindingState::Suppressed } else { FindingState::Unverified };
        finding.class = memory.finding.class;
        finding.notes.push(String::from("Shown as ended in a read that is not complete."));
        finding.change = Change::Updated;
        let why = (from != finding.state).then_some("shown as ended in an incomplete read");
        memory.finding = finding;
        memory.also_in = seen.also_in;
        memory.absent = None;
        memory.was_seen_at(seen.as_of);
        return Some(Step { memory, from: Some(from), why });
    }
    finding.revoked_between = Some((memory.finding.last_seen_at, context.now));
    finding.class = memory.finding.class;
    finding.state = FindingState::Closed;
    finding.change = Change::Closed;
    memory.finding = finding;
    memory.absent = None;
    memory.closed_at = Some(context.now);
    Some(Step { memory, from: Some(from), why: Some("shown as disabled or ended in a complete read") })
}

fn absent(mut memory: Memory, as_of: Instant, suppressed: bool, context: &Context<'_>) -> Step {
    if memory.was_seen_after(as_of) {
        return not_read(memory, suppressed, context);
    }
    let from = memory.finding.state;
    fall_due(&mut memory, context);
    // What an exception covers is not residual because it is on its way out.
    let closing =
        if from == FindingState::Suppressed && suppressed { FindingState::Suppressed } else { FindingState::Closing };
    match &memory.absent {
        Some(first) if as_of > first.as_of => {
            // By the data's own times: the run that saw it last may lie after the instant that the next data describe.
            let in_force_at = memory.seen_as_of.unwrap_or_else(|| memory.finding.last_seen_at.min(first.as_of));
            memory.finding.revoked_between = Some((in_force_at, first.as_of));
            memory.finding.state = FindingState::Closed;
            memory.finding.change = Change::Closed;
            memory.closed_at = Some(context.now);
            Step { memory, from: Some(from), why: Some("absent in two complete reads of different times") }
        }
        Some(_) => {
            // The same data looked at again proves nothing new.
            memory.finding.state = closing;
            memory.finding.change = if from == closing { Change::Unchanged } else { Change::Updated };
            let why = (from != closing).then_some("absent in a complete read");
            Step { memory, from: Some(from), why }
        }
        None => {
            memory.absent = Some(AbsentLook { run_id: String::from(context.run_id), as_of });
            memory.finding.state = closing;
            memory.finding.change = Change::Updated;
            Step { memory, from: Some(from), why: Some("absent in a complete read; a second one closes it") }
        }
    }
}

/// What was seen is not absent, so that a look before it proves nothing any more.
fn unclear(mut memory: Memory, suppressed: bool, context: &Context<'_>) -> Step {
    memory.absent = None;
    not_read(memory, suppressed, context)
}

fn not_read(mut memory: Memory, suppressed: bool, context: &Context<'_>) -> Step {
    let from = memory.finding.state;
    fall_due(&mut memory, context);
    let keeps = from == FindingState::Unverified || (from == FindingState::Suppressed && suppressed);
    memory.finding.change = if keeps { Change::Unchanged } else { Change::Updated };
    if !keeps {
        memory.finding.state = FindingState::Unverified;
    }
    Step { memory, from: Some(from), why: (!keeps).then_some("its scope was not read completely") }
}

/// Nobody looked, and nobody was to look: only time goes on.
fn carried(mut memory: Memory, context: &Context<'_>) -> Step {
    let from = memory.finding.state;
    let was_due = memory.finding.due;
    fall_due(&mut memory, context);
    memory.finding.change = if memory.finding.due == was_due { Change::Unchanged } else { Change::Updated };
    Step { memory, from: Some(from), why: None }
}

/// The agreed time passes whether or not anybody looks: what is not proven gone by then is residual.
fn fall_due(memory: &mut Memory, context: &Context<'_>) {
    memory.finding.due |= memory.finding.due_at <= context.now;
}

/// Closes what is no residual access any more although nothing was revoked.
fn apply_no_longer(mut memory: Memory, change: Change, why: &'static str, context: &Context<'_>) -> Step {
    let from = memory.finding.state;
    memory.finding.state = FindingState::Closed;
    memory.finding.change = change;
    memory.closed_at = Some(context.now);
    memory.absent = None;
    Step { memory, from: Some(from), why: Some(why) }
}

/// Time since access should have ended, as of the last time the object was read.
fn exposure(finding: &Finding) -> i64 {
    (finding.last_seen_at - finding.access_end.at).num_seconds().max(0)
}

/// Whether something a reader acts on has changed.
fn differs(before: &Finding, now: &Finding) -> bool {
    before.severity != now.severity
        || before.privilege != now.privilege
        || before.used_after_end != now.used_after_end
        || before.state != now.state
        || before.due != now.due
        || before.usability != now.usability
        || before.rule != now.rule
}

/// Whether a finding of this class can count as residual access at all.
pub fn may_be_residual(class: Class) -> bool {
    class == Class::Residual
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
