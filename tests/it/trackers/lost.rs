//! Answers that are lost, refused and put off.

use holdover::tickets::tracker::TrackerError;
use holdover_kit::fault::{Answer, Asked, Damage, On};
use holdover_kit::stub::tracker::Dialect;

use super::bench::{Bench, draft, is_creation, key, tells_no_secret, text};

#[tokio::test]
async fn a_creation_whose_answer_is_lost_may_have_happened_and_is_sent_once() {
    let faults: [fn() -> Damage; 5] = [
        || Damage::Reset,
        || Damage::CutAt(3),
        || Damage::Silence,
        || Damage::change(|_, answer| answer.of(500)),
        || Damage::change(|_, _| Answer::html("<p>thank you</p>").of(201)),
    ];
    for dialect in Dialect::KEEPERS {
        for (number, damage) in faults.iter().enumerate() {
            let bench = Bench::new(dialect);
            let damage = damage();
            let ours = if matches!(damage, Damage::Silence) { bench.impatient() } else { bench.tracker() };
            let fault = bench.server.plant(On::any().when(move |asked| is_creation(dialect, asked)).once(), damage);
            let error = ours.create(&draft("holdover-t-1", "p-1")).await.expect_err("a lost answer");
            assert!(matches!(error, TrackerError::MayHaveHappened(_)), "{dialect:?}, fault {number}: {error:?}");
            tells_no_secret(&error);
            fault.expect_fired();
            assert_eq!((bench.creations(), bench.stub.desk.tickets().len()), (1, 1), "{dialect:?}, fault {number}");
            // Whoever looks finds it.
            let found = bench.tracker().find(&[key("holdover-t-1")]).await.expect("found");
            assert_eq!(found.len(), 1, "{dialect:?}, fault {number}");
        }
    }
}

#[tokio::test]
async fn a_creation_that_is_understood_and_refused_is_rejected_without_its_body() {
    for dialect in Dialect::KEEPERS {
        let bench = Bench::new(dialect);
        bench.stub.desk.reject(true);
        let error = bench.tracker().create(&draft("holdover-t-1", "p-1")).await.expect_err("refused");
        let TrackerError::Rejected { reason } = &error else { panic!("{dialect:?}: {error:?}") };
        assert!(reason.contains("400") || reason.contains("422"), "{dialect:?}: {reason}");
        tells_no_secret(&error);
        assert_eq!(bench.creations(), 1, "{dialect:?}: not repeated");
    }
}

#[tokio::test]
async fn a_limit_is_waited_for_and_the_ticket_is_made_once() {
    for dialect in Dialect::KEEPERS {
        let bench = Bench::new(dialect);
        let refusal = Answer::json(&serde_json::json!({"message": "slow down"})).of(429).with("retry-after", "1");
        let on = On::any().when(move |asked| is_creation(dialect, asked)).once();
        let fault = bench.server.plant(on, Damage::Reply(refusal));
        let began = std::time::Instant::now();
        bench.tracker().create(&draft("holdover-t-1", "p-1")).await.unwrap_or_else(|e| panic!("{dialect:?}: {e:?}"));
        fault.expect_fired();
        assert!(began.elapsed() >= std::time::Duration::from_millis(900), "{dialect:?}: {:?}", began.elapsed());
        assert_eq!((bench.creations(), bench.stub.desk.tickets().len()), (2, 1), "{dialect:?}");
    }
}

/// Trackers whose state and comment are two requests.
const TWO_STEPS: [Dialect; 4] = [Dialect::JiraCloud, Dialect::JiraDataCenter, Dialect::GitHub, Dialect::GitLab];

fn is_comment(asked: &Asked) -> bool {
    asked.method == "POST" && ["/comment", "/comments", "/notes"].iter().any(|end| asked.path.ends_with(end))
}

fn is_state(asked: &Asked) -> bool {
    let body = || asked.json();
    match asked.method.as_str() {
        "POST" => asked.path.ends_with("/transitions"),
        "PUT" | "PATCH" => !body()["state"].is_null() || !body()["state_event"].is_null(),
        _ => false,
    }
}

