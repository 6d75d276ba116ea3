//! Those that are told: PagerDuty, Slack, a webhook, Alertmanager.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use holdover::tickets::settings::TrackerId;
use holdover::tickets::tracker::{Resend, Sink, TrackerError};
use holdover::tickets::trackers::{self, settings::Place};
use holdover_kit::fault::{Answer, Asked, Damage, FaultServer, On};
use holdover_kit::stub::tracker::Dialect;
use scan_contract::Cause;
use serde_json::Value;
use sha2::Sha256;

use super::bench::{Bench, SECRET, alert, alertmanager, connection, teller, tells_no_secret, ways};

const TELLERS: [Dialect; 3] = [Dialect::PagerDuty, Dialect::Slack, Dialect::Webhook];

#[tokio::test]
async fn an_alert_is_told_and_told_to_be_over() {
    for dialect in TELLERS {
        let bench = Bench::new(dialect);
        let sink = bench.sink();
        sink.check().await.expect("checked");
        assert_eq!(bench.server.count(), 0, "{dialect:?}: checking tells nobody");
        sink.raise(&[alert("holdover-a-1", "p-1: token used")]).await.unwrap_or_else(|e| panic!("{dialect:?}: {e:?}"));
        sink.resolve(&[alert("holdover-a-1", "p-1: token used")]).await.expect("over");
        let messages = bench.stub.desk.messages();
        assert_eq!(messages.len(), 2, "{dialect:?}");
        assert!(messages[0].text.contains("holdover-a-1") && messages[1].text.contains("holdover-a-1"), "{dialect:?}");
        let expected = if dialect == Dialect::Slack { Resend::Doubles } else { Resend::Harmless };
        assert_eq!(sink.resend(), expected, "{dialect:?}");
    }
}

#[tokio::test]
async fn refusals_and_lost_answers_of_those_that_are_told() {
    for dialect in TELLERS {
        let bench = Bench::new(dialect);
        bench.stub.desk.reject(true);
        let error = bench.sink().raise(&[alert("holdover-a-1", "p-1")]).await.expect_err("refused");
        assert!(matches!(error, TrackerError::Rejected { .. }), "{dialect:?}: {error:?}");
        tells_no_secret(&error);
        bench.stub.desk.reject(false);
        let fault = bench.server.plant(On::any().once(), Damage::Reset);
        let error = bench.sink().raise(&[alert("holdover-a-1", "p-1")]).await.expect_err("a lost answer");
        assert!(matches!(error, TrackerError::MayHaveHappened(_)), "{dialect:?}: {error:?}");
        tells_no_secret(&error);
        fault.expect_fired();
        assert_eq!(bench.stub.desk.messages().len(), 1, "{dialect:?}: sent once");
    }
}

#[tokio::test]
async fn the_key_of_a_pagerduty_alert_is_ours_and_stays_the_same() {
    let bench = Bench::new(Dialect::PagerDuty);
    let sink = bench.sink();
    for title in ["one finding", "two findings"] {
        sink.raise(&[alert("holdover-a-1", title)]).await.expect("told");
    }
    let messages = bench.stub.desk.messages();
    assert!(messages.iter().all(|message| message.body["dedup_key"] == "holdover-a-1"));
    assert_eq!(messages[0].body["payload"]["severity"], "error");
}

#[tokio::test]
async fn a_routing_key_that_is_not_taken_is_no_refusal_of_the_event() {
    let bench = Bench::new(Dialect::PagerDuty);
    let error = bench.estranged_sink().raise(&[alert("holdover-a-1", "p-1")]).await.expect_err("a wrong key");
    assert!(matches!(error, TrackerError::NotDone(Cause::Unauthenticated { .. })), "{error:?}");
    tells_no_secret(&error);
    // The twin: the key is right, and the event is refused.
    bench.stub.desk.reject(true);
    let error = bench.sink().raise(&[alert("holdover-a-1", "p-1")]).await.expect_err("refused");
    assert!(matches!(error, TrackerError::Rejected { .. }), "{error:?}");
    assert!(!bench.sink().takes_lists(), "each event is told by itself, so that one refusal is of one event");
}

#[tokio::test]
async fn slack_is_told_of_many_alerts_in_one_message_without_a_mention() {
    let bench = Bench::new(Dialect::Slack);
    let alerts = [alert("holdover-a-1", "<!channel> one"), alert("holdover-a-2", "<@U1> two")];
    bench.sink().raise(&alerts).await.expect("told");
    let messages = bench.stub.desk.messages();
    assert_eq!(messages.len(), 1);
    let head = messages[0].body["text"].as_str().expect("a line");
    assert!(!head.contains('<'), "{head}");
    assert_eq!(messages[0].body["blocks"][0]["type"], "rich_text");
    // One alert: its title is in the line, and harmless there.
    bench.sink().raise(&alerts[..1]).await.expect("told");
    let head = bench.stub.desk.messages()[1].body["text"].as_str().expect("a line").to_owned();
    assert!(head.contains("&lt;!channel&gt;"), "{head}");
}

