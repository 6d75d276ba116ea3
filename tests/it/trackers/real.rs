//! Trackers that we did not write: Request Tracker 5, Alertmanager, and emulate for GitHub Issues. `tests/servers` starts
//! them and writes where they are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use holdover::findings::Severity;
use holdover::tickets::settings::TrackerId;
use holdover::tickets::tracker::{RemoteId, Sighted, Standing, Tracker, TrackerError};
use holdover::tickets::trackers::settings::{
    GitHub, GitHubSignIn, Kind, Place, Redmine, RedmineMarkup, RequestTracker, SignIn,
};
use holdover::tickets::trackers::{self};
use holdover_kit::fault::{Asked, Damage, FaultServer, Forward, On, Stub};
use serde_json::Value;

use super::bench::{alert, alertmanager, connection, draft, keeper, key, reference, teller, text, url, ways};

/// Where a server is. Locally a missing one skips the test by name; where servers are required it fails it.
#[expect(clippy::disallowed_methods, reason = "a test asks its environment where a server is")]
fn server(variable: &str) -> Option<String> {
    let found = std::env::var(variable).ok().filter(|address| !address.is_empty());
    if found.is_none() {
        let required = std::env::var("HOLDOVER_SERVERS").is_ok_and(|word| word == "required");
        assert!(!required, "{variable} is not set, though servers are required: tests/servers start");
        println!("skipped: {variable} is not set (tests/servers start)");
    }
    found
}

/// A key that no earlier test has used on a server that keeps what it is told.
fn fresh(name: &str) -> String {
    format!("holdover-{name}-{}", chrono::Utc::now().timestamp_micros())
}

/// The whole life of a ticket, on anything.
async fn whole_life(ours: &dyn Tracker, name: &str) -> RemoteId {
    let says = ours.check().await.expect("checked");
    println!("{says}");
    let name = key(name);
    assert_eq!(ours.find(std::slice::from_ref(&name)).await, Ok(vec![]));
    let hostile = "p-1 <b>@here</b> [x](http://evil.example/) {code} \u{202e}gnp";
    let made = ours.create(&draft(name.as_str(), hostile)).await.expect("made");
    assert_eq!((made.keys.as_slice(), &made.standing), ([name.clone()].as_slice(), &Standing::Open));
    let found = ours.find(&[key("holdover-never-used"), name.clone()]).await.expect("found");
    assert_eq!((found.len(), &found[0].id, found[0].keys.as_slice()), (1, &made.id, [name.clone()].as_slice()));
    let mut changed = draft(name.as_str(), "p-1: 2 findings");
    changed.body = text("Two grants are open.");
    ours.revise(&made.id, &changed).await.expect("revised");
    ours.comment(&made.id, &text("One more was found.")).await.expect("a comment");
    ours.resolve(&made.id, &text("Both looks: gone.")).await.expect("closed");
    let Sighted::Found(closed) = ours.read(&made.id).await.expect("read") else { panic!("missing") };
    assert!(matches!(closed.standing, Standing::Done { refused: false, at: Some(_), .. }), "{:?}", closed.standing);
    assert_eq!(ours.find(std::slice::from_ref(&name)).await.expect("found").len(), 1, "closed ones are found too");
    ours.reopen(&made.id, &text("It is back.")).await.expect("opened");
    let Sighted::Found(open) = ours.read(&made.id).await.expect("read") else { panic!("missing") };
    assert_eq!(open.standing, Standing::Open);
    let missing = ours.read(&RemoteId(String::from("99999999"))).await.expect("an answer");
    assert!(matches!(missing, Sighted::Missing { .. }), "{missing:?}");
    made.id
}

fn queue(address: &str) -> RequestTracker {
    RequestTracker {
        url: url(address),
        queue: String::from("General"),
        key_field: String::from("Finding Key"),
        findings_field: Some(String::from("Findings")),
        sign_in: SignIn::Token(reference("SECRET")),
        priorities: BTreeMap::from([(Severity::Critical, 90)]),
        resolve_to: String::from("resolved"),
        reopen_to: String::from("open"),
        done_statuses: vec![String::from("resolved"), String::from("rejected")],
        refused_statuses: vec![String::from("rejected")],
    }
}

fn request_tracker(settings: RequestTracker, secret: &str) -> Box<dyn Tracker> {
    let mut connection = connection();
    // The first calls of a fresh server are slow.
    connection.time.idle = Duration::from_mins(1);
    connection.time.total = Duration::from_mins(1);
    let place = Place { kind: Kind::RequestTracker(settings), connection };
    keeper(trackers::open(&TrackerId::new("rt"), &place, &ways(&[("SECRET", secret)])).expect("a tracker"))
}

