//! Wording that all formats for people share: times, durations, labels.

use chrono::SecondsFormat;
use scan_contract::{AccessKind, Cause, Fact, Instant, Mend, Moment, ScopeState};

use crate::findings::{Change, Finding, Severity, Usability, UsedAfterEnd};
use crate::report::{CellVerdict, ExitCode, Flags, LeaverVerdict};
use crate::roster::RosterState;

/// An instant for people and files: UTC, whole seconds.
pub fn seconds(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// An instant with as many digits as it needs, so that reading it back gives the same instant.
pub fn exact(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// A duration for people, in its two largest useful units: `45 s`, `12 min`, `41 h 57 min`, `12 d 3 h`.
pub fn duration(seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    if minutes == 0 {
        format!("{seconds} s")
    } else if hours == 0 {
        format!("{minutes} min")
    } else if hours < 72 {
        match minutes % 60 {
            0 => format!("{hours} h"),
            rest => format!("{hours} h {rest} min"),
        }
    } else {
        match hours % 24 {
            0 => format!("{days} d"),
            rest => format!("{days} d {rest} h"),
        }
    }
}

/// `41 h 57 min after the end`: how long after the end of access the grant was last seen.
pub fn after_the_end(finding: &Finding) -> String {
    match finding.exposure_seconds {
        ..=0 => String::from("before the end only"),
        seconds => format!("{} after the end", duration(seconds)),
    }
}

/// Why a closed finding no longer applies although nothing was revoked.
pub fn no_longer_applies(change: Change) -> Option<&'static str> {
    match change {
        Change::Rehired => Some("no longer applies: rehired"),
        Change::Planted => Some("no longer applies: planted"),
        Change::New | Change::Unchanged | Change::Updated | Change::Reopened | Change::Closed => None,
    }
}

/// A time with its precision: `2026-07-30T22:22:00Z`, `2026-07-30 (that day, UTC)`, `from ... within 4 h`.
pub fn moment(moment: Moment) -> String {
    match moment.precision_seconds {
        0 => seconds(moment.at),
        86_400 if moment.at.time() == chrono::NaiveTime::MIN => {
            format!("{} (that day, UTC)", moment.at.format("%Y-%m-%d"))
        }
        width => format!("{} or up to {} later", seconds(moment.at), duration(i64::from(width))),
    }
}

/// A time that may be withheld. `none` is the wording where the system says that there is none.
pub fn fact(fact: &Fact<Moment>, none: &str) -> String {
    match fact {
        Fact::Known(known) => moment(*known),
        Fact::None => none.to_owned(),
        Fact::Hidden(why) => format!("not known ({why})"),
    }
}

/// Use after the end, for people.
pub fn use_after_end(used: UsedAfterEnd) -> &'static str {
    match used {
        UsedAfterEnd::After => "USED AFTER THE END",
        UsedAfterEnd::Before => "last used before the end",
        UsedAfterEnd::Undecided => "cannot tell whether it was used after the end: the time is too coarse",
        UsedAfterEnd::NotKnown => "not known whether it was used: the source does not say",
        UsedAfterEnd::Never => "never used, says the source",
    }
}

/// A kind for people.
pub fn kind(kind: AccessKind) -> &'static str {
    match kind {
        AccessKind::Account => "account",
        AccessKind::Session => "session",
        AccessKind::OauthGrant => "OAuth grant",
        AccessKind::ApiToken => "API token",
        AccessKind::AccessKey => "access key",
        AccessKind::ServiceKey => "service key",
        AccessKind::Password => "password",
        AccessKind::MfaDevice => "MFA device",
        AccessKind::SshKey => "SSH key",
        AccessKind::Certificate => "certificate",
        AccessKind::RoleBinding => "role binding",
        AccessKind::GroupMembership => "group membership",
        AccessKind::Ownership => "ownership",
        AccessKind::SharedSecret => "shared secret",
        AccessKind::Delegation => "delegation",
        AccessKind::Automation => "automation",
        AccessKind::License => "licence",
    }
}

