//! Checks of the section `tickets`.

use std::collections::BTreeMap;

use url::Url;

use super::super::raw::tickets::{
    RawGroupBy, RawPriorities, RawPriorityNumbers, RawTicketPersons, RawTickets, RawTracker, RawTrackerSignIn,
};
use super::connection::{connection, secret, system_address};
use super::{Check, entries, part, trackers};
use crate::findings::Severity;
use crate::tickets::settings::{
    BreakerLimits, Caps, GroupBy, Habits, Route, ShowPersons, TicketsConfig, TrackerConfig, TrackerId,
};
use crate::tickets::trackers::settings::{Kind, Place, SignIn};
use scan_transport::Connection;

const AT: &str = "/tickets";

/// The section, if there is one. Where the file as a whole does not fit, what fits alone is checked all the same.
#[expect(clippy::option_option, reason = "a file that does not fit, and one that says nothing")]
pub(super) fn tickets(check: &mut Check<'_>, raw: Option<Option<RawTickets>>) -> Option<TicketsConfig> {
    let whole = match raw {
        Some(raw) => raw,
        None => part(check.document, AT),
    };
    let list = format!("{AT}/trackers");
    let (habits, trackers) = match whole {
        Some(mut raw) => {
            let trackers = std::mem::take(&mut raw.trackers);
            (Some(habits(check, raw)), Some(trackers))
        }
        None if check.document.length(&list).is_none() => return None,
        None => (None, None),
    };
    check.unique(&list, "id", str::to_owned);
    let mut found = Vec::new();
    let mut complete = true;
    for (pointer, raw) in entries(check.document, trackers, &list) {
        match tracker(check, &pointer, raw) {
            Some(tracker) => found.push(tracker),
            None => complete = false,
        }
    }
    if complete {
        takes_the_rest(check, &found);
    }
    Some(TicketsConfig { trackers: found, habits: habits? })
}

/// Somebody has to take what no team is named for.
fn takes_the_rest(check: &mut Check<'_>, trackers: &[TrackerConfig]) {
    let keeps = trackers.iter().any(|tracker| tracker.route.keeps_tickets);
    let rest =
        trackers.iter().any(|tracker| tracker.route.owner_teams.is_empty() && (tracker.route.keeps_tickets || !keeps));
    if !trackers.is_empty() && !rest {
        let says = "every tracker serves named teams only: findings of other teams, and of systems without a team, would go nowhere";
        check.say_help(&format!("{AT}/trackers"), says, "leave `owner_teams` out of one that keeps tickets");
    }
}

fn habits(check: &mut Check<'_>, raw: RawTickets) -> Habits {
    let usual = Habits::default();
    let caps = raw.caps.map_or(usual.caps, |caps| Caps {
        per_run: caps.per_run.unwrap_or(usual.caps.per_run),
        per_day: caps.per_day.unwrap_or(usual.caps.per_day),
    });
    if caps.per_day < caps.per_run {
        let day = check.shown(&format!("{AT}/caps/per_day"), caps.per_day);
        let run = check.shown(&format!("{AT}/caps/per_run"), caps.per_run);
        let says = format!("{day} a day are fewer than {run} a run");
        check.say(&format!("{AT}/caps"), says);
    }
    let breaker = raw.breaker.map_or(usual.breaker, |breaker| BreakerLimits {
        floor: breaker.floor.unwrap_or(usual.breaker.floor),
        share: breaker.share.unwrap_or(usual.breaker.share),
    });
    Habits {
        group_by: match raw.group_by {
            None => usual.group_by,
            Some(RawGroupBy::PersonOwner) => GroupBy::PersonOwner,
            Some(RawGroupBy::Finding) => GroupBy::Finding,
            Some(RawGroupBy::System) => GroupBy::System,
            Some(RawGroupBy::Batch) => GroupBy::Batch,
        },
        persons: match raw.person_display {
            None => usual.persons,
            Some(RawTicketPersons::Id) => ShowPersons::Id,
            Some(RawTicketPersons::Name) => ShowPersons::Name,
        },
        reopen_window: raw.reopen_window.map_or(usual.reopen_window, |window| window.0),
        caps,
        breaker,
        page_base: raw.page_base.and_then(|text| page(check, &text)),
    }
}