/// The tokens that `tests/servers` made: ours, and that of somebody who sees no custom field.
fn tokens() -> Option<(String, String)> {
    let text = server("HOLDOVER_REQUEST_TRACKER_TOKENS")?;
    let (ours, blind) = text.split_once(',').expect("two tokens");
    Some((String::from(ours), String::from(blind)))
}

#[tokio::test]
async fn request_tracker_keeps_tickets() {
    let (Some(address), Some((ours, _))) = (server("HOLDOVER_REQUEST_TRACKER"), tokens()) else { return };
    let name = fresh("rt");
    let tracker = request_tracker(queue(&address), &ours);
    let id = whole_life(&*tracker, &name).await;
    // The label of a finding finds the ticket as well.
    let label = holdover::tickets::tracker::TicketKey::of_finding(&draft(&name, "x").findings[0]);
    let found = tracker.find(std::slice::from_ref(&label)).await.expect("found");
    assert!(found.iter().any(|remote| remote.id == id), "{found:?}");
}

#[tokio::test]
async fn request_tracker_for_somebody_who_sees_no_custom_field_is_an_error_and_not_empty() {
    let (Some(address), Some((ours, blind))) = (server("HOLDOVER_REQUEST_TRACKER"), tokens()) else { return };
    let error = request_tracker(queue(&address), &blind).find(&[key("holdover-never-used")]).await.expect_err("blind");
    assert!(format!("{error:?}").contains("SeeCustomField"), "{error:?}");
    let mut other = queue(&address);
    other.key_field = String::from("No Such Field");
    let error = request_tracker(other, &ours).find(&[key("holdover-never-used")]).await.expect_err("no field");
    assert!(format!("{error:?}").contains("No Such Field"), "{error:?}");
    let mut other = queue(&address);
    other.queue = String::from("No Such Queue");
    request_tracker(other, &ours).find(&[key("holdover-never-used")]).await.expect_err("no queue");
    let error = request_tracker(queue(&address), "wrong").find(&[key("holdover-never-used")]).await.expect_err("401");
    assert!(format!("{error:?}").contains("Unauthenticated"), "{error:?}");
}

#[tokio::test]
async fn request_tracker_behind_a_line_that_loses_answers_makes_one_ticket() {
    let (Some(address), Some((ours, _))) = (server("HOLDOVER_REQUEST_TRACKER"), tokens()) else { return };
    let server = FaultServer::start(Arc::new(Forward::to(&address).expect("a server of this machine")));
    let tracker = request_tracker(queue(server.origin()), &ours);
    let name = fresh("rt-lost");
    let fault = server.plant(On::post("/REST/2.0/ticket").once(), Damage::Reset);
    let error = tracker.create(&draft(&name, "p-1")).await.expect_err("a lost answer");
    assert!(matches!(error, TrackerError::MayHaveHappened(_)), "{error:?}");
    fault.expect_fired();
    let found = tracker.find(&[key(&name)]).await.expect("found");
    assert_eq!(found.len(), 1, "it was made, once");
    // Somebody changes the ticket between our reading and our writing: 412, and it is read again.
    let stale = server.plant(On::route("GET", "/REST/2.0/ticket/{id}").once(), Damage::header("etag", "\"1\""));
    tracker.resolve(&found[0].id, &text("gone")).await.expect("closed all the same");
    stale.expect_fired();
    let refused = server.log().iter().filter(|logged| logged.status == 412).count();
    assert_eq!(refused, 1, "Request Tracker refused the stale one");
    // Hidden rows: what Request Tracker then writes.
    let hidden = Damage::change(|_, answer| {
        answer.edit(|value| {
            value["total"] = Value::Null;
            value["pages"] = Value::Null;
        })
    });
    let fault = server.plant(On::get("/REST/2.0/tickets").once(), hidden);
    let error = tracker.find(&[key(&name)]).await.expect_err("cannot tell");
    assert!(format!("{error:?}").contains("names no total"), "{error:?}");
    fault.expect_fired();
}

