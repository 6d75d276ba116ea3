//! What the documents say about each other: the account they belong to, and whether they are whole.

use std::collections::{BTreeMap, BTreeSet};

use scan_contract::{Cause, ProofKind};

use crate::arn::Arn;
use crate::read::details::{Details, List, PagesEnd};
use crate::read::load::Loaded;
use crate::read::report::Report;
use crate::scopes::{GROUPS, POLICIES, ROLE_TRUSTS, ROLES, ReadFrom, USERS};
use crate::settings::Settings;
use crate::tell::reading::Reading;
use crate::tell::scopes_from;
use crate::text::{short, some_of};

/// Accounts in the documents that are not the configured one, if any (CMP-1).
pub(crate) fn foreign_account(settings: &Settings, loaded: &Loaded) -> Option<String> {
    let foreign: Vec<String> =
        loaded.accounts().into_iter().filter(|account| account != settings.account.as_str()).collect();
    (!foreign.is_empty())
        .then(|| some_of(foreign.iter().map(|account| if account.is_empty() { "no account" } else { account })))
}

/// Names damages of the whole documents and decides which proof each scope has.
pub(crate) fn tell(loaded: &Loaded, reading: &mut Reading) {
    let details = loaded.details.get();
    let report = loaded.report.get();
    if let Some(details) = details {
        tell_details(details, reading);
    }
    if let Some(report) = report {
        tell_report(report, reading);
    }
    match (details, report) {
        (Some(details), Some(report)) => cross_check(details, report, reading),
        (Some(details), None) => seal_details_alone(details, reading),
        (None, Some(report)) => {
            let what = "nothing marks the end of a credential report; give the authorization details, which name the same users";
            reading.seal(scopes_from(ReadFrom::Report), ProofKind::EndOfFile, &report.sha256);
            reading.gap_in(scopes_from(ReadFrom::Report), &Cause::NotProven { what: what.to_owned() });
        }
        (None, None) => {}
    }
}

/// Scopes that need a list of the details.
fn scopes_of(list: List) -> &'static [&'static str] {
    match list {
        List::Users => &[USERS, GROUPS, POLICIES],
        List::Groups => &[GROUPS],
        List::Roles => &[ROLE_TRUSTS, ROLES],
        // A lost policy costs certainty about reach, not sight of who has access.
        List::Policies => &[POLICIES],
    }
}

/// Names damages of the authorization details.
pub(crate) fn tell_details(details: &Details, reading: &mut Reading) {
    for cause in &details.broken {
        reading.gap_in(scopes_from(ReadFrom::Details), cause);
    }
    for damage in &details.damage {
        for kind in scopes_of(damage.list) {
            reading.gap(kind, Some(damage.part.clone()), damage.cause.clone());
        }
    }
    if details.broken.is_empty() {
        for list in [List::Users, List::Roles] {
            if !details.lists.contains(&list) {
                let what = format!("the authorization details have no {}", list.key());
                for kind in scopes_of(list) {
                    reading.close(kind, Cause::NotInSource { what: what.clone() });
                }
            }
        }
        if details.lists.contains(&List::Roles) && details.roles.is_empty() && details.damage.is_empty() {
            let what = "any role: AWS itself makes some in every account, so the answer was asked for without them";
            reading.gap_in([ROLE_TRUSTS, ROLES], &Cause::NotSeen { what: what.to_owned() });
        }
    }
    if details.page_count() > 1 {
        reading.notice(format!("the authorization details have {} pages", details.page_count()));
    }
    for (name, arn) in names(details).filter(|(_, arn)| Arn::parse(arn).is_none()) {
        let what = format!("{} has no ARN that can be read, so its account is not known", short(name, 80));
        reading
            .gap_in(scopes_from(ReadFrom::Details), &Cause::Malformed { what: format!("{what} ({})", short(arn, 40)) });
    }
}

fn names(details: &Details) -> impl Iterator<Item = (&str, &str)> {
    let users = details.users.iter().map(|user| (user.user_name.as_str(), user.arn.as_str()));
    let groups = details.groups.iter().map(|group| (group.group_name.as_str(), group.arn.as_str()));
    let roles = details.roles.iter().map(|role| (role.role_name.as_str(), role.arn.as_str()));
    users.chain(groups).chain(roles)
}

/// Names damages of the credential report.
pub(crate) fn tell_report(report: &Report, reading: &mut Reading) {
    let mut lines: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &report.rows {
        if lines.insert(row.arn.as_str(), row.line).is_some() {
            let what = format!("line {}: user {} is there twice", row.line, short(&row.user, 80));
            reading.gap_in(scopes_from(ReadFrom::Report), &Cause::Malformed { what });
        }
        if Arn::parse(&row.arn).is_none() {
            let what = format!("line {}: no ARN that can be read, so its account is not known", row.line);
            reading.gap_in(scopes_from(ReadFrom::Report), &Cause::Malformed { what });
        }
    }
}

/// The users of both documents must be the same ones; then each proves the other whole.
fn cross_check(details: &Details, report: &Report, reading: &mut Reading) {
    let in_details: BTreeSet<&str> = details.users.iter().map(|user| user.arn.as_str()).collect();
    let in_report: BTreeSet<&str> =
        report.rows.iter().filter(|row| !row.is_root()).map(|row| row.arn.as_str()).collect();
    reading.seal(scopes_from(ReadFrom::Details), ProofKind::CrossCheck, &details.sha256);
    reading.seal(scopes_from(ReadFrom::Report), ProofKind::CrossCheck, &report.sha256);
    if in_details == in_report {
        let root = report.rows.iter().filter(|row| row.is_root()).count().min(1);
        reading.announce(USERS, (in_report.len() + root) as u64);
        return;
    }
    let only_report: Vec<&str> = in_report.difference(&in_details).map(|arn| name_of(arn)).collect();
    let only_details: Vec<&str> = in_details.difference(&in_report).map(|arn| name_of(arn)).collect();
    let mut what = String::from("users of the credential report and of the authorization details");
    if !only_report.is_empty() {
        what = format!("{what}; only in the report: {}", some_of(only_report));
    }
    if !only_details.is_empty() {
        what = format!("{what}; only in the details: {}", some_of(only_details));
    }
    let cause = if in_details.len() == in_report.len() {
        Cause::Malformed { what: format!("not the same {what}") }
    } else {
        Cause::CountDiffers { what, announced: in_report.len() as u64, found: in_details.len() as u64 }
    };
    reading.gap_in(scopes_from(ReadFrom::Details).chain(scopes_from(ReadFrom::Report)), &cause);
}

/// The user's name in an ARN, else the ARN.
pub(crate) fn name_of(arn: &str) -> &str {
    Arn::parse(arn).and_then(|arn| arn.user_name()).unwrap_or(arn)
}

fn seal_details_alone(details: &Details, reading: &mut Reading) {
    if details.lists.contains(&List::Users) && details.users.is_empty() && details.damage.is_empty() {
        let what =
            "no user is listed, which an answer asked for without users shows as well; give the credential report";
        reading.gap_in(scopes_of(List::Users).iter().copied(), &Cause::NotProven { what: what.to_owned() });
    }
    match details.end() {
        PagesEnd::LastPage => reading.seal(scopes_from(ReadFrom::Details), ProofKind::LastPage, &details.sha256),
        PagesEnd::Unsaid => {
            let what = "no page says that it is the last; give the credential report, which names the same users";
            reading.seal(scopes_from(ReadFrom::Details), ProofKind::EndOfFile, &details.sha256);
            reading.gap_in(scopes_from(ReadFrom::Details), &Cause::NotProven { what: what.to_owned() });
        }
    }
}