#[tokio::test]
async fn a_comment_that_is_lost_after_the_state_was_changed_is_not_said_twice() {
    let faults: [(fn() -> Damage, usize); 2] =
        [(|| Damage::Reset, 1), (|| Damage::Reply(Answer::json(&serde_json::json!({})).of(403)), 0)];
    for dialect in TWO_STEPS {
        for (number, (damage, notes)) in faults.iter().enumerate() {
            let bench = Bench::new(dialect);
            let ours = bench.tracker();
            let made = ours.create(&draft("holdover-t-1", "p-1")).await.expect("made");
            for closes in [true, false] {
                bench.stub.desk.edit(1, |ticket| ticket.notes.clear());
                let fault = bench.server.plant(On::any().when(is_comment).once(), damage());
                let text = text("Both looks.");
                let told =
                    if closes { ours.resolve(&made.id, &text).await } else { ours.reopen(&made.id, &text).await };
                assert_eq!(told, Ok(()), "{dialect:?}, fault {number}");
                fault.expect_fired();
                let ticket = bench.stub.desk.tickets()[0].clone();
                assert_eq!((ticket.closed, ticket.notes.len()), (closes, *notes), "{dialect:?}, fault {number}");
            }
        }
    }
}

#[tokio::test]
async fn a_state_that_was_not_changed_is_an_error_and_says_nothing() {
    for dialect in TWO_STEPS {
        let bench = Bench::new(dialect);
        let ours = bench.tracker();
        let made = ours.create(&draft("holdover-t-1", "p-1")).await.expect("made");
        let refusal = Answer::json(&serde_json::json!({})).of(403);
        let fault = bench.server.plant(On::any().when(is_state).once(), Damage::Reply(refusal));
        let error = ours.resolve(&made.id, &text("Both looks.")).await.expect_err("not closed");
        fault.expect_fired();
        assert!(matches!(error, TrackerError::NotDone(_)), "{dialect:?}: {error:?}");
        let ticket = bench.stub.desk.tickets()[0].clone();
        assert_eq!((ticket.closed, ticket.notes.len()), (false, 0), "{dialect:?}");
    }
}

#[tokio::test]
async fn a_conflict_with_a_change_of_somebody_else_passes() {
    for dialect in Dialect::KEEPERS {
        let bench = Bench::new(dialect);
        let ours = bench.tracker();
        let made = ours.create(&draft("holdover-t-1", "p-1")).await.expect("made");
        let conflict = || Damage::Reply(Answer::json(&serde_json::json!({})).of(409));
        let is_change = |asked: &Asked| ["PUT", "PATCH"].contains(&asked.method.as_str());
        let fault = bench.server.plant(On::any().when(is_change).once(), conflict());
        let error = ours.revise(&made.id, &draft("holdover-t-1", "p-2")).await.expect_err("a conflict");
        fault.expect_fired();
        assert!(matches!(error, TrackerError::NotDone(_)), "{dialect:?}: {error:?}");
        if matches!(dialect, Dialect::JiraCloud | Dialect::JiraDataCenter) {
            let fault = bench.server.plant(On::any().when(is_state).once(), conflict());
            let error = ours.resolve(&made.id, &text("Both looks.")).await.expect_err("a conflict");
            fault.expect_fired();
            assert!(matches!(error, TrackerError::NotDone(_)), "{dialect:?}: {error:?}");
        }
        // The twin: a creation that conflicts is not repeated unchanged.
        let fault = bench.server.plant(On::any().when(move |asked| is_creation(dialect, asked)).once(), conflict());
        let error = ours.create(&draft("holdover-t-2", "p-2")).await.expect_err("a conflict");
        fault.expect_fired();
        assert!(matches!(error, TrackerError::Rejected { .. }), "{dialect:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_tracker_that_is_down_did_surely_nothing() {
    for dialect in Dialect::KEEPERS {
        let bench = Bench::new(dialect);
        let tracker = bench.tracker();
        bench.server.stop();
        let error = tracker.create(&draft("holdover-t-1", "p-1")).await.expect_err("nobody answers");
        assert!(matches!(error, TrackerError::NotDone(_)), "{dialect:?}: {error:?}");
        let error = tracker.find(&[key("holdover-t-1")]).await.expect_err("nobody answers");
        assert!(matches!(error, TrackerError::NotDone(_)), "{dialect:?}: {error:?}");
    }
}
