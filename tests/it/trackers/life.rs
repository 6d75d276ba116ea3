//! What every tracker that keeps tickets has to do.

use holdover::tickets::tracker::{Sighted, Standing, Tracker, TrackerError};
use holdover_kit::fault::{Answer, Damage, On};
use holdover_kit::stub::tracker::{Dialect, Ticket};
use scan_contract::Cause;

use super::bench::{Bench, draft, key, tells_no_secret, text};

fn keys(found: &[holdover::tickets::tracker::Remote]) -> Vec<String> {
    found.iter().flat_map(|remote| remote.keys.iter().map(ToString::to_string)).collect()
}

fn standing(sighted: Sighted) -> Standing {
    match sighted {
        Sighted::Found(remote) => remote.standing,
        Sighted::Missing { why } => panic!("missing: {why}"),
    }
}

#[tokio::test]
async fn a_ticket_is_made_found_changed_closed_opened_and_missed_once_it_is_gone() {
    for dialect in Dialect::KEEPERS {
        let bench = Bench::new(dialect);
        let (ours, desk) = (bench.tracker(), &bench.stub.desk);
        ours.check().await.unwrap_or_else(|error| panic!("{dialect:?}: {error:?}"));
        desk.lag(2);
        let name = key("holdover-t-1");
        assert_eq!(ours.find(std::slice::from_ref(&name)).await, Ok(vec![]), "{dialect:?}");
        let made = ours.create(&draft("holdover-t-1", "p-1: 1 finding")).await.expect("made");
        assert_eq!((made.keys.as_slice(), &made.standing), ([name.clone()].as_slice(), &Standing::Open), "{dialect:?}");
        let page = made.url.clone().expect("a page");
        assert!(page.starts_with(bench.server.origin()), "{dialect:?}: {page}");
        // Another process searches an index that lags.
        let other = bench.tracker();
        for _ in 0..2 {
            assert_eq!(other.find(std::slice::from_ref(&name)).await, Ok(vec![]), "{dialect:?}: the index lags");
        }
        let found = other.find(&[key("holdover-t-0"), name.clone()]).await.expect("found");
        assert_eq!((found.len(), keys(&found)), (1, vec![name.to_string()]), "{dialect:?}");
        assert_eq!(found[0].id, made.id, "{dialect:?}");

        let mut changed = draft("holdover-t-1", "p-1: 2 findings");
        changed.body = text("Two grants are open.");
        ours.revise(&made.id, &changed).await.unwrap_or_else(|error| panic!("{dialect:?}: {error:?}"));
        ours.comment(&made.id, &text("One more was found.")).await.expect("a comment");
        let ticket = desk.tickets()[0].clone();
        assert_eq!(ticket.title, "p-1: 2 findings", "{dialect:?}");
        assert!(ticket.body.to_string().contains("Two grants are open"), "{dialect:?}: {}", ticket.body);
        assert!(ticket.notes.iter().any(|note| note.to_string().contains("One more was found")), "{dialect:?}");

        ours.resolve(&made.id, &text("Both looks: gone."))
            .await
            .unwrap_or_else(|error| panic!("{dialect:?}: {error:?}"));
        let done = standing(ours.read(&made.id).await.expect("read"));
        assert!(matches!(done, Standing::Done { refused: false, at: Some(_), .. }), "{dialect:?}: {done:?}");
        assert!(desk.tickets()[0].notes.iter().any(|note| note.to_string().contains("Both looks")), "{dialect:?}");
        assert_eq!(
            other.find(std::slice::from_ref(&name)).await.expect("found").len(),
            1,
            "{dialect:?}: closed ones too"
        );
        ours.reopen(&made.id, &text("It is back.")).await.unwrap_or_else(|error| panic!("{dialect:?}: {error:?}"));
        assert_eq!(standing(ours.read(&made.id).await.expect("read")), Standing::Open, "{dialect:?}");

        desk.delete(1);
        let gone = ours.read(&made.id).await.expect("an answer");
        assert!(matches!(gone, Sighted::Missing { .. }), "{dialect:?}: {gone:?}");
        assert_eq!(bench.creations(), 1, "{dialect:?}");
    }
}

