//! The section `tickets`: the documented trackers are accepted, and every mistake is told with its place.

use std::path::Path;
use std::time::Duration;

use super::{Loaded, Problem, environment, load};
use crate::findings::Severity;
use crate::problem::render;
use crate::tickets::settings::{GroupBy, TicketsConfig};
use crate::tickets::trackers::settings::{GitHubSignIn, JiraFlavour, Kind, SignIn};

const PAGE: &str = include_str!("../../../docs/trackers.md");
pub(super) const HEAD: &str = "version: 1\nroster:\n  sources:\n    - { id: hris, format: csv, path: hris.csv, coverage: full, \
                    default_time_zone: UTC, end_date_meaning: last_day_included }\n\
                    systems:\n  - { id: crm, connector: import, files: [{ path: c.ndjson, format: ndjson }] }\n";

fn read(section: &str) -> Result<Loaded, Vec<Problem>> {
    load(Path::new("holdover.yaml"), &format!("{HEAD}{section}"), &environment)
}

fn good(section: &str) -> TicketsConfig {
    let loaded =
        read(section).unwrap_or_else(|problems| panic!("{}", render(&problems, |_| Some(format!("{HEAD}{section}")))));
    loaded.config.tickets.expect("a section")
}

pub(super) fn blocks() -> Vec<String> {
    PAGE.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next()).map(String::from).collect()
}

/// Trackers as they stand in a list.
pub(super) fn around(entries: &str) -> String {
    let entries: String = entries.lines().flat_map(|line| ["    ", line, "\n"]).collect();
    format!("tickets:\n  trackers:\n{entries}")
}

fn says(section: &str) -> Vec<(String, String)> {
    match read(section) {
        Ok(_) => panic!("accepted: {section}"),
        Err(problems) => problems.into_iter().map(|problem| (problem.key, problem.says)).collect(),
    }
}

const RT: &str =
    "- id: rt\n  request_tracker: { url: https://rt.acme.example, queue: Q, sign_in: { token: { env: T } } }";

#[test]
fn every_documented_tracker_is_accepted() {
    let blocks = blocks();
    let mut kinds = Vec::new();
    for block in blocks.iter().filter(|block| block.starts_with("- id:")) {
        for tracker in good(&around(block)).trackers {
            assert_eq!(tracker.route.keeps_tickets, tracker.place.kind.keeps_tickets());
            kinds.push(tracker.place.kind.as_str());
        }
    }
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            "jira",
            "servicenow",
            "github",
            "gitlab",
            "request_tracker",
            "redmine",
            "pagerduty",
            "alertmanager",
            "slack",
            "webhook"
        ]
    );
    let whole = good(blocks.iter().find(|block| block.starts_with("tickets:")).expect("a whole section"));
    assert_eq!((whole.trackers.len(), whole.habits.group_by), (2, GroupBy::PersonOwner));
}

#[test]
fn what_is_said_reaches_the_settings_and_what_is_not_said_has_its_default() {
    let jira = blocks().into_iter().find(|block| block.contains("jira-cloud")).expect("a block");
    let config = good(&around(&jira));
    let Kind::Jira(cloud) = &config.trackers[0].place.kind else { panic!("jira") };
    assert_eq!((cloud.flavour, cloud.resolution.as_str(), cloud.due_date), (JiraFlavour::Cloud, "Done", false));
    assert_eq!(cloud.priorities[&Severity::Critical], "Highest");
    assert!(matches!(&cloud.sign_in, SignIn::Basic { user, .. } if user == "holdover@acme.example"));
    let Kind::Jira(own) = &config.trackers[1].place.kind else { panic!("jira") };
    assert_eq!((own.flavour, own.url.as_str()), (JiraFlavour::DataCenter, "https://tools.acme.example/jira"));
    assert!(matches!(own.sign_in, SignIn::Token(_)));
    assert_eq!(config.trackers[1].route.owner_teams, ["platform"]);

    let config = good(
        "tickets:\n  group_by: finding\n  reopen_window: 48h\n  caps: { per_run: 3, per_day: 7 }\n  breaker: { floor: 5, share: 0.5 }\n  \
         page_base: https://holdover.acme.example\n  trackers:\n    - id: issues\n      lag: 90s\n      connection: { internal: true }\n      \
         github: { repository: acme/x.y, sign_in: { token: { env: T } } }\n",
    );
    assert_eq!((config.habits.caps.per_run, config.habits.caps.per_day, config.habits.breaker.floor), (3, 7, 5));
    assert_eq!(config.habits.reopen_window, Duration::from_hours(48));
    assert_eq!(config.habits.page_base.as_ref().map(url::Url::as_str), Some("https://holdover.acme.example/"));
    assert_eq!(config.trackers[0].route.lag, Some(Duration::from_secs(90)));
    assert!(config.trackers[0].place.connection.internal);
    let Kind::GitHub(github) = &config.trackers[0].place.kind else { panic!("github") };
    assert_eq!((github.owner.as_str(), github.repository.as_str()), ("acme", "x.y"));
    assert!(matches!(github.sign_in, GitHubSignIn::Token(_)));
    assert!(read("").expect("accepted").config.tickets.is_none(), "without the section there are no tickets");
}