/// Usability for people.
pub fn usability(usability: Usability) -> &'static str {
    match usability {
        Usability::UsableNow => "usable now",
        Usability::UsableIf => "usable after one more step",
        Usability::Indirect => "not usable by itself",
        Usability::Dormant => "switched off",
        Usability::Inert => "cannot come back",
        Usability::Unknown => "not known whether usable",
    }
}

/// A scope state for people.
pub fn scope_state(state: ScopeState) -> &'static str {
    match state {
        ScopeState::Complete => "complete",
        ScopeState::Partial => "partial",
        ScopeState::Denied => "denied",
        ScopeState::Failed => "failed",
        ScopeState::NotAttempted => "not attempted",
        ScopeState::Interrupted => "interrupted",
    }
}

/// The state of the roster, by word.
pub fn roster_state(state: RosterState) -> &'static str {
    match state {
        RosterState::Accepted => "accepted",
        RosterState::Held => "held",
        RosterState::None => "none",
    }
}

/// A verdict cell for people.
pub fn cell(verdict: CellVerdict) -> &'static str {
    match verdict {
        CellVerdict::Open => "open",
        CellVerdict::WithinTime => "within time",
        CellVerdict::Excepted => "excepted",
        CellVerdict::NoneFound => "none found",
        CellVerdict::NotKnown => "not known",
    }
}

/// Who can mend a gap.
pub fn mend(mend: Mend) -> &'static str {
    match mend {
        Mend::NextRun => "the next run may mend it",
        Mend::Operator => "an operator has to act",
        Mend::Developer => "a defect to report",
    }
}

/// State and cause of a gap in one sentence that does not say the same word twice.
pub fn state_and_cause(state: ScopeState, cause: &Cause) -> String {
    let state = scope_state(state);
    let cause = cause.to_string();
    if cause.starts_with(state) { cause } else { format!("{state}: {cause}") }
}

/// Verdict in the words of the last line: never milder than the exit code.
pub fn verdict(exit: ExitCode) -> &'static str {
    exit.meaning()
}

/// Names of the flags that are set, in a fixed order.
pub fn flags(flags: &Flags) -> Vec<&'static str> {
    [
        (flags.residual, "residual"),
        (flags.gaps, "gaps"),
        (flags.roster_held, "roster_held"),
        (flags.roster_surge, "roster_surge"),
        (flags.baseline, "baseline"),
        (flags.store_failed, "store_failed"),
        (flags.interrupted, "interrupted"),
        (flags.ambiguous, "ambiguous"),
        (flags.exceptions_invalid, "exceptions_invalid"),
        (flags.breaker, "breaker"),
    ]
    .into_iter()
    .filter_map(|(set, name)| set.then_some(name))
    .collect()
}

/// What the reports may say of one leaver (COV-5): "no residual access" only where every scope is complete, nothing that
/// was read may be theirs, and nothing of theirs waits for its time or stands under an exception.
pub fn leaver_sentence(leaver: &LeaverVerdict) -> String {
    let (open, complete, declared) = (leaver.open, leaver.complete_scopes, leaver.declared_scopes);
    let has = |wanted| leaver.cells.iter().any(|(cell, _)| *cell == wanted);
    let whole = complete == declared && declared > 0;
    if open > 0 {
        return if whole {
            format!("{open} open")
        } else {
            format!("{open} open, {complete} of {declared} scopes complete")
        };
    }
    let covered = match (has(CellVerdict::WithinTime), has(CellVerdict::Excepted)) {
        (true, true) => Some("within the agreed time or under an exception"),
        (true, false) => Some("within the agreed time"),
        (false, true) => Some("under an exception"),
        (false, false) => None,
    };
    if whole && !has(CellVerdict::NotKnown) {
        let scopes = plural(declared, "scope", "scopes");
        return covered.map_or_else(
            || format!("no residual access in {declared} complete {scopes}"),
            |how| format!("only access {how} in {declared} complete {scopes}"),
        );
    }
    let found = covered.map_or_else(|| String::from("none found"), |how| format!("only access {how} found"));
    // Every scope was read to its end, and still something there leads to more than one person, or to nobody.
    let doubt = if whole { "; something there may be theirs" } else { "" };
    format!("{found} in {complete} of {declared} scopes{doubt}")
}