/// The address of our own page; links to it are the only ones in a ticket.
fn page(check: &mut Check<'_>, text: &str) -> Option<Url> {
    let pointer = format!("{AT}/page_base");
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http") && url.host().is_some());
    let bare = |url: &Url| url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if url.as_ref().is_none_or(|url| !bare(url)) {
        check.say_help(&pointer, "is no address of a page", "such as https://holdover.acme.example");
        return None;
    }
    url
}

fn tracker(check: &mut Check<'_>, pointer: &str, mut raw: RawTracker) -> Option<TrackerConfig> {
    let kinds: Vec<&str> = [
        raw.jira.is_some().then_some("jira"),
        raw.servicenow.is_some().then_some("servicenow"),
        raw.github.is_some().then_some("github"),
        raw.gitlab.is_some().then_some("gitlab"),
        raw.request_tracker.is_some().then_some("request_tracker"),
        raw.redmine.is_some().then_some("redmine"),
        raw.pagerduty.is_some().then_some("pagerduty"),
        raw.alertmanager.is_some().then_some("alertmanager"),
        raw.slack.is_some().then_some("slack"),
        raw.webhook.is_some().then_some("webhook"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let below = format!("{pointer}/connection");
    let connection = connection(check, &below, raw.connection.take(), None);
    let id = TrackerId::new(&raw.id);
    let (owner_teams, lag) = (std::mem::take(&mut raw.owner_teams), raw.lag.take().map(|lag| lag.0));
    let kind = match kinds.as_slice() {
        [one] => {
            let at = format!("{pointer}/{one}");
            let mut part = Part { at: &at, connection: &connection };
            trackers::kind(check, &mut part, raw)
        }
        [] => {
            let help = "one of jira, servicenow, github, gitlab, request_tracker, redmine, pagerduty, alertmanager, slack, webhook";
            check.say_help(pointer, "no key says what sort of tracker it is", help);
            None
        }
        several => {
            let says = format!("{} stand side by side; an entry is one tracker", several.join(" and "));
            check.say(pointer, says);
            None
        }
    };
    let kind = kind?;
    let route = Route { id, owner_teams, keeps_tickets: kind.keeps_tickets(), lag };
    Some(TrackerConfig { route, place: Place { kind, connection } })
}

/// One tracker's own mapping.
pub(super) struct Part<'a> {
    /// Its place, such as `/tickets/trackers/0/jira`.
    at: &'a str,
    connection: &'a Connection,
}

impl Part<'_> {
    pub(super) fn pointer(&self, below: &str) -> String {
        format!("{}/{below}", self.at)
    }

    pub(super) fn secret(
        &self,
        check: &mut Check<'_>,
        below: &str,
        raw: super::super::raw::connection::RawSecret,
    ) -> Option<scan_transport::SecretRef> {
        secret(check, &self.pointer(below), raw)
    }

    pub(super) fn address(&self, check: &mut Check<'_>, below: &str, text: &str) -> Option<Url> {
        let mut url = system_address(check, &self.pointer(below), text, self.connection)?;
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Some(url)
    }

    pub(super) fn sign_in(&self, check: &mut Check<'_>, raw: RawTrackerSignIn) -> Option<SignIn> {
        let secret = self.secret(check, "sign_in/token", raw.token)?;
        Some(match raw.user {
            Some(user) => SignIn::Basic { user, secret },
            None => SignIn::Token(secret),
        })
    }
}

/// Words by severity.
pub(super) fn words(raw: Option<RawPriorities>) -> BTreeMap<Severity, String> {
    let raw = raw.unwrap_or_default();
    by_severity([raw.critical, raw.high, raw.medium, raw.low, raw.info])
}

/// Numbers by severity.
pub(super) fn numbers(raw: Option<RawPriorityNumbers>) -> BTreeMap<Severity, u64> {
    let raw = raw.unwrap_or_default();
    by_severity([raw.critical, raw.high, raw.medium, raw.low, raw.info])
}

/// What is given, in the order of [`Severity::ALL`].
pub(super) fn by_severity<T>(given: [Option<T>; 5]) -> BTreeMap<Severity, T> {
    Severity::ALL.iter().copied().zip(given).filter_map(|(severity, value)| Some((severity, value?))).collect()
}

/// A kind of tracker, or nothing where a mistake was told.
pub(super) type Checked = Option<Kind>;
