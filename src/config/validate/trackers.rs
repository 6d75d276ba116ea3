//! Checks of each kind of tracker.

use super::super::raw::tickets::RawTracker;
use super::super::raw::trackers::{
    RawAlertmanager, RawGithubIssues, RawGithubIssuesSignIn, RawGitlab, RawJira, RawJiraFlavour, RawPagerDuty,
    RawRedmine, RawRedmineMarkup, RawRequestTracker, RawServiceNow, RawSlack, RawWebhook,
};
use super::Check;
use super::tickets::{Checked, Part, by_severity, numbers, words};
use crate::findings::Severity;
use crate::tickets::trackers::settings::{
    Alertmanager, GitHub, GitHubSignIn, GitLab, Jira, JiraFlavour, Kind, PagerDuty, Redmine, RedmineMarkup,
    RequestTracker, ServiceNow, Slack, Webhook,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// The one kind that an entry names.
pub(super) fn kind(check: &mut Check<'_>, part: &mut Part<'_>, raw: RawTracker) -> Checked {
    let RawTracker {
        jira: raw_jira,
        servicenow: raw_servicenow,
        github: raw_github,
        gitlab: raw_gitlab,
        request_tracker: raw_request_tracker,
        redmine: raw_redmine,
        pagerduty: raw_pagerduty,
        alertmanager: raw_alertmanager,
        slack: raw_slack,
        webhook: raw_webhook,
        ..
    } = raw;
    if let Some(raw) = raw_jira {
        return jira(check, part, raw);
    }
    if let Some(raw) = raw_servicenow {
        return servicenow(check, part, raw);
    }
    if let Some(raw) = raw_github {
        return github(check, part, raw);
    }
    if let Some(raw) = raw_gitlab {
        return gitlab(check, part, raw);
    }
    if let Some(raw) = raw_request_tracker {
        return request_tracker(check, part, raw);
    }
    if let Some(raw) = raw_redmine {
        return redmine(check, part, raw);
    }
    if let Some(raw) = raw_pagerduty {
        return pagerduty(check, part, raw);
    }
    if let Some(raw) = raw_alertmanager {
        return alertmanager(check, part, raw);
    }
    if let Some(raw) = raw_slack {
        return slack(check, part, raw);
    }
    raw_webhook.and_then(|raw| webhook(check, part, raw))
}

#[expect(clippy::match_same_arms, reason = "what is written, then what the host tells")]
fn jira(check: &mut Check<'_>, part: &Part<'_>, raw: RawJira) -> Checked {
    let url = part.address(check, "url", &raw.url);
    let sign_in = part.sign_in(check, raw.sign_in);
    let url = url?;
    let host = url.host_str().unwrap_or_default();
    let flavour = match raw.flavour {
        Some(RawJiraFlavour::Cloud) => JiraFlavour::Cloud,
        Some(RawJiraFlavour::DataCenter) => JiraFlavour::DataCenter,
        None if host.ends_with(".atlassian.net") || host == "api.atlassian.com" => JiraFlavour::Cloud,
        None => JiraFlavour::DataCenter,
    };
    let refused = || ["Won't Do", "Won't Fix", "Declined"].map(String::from).to_vec();
    Some(Kind::Jira(Jira {
        url,
        flavour,
        project: raw.project,
        issue_type: raw.issue_type.unwrap_or_else(|| String::from("Task")),
        sign_in: sign_in?,
        priorities: words(raw.priorities),
        due_date: raw.due_date.unwrap_or(false),
        resolve_to: raw.resolve_to,
        reopen_to: raw.reopen_to,
        resolution: raw.resolution.unwrap_or_else(|| String::from("Done")),
        refused_resolutions: raw.refused_resolutions.unwrap_or_else(refused),
    }))
}

/// A state or status that closes has to be one in which nobody works on it any more, and one that opens again not.
fn closes(check: &mut Check<'_>, part: &Part<'_>, resolve_to: &str, reopen_to: &str, done: &[String], list: &str) {
    let is_done = |word: &str| done.iter().any(|known| known.eq_ignore_ascii_case(word));
    if !is_done(resolve_to) {
        let here = part.pointer("resolve_to");
        let word = check.shown(&here, resolve_to);
        check.say(
            &here,
            format!("`{list}` does not hold {word}, so that a closed ticket would be taken for an open one"),
        );
    }
    if is_done(reopen_to) {
        let here = part.pointer("reopen_to");
        let word = check.shown(&here, reopen_to);
        check.say(&here, format!("`{list}` holds {word}, so that it opens nothing"));
    }
}

fn servicenow(check: &mut Check<'_>, part: &Part<'_>, raw: RawServiceNow) -> Checked {
    let url = part.address(check, "url", &raw.url);
    let sign_in = part.sign_in(check, raw.sign_in);
    let text = |word: Option<String>, usual: &str| word.unwrap_or_else(|| String::from(usual));
    let (resolve_to, reopen_to) = (text(raw.resolve_to, "6"), text(raw.reopen_to, "2"));
    let done_states = raw.done_states.unwrap_or_else(|| ["6", "7", "8"].map(String::from).to_vec());
    closes(check, part, &resolve_to, &reopen_to, &done_states, "done_states");
    let raw_priorities = raw.priorities.unwrap_or_default();
    let pair = |raw: super::super::raw::tickets::RawUrgency| (raw.urgency, raw.impact);
    let priorities = by_severity([
        raw_priorities.critical.map(pair),
        raw_priorities.high.map(pair),
        raw_priorities.medium.map(pair),
        raw_priorities.low.map(pair),
        raw_priorities.info.map(pair),
    ]);
    let ours = ["correlation_id", "short_description", "description", "state"];
    for name in raw.fields.keys().filter(|name| ours.contains(&name.as_str())) {
        check.say(&part.pointer(&format!("fields/{name}")), format!("{name} is set by Holdover itself"));
    }
    Some(Kind::ServiceNow(ServiceNow {
        url: url?,
        table: text(raw.table, "incident"),
        sign_in: sign_in?,
        priorities,
        resolve_to,
        reopen_to,
        done_states,
        refused_states: raw.refused_states.unwrap_or_else(|| vec![String::from("8")]),
        close_code: raw.close_code,
        fields: raw.fields,
    }))
}

fn github(check: &mut Check<'_>, part: &Part<'_>, raw: RawGithubIssues) -> Checked {
    let url = part.address(check, "url", raw.url.as_deref().unwrap_or("https://github.com"));
    let sign_in = match raw.sign_in {
        RawGithubIssuesSignIn::Token(token) => part.secret(check, "sign_in/token", token).map(GitHubSignIn::Token),
        RawGithubIssuesSignIn::App { issuer, private_key, installation_id } => part
            .secret(check, "sign_in/app/private_key", private_key)
            .map(|private_key| GitHubSignIn::App { issuer, private_key, installation_id }),
    };
    // The schema knows the form.
    let (owner, repository) = raw.repository.split_once('/')?;
    Some(Kind::GitHub(GitHub {
        url: url?,
        owner: String::from(owner),
        repository: String::from(repository),
        sign_in: sign_in?,
        priorities: words(raw.priorities),
        labels: raw.labels,
    }))
}

fn gitlab(check: &mut Check<'_>, part: &Part<'_>, raw: RawGitlab) -> Checked {
    let url = part.address(check, "url", raw.url.as_deref().unwrap_or("https://gitlab.com"));
    let token = part.secret(check, "token", raw.token);
    for (position, label) in raw.labels.iter().enumerate().filter(|(_, label)| label.contains(',')) {
        let here = part.pointer(&format!("labels/{position}"));
        let says = format!("\"{}\" would be two labels", check.shown(&here, label));
        check.say(&here, says);
    }
    Some(Kind::GitLab(GitLab {
        url: url?,
        project: raw.project,
        token: token?,
        priorities: words(raw.priorities),
        labels: raw.labels,
        confidential: raw.confidential.unwrap_or(true),
        refused_labels: raw.refused_labels,
    }))
}

fn request_tracker(check: &mut Check<'_>, part: &Part<'_>, raw: RawRequestTracker) -> Checked {
    let url = part.address(check, "url", &raw.url);
    let sign_in = part.sign_in(check, raw.sign_in);
    let text = |word: Option<String>, usual: &str| word.unwrap_or_else(|| String::from(usual));
    let (resolve_to, reopen_to) = (text(raw.resolve_to, "resolved"), text(raw.reopen_to, "open"));
    let done_statuses = raw.done_statuses.unwrap_or_else(|| ["resolved", "rejected"].map(String::from).to_vec());
    closes(check, part, &resolve_to, &reopen_to, &done_statuses, "done_statuses");
    let mut priorities: BTreeMap<Severity, u8> = BTreeMap::new();
    for (severity, number) in numbers(raw.priorities) {
        if let Ok(number @ 0..=100) = u8::try_from(number) {
            priorities.insert(severity, number);
        } else {
            let here = part.pointer(&format!("priorities/{severity}"));
            let says = format!("{} is not between 0 and 100", check.shown(&here, number));
            check.say(&here, says);
        }
    }
    Some(Kind::RequestTracker(RequestTracker {
        url: url?,
        queue: raw.queue,
        key_field: text(raw.key_field, "Finding Key"),
        findings_field: raw.findings_field,
        sign_in: sign_in?,
        priorities,
        resolve_to,
        reopen_to,
        done_statuses,
        refused_statuses: raw.refused_statuses.unwrap_or_else(|| vec![String::from("rejected")]),
    }))
}

fn redmine(check: &mut Check<'_>, part: &Part<'_>, raw: RawRedmine) -> Checked {
    let url = part.address(check, "url", &raw.url);
    let api_key = part.secret(check, "api_key", raw.api_key);
    if raw.resolve_to == raw.reopen_to {
        check.say(&part.pointer("reopen_to"), "is the status that closes");
    }
    Some(Kind::Redmine(Redmine {
        url: url?,
        project: raw.project,
        tracker_id: raw.tracker_id,
        key_field_id: raw.key_field_id,
        api_key: api_key?,
        priorities: numbers(raw.priorities),
        resolve_to: raw.resolve_to,
        reopen_to: raw.reopen_to,
        refused_statuses: raw.refused_statuses,
        private: raw.private.unwrap_or(true),
        markup: match raw.text_formatting {
            None | Some(RawRedmineMarkup::Textile) => RedmineMarkup::Textile,
            Some(RawRedmineMarkup::Markdown) => RedmineMarkup::Markdown,
        },
    }))
}

fn pagerduty(check: &mut Check<'_>, part: &Part<'_>, raw: RawPagerDuty) -> Checked {
    let url = part.address(check, "url", raw.url.as_deref().unwrap_or("https://events.pagerduty.com"));
    let routing_key = part.secret(check, "routing_key", raw.routing_key);
    Some(Kind::PagerDuty(PagerDuty { url: url?, routing_key: routing_key? }))
}

fn alertmanager(check: &mut Check<'_>, part: &Part<'_>, raw: RawAlertmanager) -> Checked {
    let count = raw.urls.len();
    let urls: Vec<url::Url> = raw
        .urls
        .iter()
        .enumerate()
        .filter_map(|(position, text)| part.address(check, &format!("urls/{position}"), text))
        .collect();
    let sign_in = match raw.sign_in {
        None => None,
        Some(raw) => Some(part.sign_in(check, raw)?),
    };
    for name in raw.labels.keys() {
        let pointer = part.pointer(&format!("labels/{name}"));
        let mut letters = name.chars();
        let first = letters.next().is_some_and(|letter| letter.is_ascii_alphabetic() || letter == '_');
        if !first || !letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
            check.say(&pointer, format!("\"{name}\" is no name of a label"));
        } else if ["alertname", "holdover_key", "system"].contains(&name.as_str()) {
            check.say(&pointer, format!("{name} is set by Holdover itself"));
        }
    }
    let keep_for = raw.keep_for.map_or(Duration::from_hours(50), |time| time.0);
    if keep_for < Duration::from_mins(10) {
        let help = "more than twice the time between two runs";
        check.say_help(&part.pointer("keep_for"), "alerts would end before the next run could send them again", help);
    }
    (urls.len() == count).then_some(Kind::Alertmanager(Alertmanager { urls, sign_in, labels: raw.labels, keep_for }))
}

fn slack(check: &mut Check<'_>, part: &Part<'_>, raw: RawSlack) -> Checked {
    let origin = part.address(check, "origin", raw.origin.as_deref().unwrap_or("https://hooks.slack.com"));
    let address = part.secret(check, "webhook", raw.webhook);
    let origin = origin?;
    if origin.path() != "/" {
        check.say_help(&part.pointer("origin"), "is more than an origin", "the path is a part of the secret address");
        return None;
    }
    Some(Kind::Slack(Slack { origin, address: address? }))
}

fn webhook(check: &mut Check<'_>, part: &Part<'_>, raw: RawWebhook) -> Checked {
    let url = part.address(check, "url", &raw.url);
    let key = part.secret(check, "key", raw.key);
    let url = url?;
    if url.path().contains("//") {
        check.say(&part.pointer("url"), "has an empty segment in its path");
        return None;
    }
    Some(Kind::Webhook(Webhook { url, key: key? }))
}