#[tokio::test]
async fn what_is_closed_as_not_to_be_done_is_told_from_what_was_done() {
    for (dialect, reason, label) in [
        (Dialect::JiraCloud, "Won't Do", None),
        (Dialect::JiraDataCenter, "Won't Do", None),
        (Dialect::ServiceNow, "8", None),
        (Dialect::GitHub, "not_planned", None),
        (Dialect::GitLab, "", Some("wontfix")),
        (Dialect::Redmine, "6", None),
    ] {
        let bench = Bench::new(dialect);
        let made = bench.tracker().create(&draft("holdover-t-1", "p-1")).await.expect("made");
        bench.stub.desk.edit(1, |ticket| {
            ticket.closed = true;
            ticket.reason = String::from(reason);
            ticket.labels.extend(label.map(String::from));
        });
        let standing = standing(bench.tracker().read(&made.id).await.expect("read"));
        assert!(matches!(standing, Standing::Done { refused: true, .. }), "{dialect:?}: {standing:?}");
    }
}

#[tokio::test]
async fn every_page_is_read() {
    for dialect in Dialect::KEEPERS {
        let bench = Bench::new(dialect);
        bench.stub.desk.page(if dialect == Dialect::ServiceNow { 100 } else { 2 });
        let count = if dialect == Dialect::ServiceNow { 250 } else { 7 };
        for number in 0..count {
            let labels = vec![String::from("holdover-t-1")];
            bench.stub.desk.add(Ticket { title: format!("copy {number}"), labels, ..Ticket::default() });
        }
        let found = bench.tracker().find(&[key("holdover-t-1")]).await.expect("found");
        assert_eq!(found.len(), count, "{dialect:?}");
    }
}

#[tokio::test]
async fn a_place_that_may_not_be_seen_is_an_error_and_never_an_empty_list() {
    for dialect in Dialect::KEEPERS {
        let bench = Bench::new(dialect);
        bench.stub.desk.deny(true);
        let error = bench.tracker().find(&[key("holdover-t-1")]).await.expect_err("denied");
        assert!(matches!(error, TrackerError::NotDone(_)), "{dialect:?}: {error:?}");
        tells_no_secret(&error);
        let error = bench.stranger().find(&[key("holdover-t-1")]).await.expect_err("a wrong secret");
        assert!(matches!(error, TrackerError::NotDone(_)), "{dialect:?}: {error:?}");
        tells_no_secret(&error);
        let error = bench.stranger().check().await.expect_err("a wrong secret");
        tells_no_secret(&error);
    }
}

#[tokio::test]
async fn who_could_find_nothing_for_want_of_a_right_is_an_error_and_asked_once() {
    let none = serde_json::json!({"push": false, "triage": false, "pull": true});
    let repository = serde_json::json!({"private": true, "has_issues": true, "archived": false, "permissions": none});
    let rights = serde_json::json!({"permissions": {"BROWSE_PROJECTS": {"havePermission": false}}});
    for (dialect, end, says) in [
        (Dialect::GitHub, "/repos/acme/offboarding", repository),
        (Dialect::JiraCloud, "/mypermissions", rights.clone()),
        (Dialect::JiraDataCenter, "/mypermissions", rights),
    ] {
        let bench = Bench::new(dialect);
        let ours = bench.tracker();
        let fault = bench.server.plant(On::any().when(move |asked| asked.path.ends_with(end)).once(), {
            Damage::Reply(Answer::json(&says))
        });
        let error = ours.find(&[key("holdover-t-1")]).await.expect_err("a right is missing");
        fault.expect_fired();
        assert!(matches!(error, TrackerError::NotDone(Cause::Denied { .. })), "{dialect:?}: {error:?}");
        assert_eq!(bench.server.count(), 1, "{dialect:?}: nothing was searched");
        // The twin that has the right, asked for it once.
        for _ in 0..2 {
            assert_eq!(ours.find(&[key("holdover-t-1")]).await, Ok(vec![]), "{dialect:?}");
        }
        let asked = bench.server.log().iter().filter(|logged| logged.asked.path.ends_with(end)).count();
        assert_eq!(asked, 2, "{dialect:?}");
    }
}