#[tokio::test]
async fn a_slack_address_of_another_origin_is_not_used() {
    let bench = Bench::new(Dialect::Slack);
    let kind = super::bench::kind(Dialect::Slack, bench.server.origin());
    let place = Place { kind, connection: connection() };
    let elsewhere = format!("https://hooks.evil.example/services/T0/B0/{SECRET}");
    let ways = ways(&[("ADDRESS", elsewhere.as_str())]);
    let sink = teller(trackers::open(&TrackerId::new("chat"), &place, &ways).expect("a sink"));
    let error = sink.raise(&[alert("holdover-a-1", "p-1")]).await.expect_err("another origin");
    assert!(format!("{error:?}").contains("another origin"), "{error:?}");
    tells_no_secret(&error);
    assert_eq!(bench.server.count(), 0);
}

#[tokio::test]
async fn a_webhook_signs_time_and_body_and_repeats_its_event_ids() {
    let bench = Bench::new(Dialect::Webhook);
    let sink = bench.sink();
    let told = alert("holdover-a-1", "p-1");
    sink.raise(std::slice::from_ref(&told)).await.expect("told");
    sink.raise(std::slice::from_ref(&told)).await.expect("told again");
    sink.resolve(std::slice::from_ref(&told)).await.expect("over");
    let again = holdover::tickets::tracker::Alert { episode: String::from("run-2"), ..told };
    sink.raise(std::slice::from_ref(&again)).await.expect("told of its return");
    let messages = bench.stub.desk.messages();
    for message in &messages {
        let header = |name: &str| {
            message.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).expect(name)
        };
        let timestamp = header("holdover-timestamp");
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
        mac.update(format!("{timestamp}.{}", message.text).as_bytes());
        let expected = format!("v1={}", HEXLOWER.encode(&mac.finalize().into_bytes()));
        assert_eq!(header("holdover-signature"), expected);
        let age = chrono::Utc::now().timestamp() - timestamp.parse::<i64>().expect("seconds");
        assert!((0..60).contains(&age), "{age}");
        assert_eq!(header("holdover-event"), message.body["event_id"].as_str().expect("an id"));
    }
    let id = |at: usize| messages[at].body["alerts"][0]["event_id"].clone();
    assert_eq!(id(0), id(1), "the same again is the same event");
    assert_ne!(id(0), id(2), "its end is another");
    assert_ne!(id(0), id(3), "its return is not known yet, though its words are");
}

fn members(answers: fn(&Asked) -> Answer) -> (FaultServer, FaultServer) {
    (FaultServer::start(Arc::new(answers)), FaultServer::start(Arc::new(answers)))
}

fn manager(origins: &[&str]) -> Box<dyn Sink> {
    let place = Place { kind: alertmanager(origins), connection: connection() };
    teller(trackers::open(&TrackerId::new("alerts"), &place, &ways(&[])).expect("a sink"))
}

#[tokio::test]
async fn every_member_of_an_alertmanager_cluster_is_told_and_labels_hold_what_an_alert_is_alone() {
    let (one, two) = members(|_| Answer::status(200));
    let sink = manager(&[one.origin(), two.origin()]);
    assert!(sink.needs_reminding());
    let mut told = alert("holdover-a-1", "p-1: one finding");
    sink.raise(std::slice::from_ref(&told)).await.expect("told");
    told.title = String::from("p-1: two findings");
    told.severity = holdover::findings::Severity::Critical;
    sink.raise(std::slice::from_ref(&told)).await.expect("told");
    sink.resolve(std::slice::from_ref(&told)).await.expect("over");
    let bodies: Vec<Value> = one.log().iter().map(|logged| logged.asked.json()).collect();
    assert_eq!((bodies.len(), two.count()), (3, 3));
    assert_eq!(bodies[0][0]["labels"], bodies[1][0]["labels"], "severity and title change no identity");
    assert_eq!(bodies[0][0]["labels"], bodies[2][0]["labels"]);
    let time = |at: usize, name: &str| {
        chrono::DateTime::parse_from_rfc3339(bodies[at][0][name].as_str().expect("a time")).expect("RFC 3339").to_utc()
    };
    assert!(time(0, "endsAt") > chrono::Utc::now() + chrono::TimeDelta::hours(49));
    assert!(time(2, "endsAt") <= chrono::Utc::now() && time(2, "startsAt") <= time(2, "endsAt"));

    // A member that is gone: the others were told, and it is not done.
    two.stop();
    let error = sink.raise(std::slice::from_ref(&told)).await.expect_err("one is gone");
    assert!(matches!(error, TrackerError::NotDone(_)) && format!("{error:?}").contains("1 of 2"), "{error:?}");
    assert_eq!(one.count(), 4);
}
