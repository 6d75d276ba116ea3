//! A tracker and the service behind it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use holdover::findings::{Fingerprint, Severity};
use holdover::tickets::settings::TrackerId;
use holdover::tickets::text::{Block, Line, Span, Text};
use holdover::tickets::tracker::{Alert, Channel, Draft, Sink, TicketKey, Tracker, TrackerError};
use holdover::tickets::trackers::settings::{
    Alertmanager, GitHub, GitHubSignIn, GitLab, Jira, JiraFlavour, Kind, PagerDuty, Place, Redmine, RedmineMarkup,
    ServiceNow, SignIn, Slack, Webhook,
};
use holdover::tickets::trackers::{self, Ways};
use holdover_kit::fault::{Asked, FaultServer};
use holdover_kit::stub::tracker::{Dialect, TrackerStub};
use scan_contract::{Cause, Instant};
use scan_transport::{AllowList, Connection, PaceSettings, Request, Secret, SecretRef, Secrets, TimeLimits};
use url::Url;

/// What every credential in these tests holds. It may turn up nowhere.
pub(crate) const SECRET: &str = "canary-tracker-7hQ2mZt9LwKp4sYb6Nd3Fh8";

/// Secrets by the name of an environment variable.
pub(crate) struct Known(pub(crate) BTreeMap<String, String>);

impl Secrets for Known {
    fn fetch(&self, reference: &SecretRef) -> Result<Secret, Cause> {
        let SecretRef::Environment(name) = reference else { panic!("another kind of reference") };
        self.0.get(name).cloned().map(Secret::from).ok_or_else(|| Cause::Unreachable {
            step: format!("environment variable {name}"),
            detail: String::from("is not set"),
        })
    }
}

pub(crate) fn reference(name: &str) -> SecretRef {
    SecretRef::Environment(String::from(name))
}

fn now() -> Instant {
    chrono::Utc::now()
}

pub(crate) fn ways(secrets: &[(&str, &str)]) -> Ways {
    let known = secrets.iter().map(|(name, text)| (String::from(*name), String::from(*text))).collect();
    Ways { secrets: Arc::new(Known(known)), now: Arc::new(now) }
}

/// A connection to loopback that is not paced.
pub(crate) fn connection() -> Connection {
    Connection {
        internal: true,
        plain_to_loopback: true,
        time: TimeLimits {
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(20),
            total: Duration::from_secs(20),
        },
        pace: Some(PaceSettings { per_second: 500.0, burst: 500, in_flight: 4, ..PaceSettings::default() }),
        ..Connection::default()
    }
}

pub(crate) fn url(text: &str) -> Url {
    let mut url = Url::parse(text).expect("an address");
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    url
}