#[tokio::test]
async fn a_search_that_is_not_obeyed_is_an_error() {
    for dialect in Dialect::KEEPERS {
        let bench = Bench::new(dialect);
        bench.stub.desk.add(Ticket { labels: vec![String::from("of-somebody-else")], ..Ticket::default() });
        assert_eq!(bench.tracker().find(&[key("holdover-t-1")]).await, Ok(vec![]), "{dialect:?}: nothing fits");
        bench.stub.desk.drop_filters(true);
        let error = bench.tracker().find(&[key("holdover-t-1")]).await.expect_err("everything was found");
        assert!(format!("{error:?}").contains("asked for"), "{dialect:?}: {error:?}");
    }
}

#[tokio::test]
async fn rows_that_servicenow_counts_and_does_not_show_are_an_error() {
    let bench = Bench::new(Dialect::ServiceNow);
    bench.tracker().create(&draft("holdover-t-1", "p-1")).await.expect("made");
    assert_eq!(bench.tracker().find(&[key("holdover-t-1")]).await.expect("found").len(), 1);
    bench.stub.desk.edit(1, |ticket| ticket.hidden = true);
    let error = bench.tracker().find(&[key("holdover-t-1")]).await.expect_err("a hidden row");
    assert!(format!("{error:?}").contains("hide some"), "{error:?}");
}

#[tokio::test]
async fn values_in_titles_refer_to_nothing() {
    for dialect in [Dialect::GitHub, Dialect::GitLab] {
        let bench = Bench::new(dialect);
        let hostile = "p-1 @octocat #1 acme/x#2 !3 ~bug &4 %5 $6 https://evil.example/ 7 & 8";
        let made = bench.tracker().create(&draft("holdover-t-1", hostile)).await.expect("made");
        let expected = "p-1 @ octocat # 1 acme/x# 2 ! 3 ~ bug & 4 % 5 $ 6 https: //evil.example/ 7 & 8";
        assert_eq!(bench.stub.desk.tickets()[0].title, expected, "{dialect:?}");
        bench.stub.desk.edit(1, |ticket| ticket.title.clear());
        bench.tracker().revise(&made.id, &draft("holdover-t-1", hostile)).await.expect("revised");
        assert_eq!(bench.stub.desk.tickets()[0].title, expected, "{dialect:?}");
    }
}

#[tokio::test]
async fn redmine_is_sent_no_mention_in_markdown() {
    use holdover::tickets::settings::TrackerId;
    use holdover::tickets::text::{Block, Span};
    use holdover::tickets::trackers::settings::{Kind, Place, RedmineMarkup};
    let bench = Bench::new(Dialect::Redmine);
    let Kind::Redmine(mut settings) = super::bench::kind(Dialect::Redmine, bench.server.origin()) else {
        panic!("redmine")
    };
    settings.markup = RedmineMarkup::Markdown;
    let place = Place { kind: Kind::Redmine(settings), connection: super::bench::connection() };
    let ways = super::bench::ways(&[("SECRET", super::bench::SECRET)]);
    let channel = holdover::tickets::trackers::open(&TrackerId::new("redmine"), &place, &ways).expect("a tracker");
    let mut ticket = draft("holdover-t-1", "p-1");
    ticket.body.blocks.push(Block::Paragraph(vec![Span::Value(String::from("x` @admin `y@acme"))]));
    super::bench::keeper(channel).create(&ticket).await.expect("made");
    let body = bench.stub.desk.tickets()[0].body.as_str().expect("a text").to_owned();
    assert!(!body.contains('@'), "{body}");
    assert!(body.contains("&#64;``admin `y``&#64;`acme`"), "{body}");
}

#[tokio::test]
async fn pull_requests_are_no_tickets() {
    let bench = Bench::new(Dialect::GitHub);
    let labels = vec![String::from("holdover-t-1")];
    bench.stub.desk.add(Ticket { labels: labels.clone(), pull_request: true, ..Ticket::default() });
    assert_eq!(bench.tracker().find(&[key("holdover-t-1")]).await, Ok(vec![]));
    bench.stub.desk.add(Ticket { labels, ..Ticket::default() });
    assert_eq!(bench.tracker().find(&[key("holdover-t-1")]).await.expect("found").len(), 1);
}

