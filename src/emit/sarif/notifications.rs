//! What a run says beside its results: gaps first.

use super::log::{DescriptorReference, Notification, Text};
use super::results::is_written;
use super::{Slice, plain};
use crate::emit::sections::Section;
use crate::emit::{Persons, sections, words};
use crate::report::{NoticeLevel, Report};
use crate::roster::RosterState;

/// Notifications of one run; those of the whole scan stand in the first.
pub(super) fn all(report: &Report, persons: &Persons<'_>, slice: Slice<'_>, first: bool) -> Vec<Notification> {
    let mut all = Vec::new();
    gaps(report, persons, slice, &mut all);
    former(report, slice, &mut all);
    not_written(report, slice, &mut all);
    ambiguous(report, slice, &mut all);
    if first {
        whole_scan(report, persons, &mut all);
    }
    all
}

fn gaps(report: &Report, persons: &Persons<'_>, slice: Slice<'_>, all: &mut Vec<Notification>) {
    for (system, scope, gap) in sections::gaps(report) {
        if !slice.is_about(&system.id) {
            continue;
        }
        let says = match gap {
            Some(gap) => {
                let gap = persons.gap(gap);
                let part = gap.part.as_deref().map_or_else(String::new, |part| format!("{part}: "));
                format!("{part}{}; {}", gap.cause, gap.cause.help())
            }
            None => String::from("no cause was written down"),
        };
        let state = words::scope_state(scope.state);
        all.push(warning("coverage-gap", &format!("{}: scope {} is {state}: {says}", system.id, scope.name)));
    }
}

/// Nobody reads a system that was taken out of the configuration: what is told of it is what was known last.
fn former(report: &Report, slice: Slice<'_>, all: &mut Vec<Notification>) {
    let systems = match slice {
        Slice::System(_) => Vec::new(),
        Slice::Former(system) => vec![system],
        Slice::Whole => super::former(report).into_iter().collect(),
    };
    for system in systems {
        let says = "is not in the configuration, and was not read; its findings are told as they were known last";
        all.push(warning("coverage-gap", &format!("{system} {says}")));
    }
}

/// Findings that the format leaves out are counted, so that an empty list is not read as nothing.
fn not_written(report: &Report, slice: Slice<'_>, all: &mut Vec<Notification>) {
    let left_out = |wanted| {
        let left_out = report.findings.iter().filter(|finding| slice.covers(finding) && !is_written(finding));
        left_out.filter(|finding| sections::section(finding) == wanted).count()
    };
    let within_time = left_out(Section::WithinTime);
    if within_time > 0 {
        all.push(warning(
            "within-agreed-time",
            &format!(
                "{within_time} findings are within the agreed time and are not in this file; they follow if they outlast it"
            ),
        ));
    }
    let observed = left_out(Section::Residual);
    if observed > 0 {
        all.push(warning(
            "observed-not-confirmed",
            &format!(
                "{observed} findings were seen once and are not in this file; they follow when they are confirmed"
            ),
        ));
    }
}

fn ambiguous(report: &Report, slice: Slice<'_>, all: &mut Vec<Notification>) {
    let count = report
        .ambiguous
        .iter()
        .filter(|grant| grant.may_be_leaver)
        .filter(|grant| slice.is_about(&grant.system))
        .count();
    if count > 0 {
        all.push(warning("identity-unmatched", &format!("{count} grants may belong to somebody who left")));
    }
}

fn whole_scan(report: &Report, persons: &Persons<'_>, all: &mut Vec<Notification>) {
    if report.roster.state != RosterState::Accepted {
        let state = words::roster_state(report.roster.state);
        all.push(warning("roster-not-accepted", &format!("the newest roster is not in force: {state}")));
    }
    for app in sections::apps_not_connected(report) {
        all.push(warning("coverage-gap", &format!("known app {} is not connected", app.name)));
    }
    for notice in &report.notices {
        let notice = persons.notice(notice);
        let level = match notice.level {
            NoticeLevel::Warning => "warning",
            NoticeLevel::Note => "note",
        };
        all.push(Notification {
            descriptor: DescriptorReference { id: notice.id.clone() },
            level,
            message: Text { text: plain(&notice.says) },
        });
    }
}

fn warning(id: &str, text: &str) -> Notification {
    Notification {
        descriptor: DescriptorReference { id: id.to_owned() },
        level: "warning",
        message: Text { text: plain(text) },
    }
}