/// The settings of each dialect.
pub(crate) fn kind(dialect: Dialect, origin: &str) -> Kind {
    let words = |list: &[&str]| list.iter().map(|word| String::from(*word)).collect::<Vec<_>>();
    let sign_in = SignIn::Basic { user: String::from("holdover"), secret: reference("SECRET") };
    let jira = |flavour, sign_in| {
        Kind::Jira(Jira {
            url: url(origin),
            flavour,
            project: String::from("SEC"),
            issue_type: String::from("Task"),
            sign_in,
            priorities: BTreeMap::from([(Severity::Critical, String::from("Highest"))]),
            due_date: false,
            resolve_to: None,
            reopen_to: None,
            resolution: String::from("Done"),
            refused_resolutions: words(&["Won't Do"]),
        })
    };
    match dialect {
        Dialect::JiraCloud => jira(JiraFlavour::Cloud, sign_in),
        Dialect::JiraDataCenter => jira(JiraFlavour::DataCenter, SignIn::Token(reference("SECRET"))),
        Dialect::ServiceNow => Kind::ServiceNow(ServiceNow {
            url: url(origin),
            table: String::from("incident"),
            sign_in,
            priorities: BTreeMap::from([(Severity::Critical, (String::from("1"), String::from("1")))]),
            resolve_to: String::from("6"),
            reopen_to: String::from("2"),
            done_states: words(&["6", "7", "8"]),
            refused_states: words(&["8"]),
            close_code: Some(String::from("Solved")),
            fields: BTreeMap::new(),
        }),
        Dialect::GitHub => Kind::GitHub(GitHub {
            url: url(origin),
            owner: String::from("acme"),
            repository: String::from("offboarding"),
            sign_in: GitHubSignIn::Token(reference("SECRET")),
            priorities: BTreeMap::new(),
            labels: words(&["offboarding"]),
        }),
        Dialect::GitLab => Kind::GitLab(GitLab {
            url: url(origin),
            project: String::from("security/offboarding"),
            token: reference("SECRET"),
            priorities: BTreeMap::new(),
            labels: Vec::new(),
            confidential: true,
            refused_labels: words(&["wontfix"]),
        }),
        Dialect::Redmine => Kind::Redmine(Redmine {
            url: url(origin),
            project: String::from("offboarding"),
            tracker_id: 1,
            key_field_id: 7,
            api_key: reference("SECRET"),
            priorities: BTreeMap::new(),
            resolve_to: 5,
            reopen_to: 1,
            refused_statuses: vec![6],
            private: true,
            markup: RedmineMarkup::Textile,
        }),
        Dialect::PagerDuty => Kind::PagerDuty(PagerDuty { url: url(origin), routing_key: reference("SECRET") }),
        Dialect::Slack => Kind::Slack(Slack { origin: url(origin), address: reference("ADDRESS") }),
        Dialect::Webhook => {
            Kind::Webhook(Webhook { url: url(&format!("{origin}/hooks/holdover")), key: reference("SECRET") })
        }
    }
}

pub(crate) fn alertmanager(origins: &[&str]) -> Kind {
    Kind::Alertmanager(Alertmanager {
        urls: origins.iter().map(|origin| url(origin)).collect(),
        sign_in: None,
        labels: BTreeMap::from([(String::from("team"), String::from("security"))]),
        keep_for: Duration::from_hours(50),
    })
}

pub(crate) fn list(dialect: Dialect) -> &'static AllowList {
    match dialect {
        Dialect::JiraCloud => trackers::jira::list(JiraFlavour::Cloud),
        Dialect::JiraDataCenter => trackers::jira::list(JiraFlavour::DataCenter),
        Dialect::ServiceNow => &trackers::servicenow::ALLOW,
        Dialect::GitHub => &trackers::github::ALLOW,
        Dialect::GitLab => &trackers::gitlab::ALLOW,
        Dialect::Redmine => &trackers::redmine::ALLOW,
        Dialect::PagerDuty => &trackers::pagerduty::ALLOW,
        Dialect::Slack => &trackers::slack::ALLOW,
        Dialect::Webhook => &trackers::webhook::ALLOW,
    }
}

/// The name of a request in a list; `None` fails the test (PRV-3).
fn named(list: &'static AllowList, asked: &Asked) -> Option<String> {
    let mut request = Request::get(Url::parse(&asked.address()).ok()?);
    request.method = asked.method.parse().ok()?;
    list.find_request(&request).ok().map(|operation| String::from(operation.name))
}

pub(crate) struct Bench {
    pub(crate) dialect: Dialect,
    pub(crate) server: FaultServer,
    pub(crate) stub: Arc<TrackerStub>,
}

impl Bench {
    pub(crate) fn new(dialect: Dialect) -> Self {
        let stub = Arc::new(TrackerStub::new(dialect, SECRET));
        let list = list(dialect);
        let server = FaultServer::build(Arc::clone(&stub)).operations(move |asked| named(list, asked)).start();
        Self { dialect, server, stub }
    }

    fn open(&self, secret: &str, connection: Connection) -> Channel {
        let address = format!("{}/services/T0/B0/{secret}", self.server.origin());
        let place = Place { kind: kind(self.dialect, self.server.origin()), connection };
        let ways = ways(&[("SECRET", secret), ("ADDRESS", &address)]);
        trackers::open(&TrackerId::new("tracker"), &place, &ways).expect("a tracker")
    }