#[test]
fn every_mistake_of_the_section_is_told_with_its_place() {
    let key = "tickets.trackers[0]";
    for (section, place, expected) in [
        (around("- id: rt"), key, "no key says what sort of tracker it is"),
        (
            around(&format!("{RT}\n  slack: {{ webhook: {{ env: S }} }}")),
            key,
            "request_tracker and slack stand side by side; an entry is one tracker",
        ),
        (around(&format!("{RT}\n{RT}")), "tickets.trackers[1].id", "the id rt stands twice"),
        (
            around(&format!("{RT}\n  owner_teams: [sales]\n- id: chat\n  slack: {{ webhook: {{ env: S }} }}")),
            "tickets.trackers",
            "every tracker serves named teams only: findings of other teams, and of systems without a team, would go nowhere",
        ),
        (
            around(&RT.replace("https://", "http://")),
            "tickets.trackers[0].request_tracker.url",
            "plain text would show the credential to everybody on the way",
        ),
        (
            around(&RT.replace("queue: Q", "queue: Q, reopen_to: rejected")),
            "tickets.trackers[0].request_tracker.reopen_to",
            "`done_statuses` holds rejected, so that it opens nothing",
        ),
        (
            around(&RT.replace("queue: Q", "queue: Q, resolve_to: done")),
            "tickets.trackers[0].request_tracker.resolve_to",
            "`done_statuses` does not hold done, so that a closed ticket would be taken for an open one",
        ),
        (
            around(&RT.replace("queue: Q", "queue: Q, priorities: { high: 101 }")),
            "tickets.trackers[0].request_tracker.priorities.high",
            "101 is not between 0 and 100",
        ),
        (
            around("- id: a\n  alertmanager: { urls: [https://a.example], labels: { system: x } }"),
            "tickets.trackers[0].alertmanager.labels.system",
            "system is set by Holdover itself",
        ),
        (
            around("- id: a\n  alertmanager: { urls: [https://a.example], keep_for: 5m }"),
            "tickets.trackers[0].alertmanager.keep_for",
            "alerts would end before the next run could send them again",
        ),
        (
            around("- id: s\n  slack: { webhook: { env: S }, origin: https://hooks.slack.com/services }"),
            "tickets.trackers[0].slack.origin",
            "is more than an origin",
        ),
        (
            format!("{}  caps: {{ per_run: 9, per_day: 8 }}\n", around(RT)),
            "tickets.caps",
            "8 a day are fewer than 9 a run",
        ),
    ] {
        let told = says(&section);
        assert_eq!(told, [(String::from(place), String::from(expected))], "{section}");
    }
}

#[test]
fn mistakes_are_told_together_and_a_secret_is_never_taken_from_the_file() {
    let told = says(&around(
        "- id: RT\n  request_tracker: { url: https://rt.acme.example, queue: Q, sign_in: { token: s3cret-canary } }\n\
         - id: chat\n  slack: { webhook: { env: S }, colour: red }",
    ));
    let keys: Vec<&str> = told.iter().map(|(key, _)| key.as_str()).collect();
    assert!(keys.contains(&"tickets.trackers[0].id"), "{told:?}");
    assert!(keys.contains(&"tickets.trackers[0].request_tracker.sign_in.token"), "{told:?}");
    assert!(keys.contains(&"tickets.trackers[1].slack.colour"), "{told:?}");
    assert!(told.iter().all(|(_, says)| !says.contains("s3cret-canary")), "{told:?}");
}