/// How a finding came to be closed, after "the access is": never that it is gone where it is not.
pub fn how_closed(finding: &Finding) -> &'static str {
    if finding.change == Change::Rehired {
        return "no longer residual: the person is employed again, and it may still be there";
    }
    if finding.change == Change::Planted {
        return "no longer residual: it was planted, and it is still there";
    }
    // What shows it as ended is the last read that saw it. What was absent was seen last before that.
    let shown = finding.revoked_between.is_some_and(|(_, until)| until == finding.last_seen_at);
    match finding.usability {
        Usability::Dormant if shown => "switched off, and not removed",
        Usability::Inert if shown => "ended, and cannot come back",
        _ => "no longer found in force for this person",
    }
}

/// One word or the other, by number.
pub fn plural<'a>(count: u64, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

/// Severity as a heading.
pub fn severity_heading(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "CRITICAL",
        Severity::High => "HIGH",
        Severity::Medium => "MEDIUM",
        Severity::Low => "LOW",
        Severity::Info => "INFO",
    }
}

/// What a ticket and the system say, in one sentence.
pub fn contradiction(one: &crate::report::Contradiction) -> String {
    let closed = one.ticket_closed_at.map_or_else(String::new, |at| format!(" (closed {})", seconds(at)));
    format!("{}{closed}: last read in force {}", one.ticket_says.says(), seconds(one.last_seen_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_show_their_two_largest_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (151_041, "41 h 57 min"),
            (259_199, "71 h 59 min"),
            (259_200, "3 d"),
            (1_047_600, "12 d 3 h"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn no_residual_access_is_said_only_where_every_scope_is_complete_and_every_cell_is_empty() {
        use CellVerdict::{Excepted, NoneFound, NotKnown, Open, WithinTime};
        let sentence = |open, complete, declared, cells: &[CellVerdict]| {
            let mut leaver = crate::emit::sample::rich().leavers.swap_remove(0);
            (leaver.open, leaver.complete_scopes, leaver.declared_scopes) = (open, complete, declared);
            leaver.cells = cells.iter().map(|cell| (*cell, 0)).collect();
            leaver_sentence(&leaver)
        };
        assert_eq!(sentence(0, 3, 3, &[NoneFound, NoneFound]), "no residual access in 3 complete scopes");
        assert_eq!(sentence(0, 1, 1, &[NoneFound]), "no residual access in 1 complete scope");
        assert_eq!(sentence(0, 2, 3, &[NoneFound, NotKnown]), "none found in 2 of 3 scopes");
        assert_eq!(sentence(0, 0, 0, &[]), "none found in 0 of 0 scopes");
        let doubt = "none found in 3 of 3 scopes; something there may be theirs";
        assert_eq!(sentence(0, 3, 3, &[NoneFound, NotKnown]), doubt);
        for (cells, how) in [
            ([NoneFound, WithinTime], "within the agreed time"),
            ([Excepted, NoneFound], "under an exception"),
            ([Excepted, WithinTime], "within the agreed time or under an exception"),
        ] {
            assert_eq!(sentence(0, 3, 3, &cells), format!("only access {how} in 3 complete scopes"));
            assert_eq!(sentence(0, 2, 3, &cells), format!("only access {how} found in 2 of 3 scopes"));
        }
        let doubt = "only access under an exception found in 3 of 3 scopes; something there may be theirs";
        assert_eq!(sentence(0, 3, 3, &[Excepted, NotKnown]), doubt);
        assert_eq!(sentence(2, 3, 3, &[Open, NotKnown]), "2 open");
        assert_eq!(sentence(2, 2, 3, &[Open, NotKnown]), "2 open, 2 of 3 scopes complete");
    }

    #[test]
    fn a_withheld_time_says_so_and_a_time_that_does_not_exist_says_that() {
        assert_eq!(fact(&Fact::not_given(), "never"), "not known (the source does not say)");
        assert_eq!(fact(&Fact::None, "never"), "never");
    }
}