    pub(crate) fn tracker(&self) -> Box<dyn Tracker> {
        keeper(self.open(SECRET, connection()))
    }

    /// One that is given up on soon, for a tracker that says nothing.
    pub(crate) fn impatient(&self) -> Box<dyn Tracker> {
        let mut connection = connection();
        connection.time.connect = Duration::from_secs(2);
        connection.time.idle = Duration::from_secs(2);
        keeper(self.open(SECRET, connection))
    }

    /// One whose secret is wrong.
    pub(crate) fn stranger(&self) -> Box<dyn Tracker> {
        keeper(self.open("wrong-tracker-3kX8", connection()))
    }

    pub(crate) fn sink(&self) -> Box<dyn Sink> {
        teller(self.open(SECRET, connection()))
    }

    /// One that is told, with a secret that is wrong.
    pub(crate) fn estranged_sink(&self) -> Box<dyn Sink> {
        teller(self.open("wrong-tracker-3kX8", connection()))
    }

    /// Creations that arrived.
    pub(crate) fn creations(&self) -> usize {
        self.server.log().iter().filter(|logged| is_creation(self.dialect, &logged.asked)).count()
    }
}

pub(crate) fn is_creation(dialect: Dialect, asked: &Asked) -> bool {
    let end = match dialect {
        Dialect::JiraCloud | Dialect::JiraDataCenter => "/issue",
        Dialect::ServiceNow => "/incident",
        Dialect::GitHub | Dialect::GitLab => "/issues",
        Dialect::Redmine => "/issues.json",
        Dialect::PagerDuty | Dialect::Slack | Dialect::Webhook => "",
    };
    asked.method == "POST" && asked.path.ends_with(end)
}

pub(crate) fn keeper(channel: Channel) -> Box<dyn Tracker> {
    match channel {
        Channel::Tracker(tracker) => tracker,
        Channel::Sink(_) => panic!("it keeps no tickets"),
    }
}

pub(crate) fn teller(channel: Channel) -> Box<dyn Sink> {
    match channel {
        Channel::Sink(sink) => sink,
        Channel::Tracker(_) => panic!("it keeps tickets"),
    }
}

pub(crate) fn key(text: &str) -> TicketKey {
    TicketKey::new(text).expect("a key")
}

pub(crate) fn text(says: &str) -> Text {
    let value = |text: &str| vec![Span::Ours(String::from("grant ")), Span::Value(String::from(text))];
    Text {
        blocks: vec![
            Block::Paragraph(vec![Span::Ours(String::from(says))]),
            Block::Facts(vec![(String::from("System"), value("crm <@here> [x](http://evil.example/) {code} `y`"))]),
            Block::Lines(vec![Line { done: false, spans: value("tok_...81") }]),
        ],
    }
}

pub(crate) fn draft(name: &str, title: &str) -> Draft {
    Draft {
        key: key(name),
        findings: vec![Fingerprint([7; 16])],
        title: String::from(title),
        body: text("Access of a leaver is still open."),
        severity: Severity::Critical,
        due_at: None,
        owner: Some(String::from("sales-tools")),
    }
}

pub(crate) fn alert(name: &str, title: &str) -> Alert {
    Alert {
        key: key(name),
        title: String::from(title),
        body: text("Access of a leaver was used."),
        severity: Severity::High,
        system: String::from("crm"),
        began_at: now() - chrono::TimeDelta::hours(2),
        episode: String::new(),
    }
}

/// Fails if an error shows the secret, or a body.
#[track_caller]
pub(crate) fn tells_no_secret(error: &TrackerError) {
    let says = format!("{error:?}");
    for secret in [SECRET, "wrong-tracker-3kX8", "is invalid", "Bearer", "Basic "] {
        assert!(!says.contains(secret), "{secret} in {says}");
    }
}