#[tokio::test]
async fn a_change_that_is_answered_well_and_not_made_is_noticed() {
    for dialect in [Dialect::ServiceNow, Dialect::GitHub, Dialect::GitLab, Dialect::Redmine] {
        let bench = Bench::new(dialect);
        let made = bench.tracker().create(&draft("holdover-t-1", "p-1")).await.expect("made");
        bench.stub.desk.ignore_changes(true);
        let error = bench.tracker().resolve(&made.id, &text("done")).await.expect_err("nothing changed");
        assert!(matches!(error, TrackerError::Rejected { .. }), "{dialect:?}: {error:?}");
    }
}

#[tokio::test]
async fn jira_finds_what_this_process_made_before_its_index_does() {
    let bench = Bench::new(Dialect::JiraCloud);
    bench.stub.desk.lag(1_000);
    let ours = bench.tracker();
    ours.create(&draft("holdover-t-1", "p-1")).await.expect("made");
    assert_eq!(ours.find(&[key("holdover-t-1")]).await.expect("found").len(), 1);
    assert_eq!(bench.tracker().find(&[key("holdover-t-1")]).await, Ok(vec![]), "another process waits");
}

#[tokio::test]
async fn a_github_app_asks_for_a_token_of_one_repository_and_its_issues() {
    use holdover::tickets::settings::TrackerId;
    use holdover::tickets::trackers::settings::{GitHubSignIn, Kind, Place};
    let bench = Bench::new(Dialect::GitHub);
    let Kind::GitHub(mut settings) = super::bench::kind(Dialect::GitHub, bench.server.origin()) else {
        panic!("github")
    };
    let private_key = super::bench::reference("KEY");
    settings.sign_in = GitHubSignIn::App { issuer: String::from("123"), private_key, installation_id: None };
    let place = Place { kind: Kind::GitHub(settings), connection: super::bench::connection() };
    let pem = holdover_kit::stub::tracker::app_key();
    let ways = super::bench::ways(&[("KEY", pem.as_str())]);
    let channel = holdover::tickets::trackers::open(&TrackerId::new("app"), &place, &ways).expect("a tracker");
    let ours = super::bench::keeper(channel);
    ours.create(&draft("holdover-t-1", "p-1")).await.expect("made");
    assert_eq!(ours.find(&[key("holdover-t-1")]).await.expect("found").len(), 1);
    assert_eq!(bench.server.count_of("POST ./app/installations/{id}/access_tokens"), 1, "one token serves all");
    // A key that is none is an error without the key in it.
    let ways = super::bench::ways(&[("KEY", super::bench::SECRET)]);
    let channel = holdover::tickets::trackers::open(&TrackerId::new("app"), &place, &ways).expect("a tracker");
    let error = super::bench::keeper(channel).find(&[key("holdover-t-1")]).await.expect_err("no key");
    tells_no_secret(&error);
}

#[tokio::test]
async fn long_titles_and_texts_are_fitted_and_hostile_ids_stay_one_segment() {
    for dialect in Dialect::KEEPERS {
        let bench = Bench::new(dialect);
        let ours: Box<dyn Tracker> = bench.tracker();
        let mut long = draft("holdover-t-1", &"t".repeat(1_000));
        let line = long.body.blocks.pop().expect("lines");
        if let holdover::tickets::text::Block::Lines(lines) = line {
            let many = (0..5_000).flat_map(|_| lines.clone()).collect();
            long.body.blocks.push(holdover::tickets::text::Block::Lines(many));
        }
        ours.create(&long).await.unwrap_or_else(|error| panic!("{dialect:?}: {error:?}"));
        let ticket = bench.stub.desk.tickets()[0].clone();
        assert_eq!(ticket.title.chars().count(), ours.limits().title, "{dialect:?}");
        let kept = ticket.body.as_str().map_or_else(|| ticket.body.to_string().len(), str::len);
        assert!(kept <= ours.limits().body, "{dialect:?}: {kept}");
        let body = ticket.body.to_string();
        assert!(
            ours.limits().body > 100_000 || body.contains("left out") || body.contains("left&#32;out"),
            "{dialect:?}"
        );
        for id in ["../admin", "1/comment", "1?x=1", ".."] {
            let id = holdover::tickets::tracker::RemoteId(String::from(id));
            // Missing, or refused before it was sent; never another request.
            drop(ours.read(&id).await);
        }
    }
}
