//! What is recorded, what is played, and what never gets into the file.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use http::{HeaderValue, Method};
use scan_contract::Cause;
use tempfile::TempDir;

use crate::dialect::Dialect;
use crate::door::Door;
use crate::request::Request;
use crate::settings::Settings;
use crate::testing::{Act, LIST, Seen, Server, connection, door, members, now, open, reply};

const CANARY: &str = "CANARYq7Zx91";

fn settings(server: &Server) -> Settings {
    Settings::new("sys", vec![server.rule()], Dialect::Plain, connection())
}

async fn recording(script: impl Fn(usize, &Seen) -> Vec<Act> + Send + Sync + 'static) -> (Server, TempDir, Door) {
    let server = Server::plain(script).await;
    let folder = tempfile::tempdir().unwrap();
    let door = door(&server).recording(folder.path()).unwrap();
    (server, folder, door)
}

fn text(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("sys.ndjson")).unwrap()
}

fn list_users(server: &Server, form: &'static str) -> Request {
    let request = Request { method: Method::POST, body: form.into(), ..Request::get(server.url("/")) };
    request.with(http::header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
}

async fn walk(door: &Door, server: &Server) -> (Vec<serde_json::Value>, String, u16) {
    let first = door.send(members(server)).await.unwrap();
    let second = door.send(Request::get(first.next_link().unwrap().unwrap())).await.unwrap();
    let users = door.exchange(list_users(server, "Action=ListUsers&Version=1")).await.unwrap();
    let gone = door.send(Request::get(server.url("/orgs/gone/members"))).await.unwrap();
    assert_eq!(first.at, now());
    (vec![first.json().unwrap(), second.json().unwrap()], users.text().unwrap().into(), gone.status.as_u16())
}

#[tokio::test]
async fn a_run_is_repeated_from_its_recording_without_a_network() {
    let (server, folder, door) = recording(|number, _| match number {
        1 => reply(200, &[("link", "</orgs/acme/members?page=2>; rel=\"next\"")], r#"[{"id":1,"login":"a"}]"#),
        2 => reply(200, &[], r#"[{"id":2,"login":"b"}]"#),
        3 => reply(200, &[("content-type", "text/xml")], "<R><User><Id>1</Id></User></R>"),
        _ => reply(404, &[], "{}"),
    })
    .await;
    let live = walk(&door, &server).await;
    door.finish_recording().unwrap();
    assert_eq!(server.count(), 4);
    let replay = Door::replaying(settings(&server), &LIST, folder.path()).unwrap();
    assert!(replay.replays() && !door.replays());
    assert_eq!((replay.recorded_at(), replay.now()), (Some(now()), now()));
    assert_eq!(walk(&replay, &server).await, live);
    assert_eq!(server.count(), 4, "nothing was sent");
    assert_eq!(replay.effort().requests, 0);
}

#[tokio::test]
async fn two_accounts_behind_one_host_have_two_answers_and_two_paces() {
    let (server, folder, door) = recording(|number, _| reply(200, &[], format!(r#"{{"id":{number}}}"#))).await;
    let ids = |door: &Door| {
        let (one, other) = (door.for_account("iam.1"), door.for_account("iam.2"));
        let request = members(&server);
        async move {
            let first: serde_json::Value = one.send(request.clone()).await.unwrap().json().unwrap();
            let second: serde_json::Value = other.send(request).await.unwrap().json().unwrap();
            (first["id"].as_u64(), second["id"].as_u64())
        }
    };
    assert_eq!(ids(&door).await, (Some(1), Some(2)));
    door.finish_recording().unwrap();
    let replay = Door::replaying(settings(&server), &LIST, folder.path()).unwrap();
    assert_eq!(ids(&replay).await, (Some(1), Some(2)));
    assert!(matches!(replay.send(members(&server)).await, Err(Cause::NotInSource { .. })));
}

#[tokio::test]
async fn answers_come_in_recorded_order_and_the_last_one_stays() {
    let (server, folder, door) = recording(|number, _| reply(200, &[], format!("[{number}]"))).await;
    let other = Request::get(server.url("/orgs/other/members"));
    for request in [members(&server), other.clone(), members(&server)] {
        door.send(request).await.unwrap();
    }
    door.finish_recording().unwrap();
    let replay = Door::replaying(settings(&server), &LIST, folder.path()).unwrap();
    // Bare numbers have no name on the list; the order is seen in the bodies of what was kept.
    let lines: Vec<String> = text(folder.path()).lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 5);
    for _ in 0..4 {
        assert!(replay.send(members(&server)).await.is_ok());
    }
    assert!(replay.send(other).await.is_ok());
}

#[tokio::test]
async fn a_poll_that_changes_is_played_as_it_changed() {
    let (server, folder, door) = recording(|number, _| reply(if number < 3 { 202 } else { 200 }, &[], "{}")).await;
    for _ in 0..3 {
        door.send(members(&server)).await.unwrap();
    }
    door.finish_recording().unwrap();
    let replay = Door::replaying(settings(&server), &LIST, folder.path()).unwrap();
    let mut played = Vec::new();
    for _ in 0..5 {
        played.push(replay.send(members(&server)).await.unwrap().status.as_u16());
    }
    assert_eq!(played, [202, 202, 200, 200, 200]);
}

#[tokio::test]
async fn what_was_not_recorded_is_not_in_the_source_and_the_list_still_holds() {
    let (server, folder, door) = recording(|_, _| reply(200, &[], "[]")).await;
    door.send(members(&server)).await.unwrap();
    door.finish_recording().unwrap();
    let replay = Door::replaying(settings(&server), &LIST, folder.path()).unwrap();
    let missing = replay.send(Request::get(server.url("/orgs/canary/members"))).await.unwrap_err();
    assert!(
        matches!(&missing, Cause::NotInSource { what } if what.starts_with("members:") && !what.contains("canary"))
    );
    let unlisted = Request { method: Method::DELETE, ..members(&server) };
    assert!(matches!(replay.send(unlisted).await, Err(Cause::Bug { .. })));
    let elsewhere = Request::get("https://evil.test/orgs/acme/members".parse().unwrap());
    assert!(matches!(replay.send(elsewhere).await, Err(Cause::Malformed { .. })));
}

#[tokio::test]
async fn a_failure_is_played_as_the_same_failure() {
    let (server, folder, door) = recording(|_, _| vec![Act::Write(b"garbage\r\n\r\n".to_vec()), Act::Close]).await;
    let live = door.send(members(&server)).await.unwrap_err();
    door.finish_recording().unwrap();
    let replay = Door::replaying(settings(&server), &LIST, folder.path()).unwrap();
    assert_eq!(replay.send(members(&server)).await.unwrap_err(), live);
}

#[tokio::test]
async fn only_the_last_word_on_a_request_is_recorded_and_no_sign_in() {
    let (server, folder, _) = recording(|_, _| reply(200, &[], "[]")).await;
    let flaky = Server::plain(|number, _| match number {
        1 => reply(429, &[("retry-after", "1")], "{}"),
        _ => reply(200, &[], "[]"),
    })
    .await;
    let inner = folder.path().join("inner");
    let pace = crate::settings::PaceSettings { attempts: 3, ..connection().pace.unwrap() };
    let patient = crate::settings::Connection { pace: Some(pace), ..connection() };
    let door = open(vec![flaky.rule(), server.rule()], Dialect::Plain, patient).unwrap().recording(&inner).unwrap();
    door.send(members(&flaky)).await.unwrap();
    let login = Request { method: Method::POST, body: CANARY.into(), ..Request::get(server.url("/login")) };
    door.send(login).await.unwrap();
    door.finish_recording().unwrap();
    let text = text(&inner);
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(
        text.contains(r#""status":200"#) && !text.contains(r#""status":429"#) && !text.contains("sign in"),
        "{text}"
    );
}

#[tokio::test]
async fn the_file_is_for_its_owner_alone_and_never_overwritten() {
    let (server, folder, door) = recording(|_, _| reply(200, &[], "[]")).await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("sys.ndjson")), 0o600);
    assert!(crate::testing::door(&server).recording(folder.path()).is_err(), "it exists");
    assert!(door.clone().recording(folder.path()).is_err(), "it records already");
    let made = folder.path().join("a/b");
    let _second = crate::testing::door(&server).recording(&made).unwrap();
    assert_eq!(mode(&made), 0o700);
    let open_to_all = folder.path().join("open");
    std::fs::create_dir(&open_to_all).unwrap();
    std::fs::set_permissions(&open_to_all, std::fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(crate::testing::door(&server).recording(&open_to_all), Err(Cause::Needs { .. })));
}

#[tokio::test]
async fn a_recording_that_is_cut_changed_or_of_another_system_is_refused() {
    let (server, folder, door) = recording(|_, _| reply(200, &[], r#"[{"id":1}]"#)).await;
    door.send(members(&server)).await.unwrap();
    door.finish_recording().unwrap();
    let path = folder.path().join("sys.ndjson");
    let whole = std::fs::read(&path).unwrap();
    let opened = || Door::replaying(settings(&server), &LIST, folder.path()).map(|_| ());
    assert_eq!(opened(), Ok(()));
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(matches!(opened(), Err(Cause::CutOff { .. })), "cut at {length}: {:?}", opened());
    }
    let whole = String::from_utf8(whole).unwrap();
    let mut lines: Vec<&str> = whole.lines().collect();
    lines.remove(1);
    for (changed, code) in [
        (whole.replace(r#"\"id\":1"#, r#"\"id\":2"#), "E-WHOLE-002"),
        (lines.join("\n") + "\n", "E-WHOLE-001"),
        (whole.replace(r#""version":1"#, r#""version":2"#), "E-PLAN-002"),
        (whole.replace(r#""system":"sys""#, r#""system":"other""#), "E-IDENT-001"),
        (whole.replace(r#""connector":"test""#, r#""connector":"other""#), "E-IDENT-001"),
        (whole.replace("holdover-recording", "something"), "E-FORM-001"),
        (whole.clone() + "{}\n", "E-FORM-001"),
        (whole.replacen(r#"{"request""#, r#"{"added":1,"request""#, 1), "E-FORM-001"),
    ] {
        assert_ne!(changed, whole);
        std::fs::write(&path, &changed).unwrap();
        assert_eq!(opened().unwrap_err().code(), code, "{changed}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(opened(), Err(Cause::Unreachable { .. })));
}

#[tokio::test]
async fn a_door_that_is_dropped_leaves_a_recording_that_is_refused() {
    let (server, folder, door) = recording(|_, _| reply(200, &[], "[]")).await;
    door.send(members(&server)).await.unwrap();
    drop(door);
    assert!(matches!(Door::replaying(settings(&server), &LIST, folder.path()), Err(Cause::CutOff { .. })));
}

#[test]
fn ids_that_could_be_paths_are_refused() {
    for system in ["", "..", "a/b", ".hidden", "a\0b", "a b"] {
        assert!(super::file_of(Path::new("/tmp"), system).is_err(), "{system:?}");
    }
    assert!(super::file_of(Path::new("/tmp"), "aws-prod_1.eu").is_ok());
}

/// Every header a service could plant something in, and every place of a body.
#[tokio::test]
async fn sec6_a_recording_holds_no_secret() {
    let (server, folder, door) = recording(move |number, _| {
        let names = [
            "x-secret", "set-cookie", "www-authenticate", "etag", "server", "via", "x-request-id", "x-github-request-id",
            "x-github-media-type", "x-github-sso", "x-ratelimit-limit", "x-ratelimit-resource", "x-ratelimit-secret",
            "x-accepted-oauth-scopes", "x-accepted-github-permissions", "x-oauth-scopes", "x-vault-token",
            "x-amzn-errortype", "github-authentication-token-expiration", "x-amzn-requestid", "retry-after",
        ];
        let mut headers: Vec<(&str, String)> = names.iter().map(|name| (*name, CANARY.to_owned())).collect();
        headers[9].1 = format!("required; url=https://github.example/orgs/acme/sso?authorization_request={CANARY}");
        let shape = number % 4;
        headers.push(("content-type", format!("application/json; note={CANARY}")));
        headers.push(("link", format!("<https://evil.test/{CANARY}?{CANARY}>; rel=\"next\", </x?t={CANARY}>; rel=\"last\"")));
        headers.push(("location", format!("/login/{shape}?token={CANARY}")));
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let body = match shape {
            0 => format!(r#"{{"id":1,"login":"kept","token":"{CANARY}","items":[{{"id":2,"password":{{"id":"{CANARY}"}}}}],"key_info":{{"k":{{"secret":"{CANARY}","id":3}}}}}}"#),
            1 => format!(r#"[["{CANARY}"],{{"items":["kept"],"{CANARY}":1}}]"#),
            2 => format!("\"{CANARY}\""),
            _ => format!("<html>{CANARY}</html>"),
        };
        let status = [200, 301, 403, 500][(number / 4) % 4];
        reply(status, &headers, body)
    })
    .await;
    for number in 0..16 {
        let request = Request::get(server.url(&format!("/orgs/acme{number}/members?page=1")));
        let request = request.with(http::header::AUTHORIZATION, HeaderValue::from_static(CANARY));
        door.send(request).await.unwrap();
    }
    let xml = format!("<R at=\"{CANARY}\"><User><Id>kept</Id><Key>{CANARY}</Key></User><!--{CANARY}--></R>");
    drop(door.send(list_users(&server, "Action=ListUsers&Secret=CANARYq7Zx91")).await.unwrap());
    door.finish_recording().unwrap();
    let text = text(folder.path());
    assert_eq!(text.lines().count(), 19);
    assert!(!text.contains(CANARY), "{}", text.lines().find(|line| line.contains(CANARY)).unwrap());
    assert!(!text.contains("authorization_request"));
    // What is allowed is there: the search looks at the right file.
    assert!(text.contains(r#"\"login\":\"kept\""#) && text.contains(r#""x-github-sso":"required""#));
    let kept = super::reduce::reduce(crate::allow::Keep::Xml(&["R", "User", "Id"]), xml.as_bytes());
    assert_eq!(kept, "<R><User><Id>kept</Id></User></R>");
}

#[tokio::test]
async fn sec6_the_search_of_a_recording_finds_a_leak_on_purpose() {
    let (server, folder, door) = recording(|_, _| reply(200, &[], format!(r#"{{"login":"{CANARY}"}}"#))).await;
    door.send(members(&server)).await.unwrap();
    door.finish_recording().unwrap();
    assert!(text(folder.path()).contains(CANARY), "a field on the list is kept whatever is in it");
}

mod properties {
    use http::HeaderValue;
    use proptest::prelude::*;
    use serde_json::Value;

    use crate::allow::Keep;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("id|items|token|secret|map", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    fn names(value: &Value, all: &mut Vec<String>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| {
                all.push(name.clone());
                names(value, all);
            }),
            Value::Array(items) => items.iter().for_each(|item| names(item, all)),
            _ => {}
        }
    }

    /// A secret in all the spellings a service could use.
    fn spellings(secret: &str) -> Vec<String> {
        vec![
            secret.to_owned(),
            data_encoding::BASE64.encode(secret.as_bytes()),
            data_encoding::HEXLOWER.encode(secret.as_bytes()),
            percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string(),
            Value::from(secret).to_string(),
        ]
    }

    proptest! {
        #[test]
        fn no_member_of_a_set_of_secrets_survives_in_any_spelling(
            secret in "[A-Za-z]{6}[0-9]{2}[A-Za-z0-9+/=_.-]{12,30}",
            place in 0_usize..20,
            which in 0_usize..5,
        ) {
            let planted = spellings(&secret).swap_remove(which);
            let names = [
                "x-secret", "set-cookie", "etag", "x-request-id", "content-type", "date", "age", "link", "x-oauth-scopes",
                "x-accepted-oauth-scopes", "x-accepted-github-permissions", "x-ratelimit-limit", "x-ratelimit-resource",
                "x-github-sso", "github-authentication-token-expiration", "x-amzn-errortype", "www-authenticate",
                "x-github-enterprise-version", "x-rate-limit-reset", "x-github-media-type",
            ];
            let value = HeaderValue::try_from(planted.clone()).unwrap();
            let body = serde_json::json!({ "id": 1, "token": planted, "items": [{ "id": 2, "note": [planted, { "key": planted }] }] });
            let reply = crate::reply::Reply {
                status: http::StatusCode::OK,
                headers: http::HeaderMap::from_iter([(http::HeaderName::from_static(names[place]), value)]),
                body: body.to_string().into(),
                at: crate::testing::now(),
                operation: "op",
                url: url::Url::parse("https://api.example/orgs/acme").unwrap(),
                limits: crate::settings::Limits::default(),
            };
            let kept = format!(
                "{:?} {}",
                super::super::headers::keep(&reply),
                super::super::reduce::reduce(Keep::Json(&["id", "items"]), &reply.body)
            );
            for spelling in spellings(&secret) {
                prop_assert!(!kept.contains(&spelling), "{} in {kept}", names[place]);
            }
            prop_assert!(kept.contains(r#"{"id":1,"items":[{"id":2}]}"#), "{kept}");
        }

        #[test]
        fn no_name_survives_that_is_not_listed_and_reducing_twice_changes_nothing(value in value()) {
            let keep = Keep::Json(&["id", "items"]);
            let once = super::super::reduce::reduce(keep, value.to_string().as_bytes());
            let mut left = Vec::new();
            names(&serde_json::from_str(&once).unwrap(), &mut left);
            prop_assert!(left.iter().all(|name| name == "id" || name == "items"), "{once}");
            prop_assert_eq!(super::super::reduce::reduce(keep, once.as_bytes()), once);
        }

        #[test]
        fn nothing_panics_on_any_body(body in "\\PC{0,80}", pieces in prop::collection::vec("<a>|</a>|<a/>|<b x='y'>|</b>|&amp;|x|<!--|-->|]]>", 0..12)) {
            for keep in [Keep::Json(&["a"]), Keep::Xml(&["a"]), Keep::Nothing] {
                let _ = super::super::reduce::reduce(keep, body.as_bytes());
                let _ = super::super::reduce::reduce(keep, pieces.concat().as_bytes());
            }
        }
    }
}