#[tokio::test]
async fn alertmanager_fires_and_ends_an_alert() {
    let Some(address) = server("HOLDOVER_ALERTMANAGER") else { return };
    let place = Place { kind: alertmanager(&[&address]), connection: connection() };
    let sink = teller(trackers::open(&TrackerId::new("alerts"), &place, &ways(&[])).expect("a sink"));
    println!("{}", sink.check().await.expect("checked"));
    let behind = Forward::to(&address).expect("a server of this machine");
    let server = FaultServer::start(Arc::new(behind));
    let name = fresh("am");
    let mut told = alert(&name, "p-1 \"quoted\" {{ template }}");
    sink.raise(std::slice::from_ref(&told)).await.expect("told");
    let shown = |name: String, origin: String| async move {
        let body = ask(&origin, &format!("/api/v2/alerts?filter=holdover_key%3D%22{name}%22")).await;
        serde_json::from_str::<Value>(&body).expect("JSON").as_array().expect("a list").clone()
    };
    let firing = shown(name.clone(), String::from(server.origin())).await;
    assert_eq!(firing.len(), 1, "{firing:?}");
    assert_eq!(firing[0]["labels"]["team"], "security");
    assert_eq!(firing[0]["annotations"]["severity"], "high");
    assert!(firing[0]["annotations"]["summary"].as_str().is_some_and(|text| text.contains("{{ template }}")));
    // Worse, and sent again: the same alert.
    told.severity = Severity::Critical;
    sink.raise(std::slice::from_ref(&told)).await.expect("told again");
    let firing = shown(name.clone(), String::from(server.origin())).await;
    assert_eq!((firing.len(), firing[0]["annotations"]["severity"].as_str()), (1, Some("critical")));
    sink.resolve(std::slice::from_ref(&told)).await.expect("over");
    let mut left = usize::MAX;
    for _ in 0..600 {
        left = shown(name.clone(), String::from(server.origin())).await.len();
        if left == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(left, 0, "it is over");
}

/// A question of the test itself, on a thread of its own.
async fn ask(origin: &str, path: &str) -> String {
    let address = origin.strip_prefix("http://").expect("plain text").to_owned();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    tokio::task::spawn_blocking(move || {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(&address).expect("a connection");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut whole = String::new();
        stream.read_to_string(&mut whole).expect("an answer");
        whole.split_once("\r\n\r\n").expect("a body").1.to_owned()
    })
    .await
    .expect("an answer")
}

/// emulate answers at its root, where a GitHub Enterprise Server has a path.
struct BelowRoot(Forward);

impl Stub for BelowRoot {
    fn answer(&self, asked: &Asked) -> holdover_kit::fault::Answer {
        let mut asked = asked.clone();
        asked.path = asked.path.replacen("/api/v3", "", 1);
        self.0.answer(&asked)
    }
}

#[tokio::test]
async fn github_issues_of_the_emulator_keep_tickets() {
    let Some(address) = server("HOLDOVER_EMULATE_GITHUB") else { return };
    let server = FaultServer::start(Arc::new(BelowRoot(Forward::to(&address).expect("a server of this machine"))));
    let settings = GitHub {
        url: url(server.origin()),
        owner: String::from("acme"),
        repository: String::from("service"),
        sign_in: GitHubSignIn::Token(reference("SECRET")),
        priorities: BTreeMap::from([(Severity::Critical, String::from("critical"))]),
        labels: vec![String::from("offboarding")],
    };
    let open = |settings: GitHub, secret: &str| {
        let place = Place { kind: Kind::GitHub(settings), connection: connection() };
        keeper(trackers::open(&TrackerId::new("issues"), &place, &ways(&[("SECRET", secret)])).expect("a tracker"))
    };
    let name = fresh("gh");
    whole_life(&*open(settings.clone(), "emulate-admin-token"), &name).await;
    let mut hidden = settings;
    hidden.repository = String::from("no-such-repository");
    open(hidden, "emulate-admin-token").find(&[key(&name)]).await.expect_err("no such place");
}

/// Redmine is started by name only, so that a missing one is no failure. `facts`: API key, tracker, field of the key, a
/// field that is no filter, statuses closed, rejected, new.
#[expect(clippy::disallowed_methods, reason = "a test asks its environment where a server is")]
fn redmine() -> Option<(String, Vec<String>)> {
    let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    let found = variable("HOLDOVER_REDMINE").zip(variable("HOLDOVER_REDMINE_FACTS"));
    if found.is_none() {
        println!("skipped: HOLDOVER_REDMINE is not set (tests/servers start redmine)");
    }
    found.map(|(address, facts)| (address, facts.split(',').map(String::from).collect()))
}

fn project(address: &str, facts: &[String]) -> Redmine {
    let number = |at: usize| facts[at].parse().expect("a number");
    Redmine {
        url: url(address),
        project: String::from("offboarding"),
        tracker_id: number(1),
        key_field_id: number(2),
        api_key: reference("SECRET"),
        priorities: BTreeMap::new(),
        resolve_to: number(4),
        reopen_to: number(6),
        refused_statuses: vec![number(5)],
        private: true,
        markup: RedmineMarkup::Textile,
    }
}

fn open_redmine(settings: Redmine, secret: &str) -> Box<dyn Tracker> {
    let mut connection = connection();
    connection.time.idle = Duration::from_mins(1);
    connection.time.total = Duration::from_mins(1);
    let place = Place { kind: Kind::Redmine(settings), connection };
    keeper(trackers::open(&TrackerId::new("redmine"), &place, &ways(&[("SECRET", secret)])).expect("a tracker"))
}

#[tokio::test]
async fn redmine_keeps_tickets() {
    let Some((address, facts)) = redmine() else { return };
    let name = fresh("rm");
    whole_life(&*open_redmine(project(&address, &facts), &facts[0]), &name).await;
    // A wrong key reads the public project as nobody: an error, and not an empty list.
    let error = open_redmine(project(&address, &facts), "wrong").find(&[key(&name)]).await.expect_err("nobody");
    assert!(format!("{error:?}").contains("Unauthenticated"), "{error:?}");
    // A field that is no filter finds everything.
    let mut other = project(&address, &facts);
    other.key_field_id = facts[3].parse().expect("a number");
    let error = open_redmine(other, &facts[0]).find(&[key("holdover-never-used")]).await.expect_err("no filter");
    assert!(format!("{error:?}").contains("not used as a filter"), "{error:?}");
}

#[tokio::test]
async fn redmine_shows_hostile_values_as_text() {
    use holdover::tickets::text::{Block, Line, Span, Text};
    let Some((address, facts)) = redmine() else { return };
    let mut values: Vec<String> = holdover_kit::suite::hostile_names();
    values.extend(
        [
            "\"link\":http://evil.example/",
            "!http://evil.example/x.png!",
            "[[Wiki]]",
            "{{include(Secret)}}",
            "{{>toc}}",
            "@holdover",
            "user#1",
            "#1 ##1 r1 commit:abc",
            "<pre><code>",
            "h1. heading",
            "* item",
            "|a|b|",
            "http://evil.example/",
            "evil@evil.example",
            "www.evil.example",
            "%{color:red}x%",
            "&#60;b&#62;",
            "==raw <b>==",
            "<notextile><b>x</b></notextile>",
        ]
        .map(String::from),
    );
    let settings = Redmine { private: false, ..project(&address, &facts) };
    let mut shown = draft(&fresh("rm-text"), "values");
    let line =
        |value: &String| Line { done: false, spans: vec![Span::Ours(String::from("is ")), Span::Value(value.clone())] };
    shown.body = Text { blocks: vec![Block::Lines(values.iter().map(line).collect())] };
    let made = open_redmine(settings, &facts[0]).create(&shown).await.expect("made");
    let server = FaultServer::start(Arc::new(Forward::to(&address).expect("a server of this machine")));
    let page = ask(server.origin(), &format!("/issues/{}", made.id.0)).await;
    let (_, rest) = page.split_once("class=\"description\"").expect("a description");
    let (_, rest) = rest.split_once("<div class=\"wiki\">").expect("a text");
    let (text, _) = rest.split_once("</div>").expect("its end");
    let (mut tags, mut items) = (std::collections::BTreeSet::new(), vec![String::new()]);
    for token in html5gum::Tokenizer::new(text) {
        let Ok(token) = token;
        match token {
            html5gum::Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                if name == "li" {
                    items.push(String::new());
                }
                tags.insert(name);
            }
            html5gum::Token::String(text) => {
                items.last_mut().expect("one").push_str(&String::from_utf8_lossy(&text));
            }
            _ => {}
        }
    }
    let allowed: std::collections::BTreeSet<String> = ["ul", "li"].map(String::from).into();
    assert_eq!(tags, allowed, "nothing acts: {text}");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let read: Vec<String> = items.iter().skip(1).map(|item| words(item)).collect();
    let expected: Vec<String> =
        values.iter().map(|value| words(&format!("☐ is {}", holdover::hostile::line(value)))).collect();
    assert_eq!(read, expected);
}
