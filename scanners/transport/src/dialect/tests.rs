//! One row a dialect and form.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::*;
use crate::settings::Limits;
use crate::testing::{http_date, now};

fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap()))
        .collect();
    Reply {
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: Bytes::copy_from_slice(body.as_bytes()),
        at: now(),
        operation: "op",
        url: Url::parse("https://api.example/").unwrap(),
        limits: Limits::default(),
    }
}

fn throttled(seconds: u64) -> Signal {
    Signal::Throttled(Wait::For(Duration::from_secs(seconds)))
}

const UNSAID: Signal = Signal::Throttled(Wait::NotSaid);
const STUMBLED: Signal = Signal::Stumbled(Wait::NotSaid);

const ALL: [Dialect; 7] =
    [Dialect::Plain, Dialect::Aws, Dialect::GitHub, Dialect::Okta, Dialect::Vault, Dialect::BambooHr, Dialect::Graph];

#[test]
fn every_dialect_knows_429_in_all_forms_of_its_hint() {
    let past = http_date(-60);
    let later = http_date(42);
    for dialect in ALL {
        let says = |headers: &[(&str, &str)]| dialect.read(&reply(429, headers, ""));
        assert_eq!(says(&[("retry-after", "42")]), throttled(42), "{dialect:?}");
        assert_eq!(says(&[("retry-after", &later)]), throttled(42), "{dialect:?}");
        for nonsense in ["0", "-1", "soon", "", "99999999999", &past] {
            assert_eq!(says(&[("retry-after", nonsense)]), UNSAID, "{dialect:?} {nonsense}");
        }
        assert_eq!(says(&[]), UNSAID, "{dialect:?}");
    }
}

#[test]
fn every_dialect_lets_answers_and_plain_refusals_through() {
    for dialect in ALL {
        for status in [200, 201, 204, 301, 304, 400, 401, 403, 404, 409, 422] {
            assert_eq!(dialect.read(&reply(status, &[], "{}")), Signal::Go, "{dialect:?} {status}");
        }
        for status in [502, 503, 504] {
            assert_eq!(dialect.read(&reply(status, &[], "")), STUMBLED, "{dialect:?} {status}");
        }
    }
}

#[test]
fn a_503_with_a_wait_is_a_limit_where_the_service_means_it_so() {
    let says = |dialect: Dialect| dialect.read(&reply(503, &[("retry-after", "5")], ""));
    for dialect in [Dialect::Plain, Dialect::BambooHr, Dialect::Graph, Dialect::GitHub] {
        assert_eq!(says(dialect), throttled(5), "{dialect:?}");
    }
    for dialect in [Dialect::Okta, Dialect::Vault, Dialect::Aws] {
        assert_eq!(says(dialect), Signal::Stumbled(Wait::For(Duration::from_secs(5))), "{dialect:?}");
    }
}

#[test]
fn aws_throttles_by_code_in_header_json_and_xml() {
    let says = |status, headers: &[(&str, &str)], body: &str| Dialect::Aws.read(&reply(status, headers, body));
    let xml =
        |code: &str| format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code></Error></ErrorResponse>");
    assert_eq!(says(400, &[], &xml("Throttling")), UNSAID);
    assert_eq!(says(503, &[], &xml("SlowDown")), UNSAID);
    assert_eq!(says(400, &[], r#"{"__type":"com.amazonaws.sso#ThrottlingException","message":"x"}"#), UNSAID);
    assert_eq!(says(400, &[], r#"{"__type":"TooManyRequestsException"}"#), UNSAID);
    assert_eq!(says(400, &[("x-amzn-errortype", "ThrottlingException:http://x/")], "{}"), UNSAID);
    assert_eq!(says(400, &[("x-amzn-errortype", "ThrottlingException"), ("retry-after", "3")], "{}"), throttled(3));
    for refused in ["AccessDenied", "ValidationError", "NotThrottling", "ThrottlingX"] {
        assert_eq!(says(403, &[], &xml(refused)), Signal::Go, "{refused}");
    }
    assert_eq!(says(400, &[("x-amzn-errortype", "AccessDeniedException")], r#"{"message":"Throttling"}"#), Signal::Go);
    assert_eq!(says(200, &[], &xml("Throttling")), Signal::Go);
    assert_eq!(says(500, &[], ""), STUMBLED);
}

#[test]
fn github_primary_secondary_and_real_refusals_are_told_apart() {
    let at = now().timestamp();
    let reset = (at + 90).to_string();
    let says = |status, headers: &[(&str, &str)], body: &str| Dialect::GitHub.read(&reply(status, headers, body));
    let primary =
        [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset.as_str())];
    assert_eq!(says(403, &primary, "{}"), throttled(90));
    assert_eq!(says(429, &primary, "{}"), throttled(90));
    assert_eq!(says(403, &[("retry-after", "60")], "{}"), throttled(60));
    for message in [
        r#"{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}"#,
        r#"{"message":"You have triggered an abuse detection mechanism."}"#,
        r#"{"message":"x","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}"#,
        r#"{"message":"API rate limit exceeded for user ID 1."}"#,
    ] {
        assert_eq!(says(403, &[], message), UNSAID, "{message}");
        assert!(Dialect::GitHub.is_secondary(&reply(403, &[], message)));
    }
    let left = [("x-ratelimit-remaining", "4999")];
    for message in [
        r#"{"message":"Must have admin rights to Repository."}"#,
        r#"{"message":"Resource protected by organization SAML enforcement."}"#,
        "rate limit",
        "",
    ] {
        assert_eq!(says(403, &left, message), Signal::Go, "{message}");
    }
    assert!(!Dialect::GitHub.is_secondary(&reply(403, &primary, "{}")));
}

#[test]
fn a_graphql_answer_of_200_can_be_a_limit() {
    let says = |body: &str| Dialect::GitHub.read(&reply(200, &[("retry-after", "7")], body));
    assert_eq!(says(r#"{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}"#), throttled(7));
    assert_eq!(says(r#"{"data":{"a":null},"errors":[{"type":"NOT_FOUND"},{"type":"RATE_LIMITED"}]}"#), throttled(7));
    // What github.com answers at present, and each half of it alone.
    for problem in [
        r#"{"type":"RATE_LIMIT","code":"graphql_rate_limit","message":"API rate limit already exceeded for user ID 1."}"#,
        r#"{"type":"RATE_LIMIT"}"#,
        r#"{"code":"graphql_rate_limit"}"#,
        r#"{"extensions":{"code":"graphql_rate_limit"}}"#,
    ] {
        assert_eq!(says(&format!(r#"{{"errors":[{problem}]}}"#)), throttled(7), "{problem}");
    }
    assert_eq!(says(r#"{"errors":[{"type":"RATE_LIMIT_OF_ANOTHER_KIND","code":5}]}"#), Signal::Go);
    assert_eq!(says(r#"{"errors":[{"type":"FORBIDDEN","message":"RATE_LIMITED"}]}"#), Signal::Go);
    assert_eq!(says(r#"{"data":{"name":"RATE_LIMITED"}}"#), Signal::Go);
}

#[test]
fn vault_nodes_that_cannot_answer_now_stumble() {
    for status in [412, 472, 473, 503] {
        assert_eq!(Dialect::Vault.read(&reply(status, &[], "")), STUMBLED, "{status}");
        assert_eq!(Dialect::Okta.read(&reply(status, &[], "")), if status == 503 { STUMBLED } else { Signal::Go });
    }
}

/// Which headers a dialect reads, and what their numbers count.
#[test]
fn limits_are_announced_in_every_dialect() {
    let at = now().timestamp();
    let (epoch, milliseconds) = ((at + 30).to_string(), ((at + 30) * 1000).to_string());
    let date = http_date(30);
    let rows = [
        (Dialect::Plain, "ratelimit", "30"),
        (Dialect::Plain, "ratelimit", &epoch),
        (Dialect::Plain, "x-ratelimit", "30"),
        (Dialect::Plain, "x-ratelimit", &epoch),
        (Dialect::Plain, "x-ratelimit", &milliseconds),
        (Dialect::Plain, "x-ratelimit", &date),
        (Dialect::Plain, "x-rate-limit", &epoch),
        (Dialect::BambooHr, "x-ratelimit", "30"),
        (Dialect::Vault, "x-ratelimit", "30"),
        (Dialect::GitHub, "x-ratelimit", &epoch),
        (Dialect::Okta, "x-rate-limit", &epoch),
        (Dialect::Graph, "ratelimit", "30"),
    ];
    for (dialect, prefix, reset) in rows {
        let headers = [
            (format!("{prefix}-limit"), "100, 100;w=60"),
            (format!("{prefix}-remaining"), "40"),
            (format!("{prefix}-reset"), reset),
        ];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let announced = dialect.announced(&reply(200, &headers, "{}"));
        let announced = announced.unwrap_or_else(|| panic!("{dialect:?} {prefix} {reset}"));
        assert_eq!((announced.limit, announced.remaining), (Some(100), 40), "{dialect:?}");
        assert_eq!(announced.reset, Duration::from_secs(30), "{dialect:?} {reset}");
        assert_eq!(announced.cost, 1);
        let broken = [headers[0], (headers[1].0, "many"), headers[2]];
        assert_eq!(dialect.announced(&reply(200, &broken, "{}")), None, "{dialect:?}");
        let past = [headers[0], headers[1], (headers[2].0, "0")];
        assert_eq!(dialect.announced(&reply(200, &past, "{}")), None, "{dialect:?}");
    }
    assert_eq!(
        Dialect::Okta.announced(&reply(200, &[("x-rate-limit-remaining", "5"), ("x-rate-limit-reset", "30")], "")),
        None
    );
    assert_eq!(
        Dialect::Aws.announced(&reply(200, &[("x-ratelimit-remaining", "5"), ("x-ratelimit-reset", "30")], "")),
        None
    );
}

#[test]
fn limits_have_names_and_points() {
    let epoch = (now().timestamp() + 30).to_string();
    let headers = |resource: &'static str| {
        vec![("x-ratelimit-remaining", "40"), ("x-ratelimit-reset", epoch.as_str()), ("x-ratelimit-resource", resource)]
    };
    let graph =
        Dialect::GitHub.announced(&reply(200, &headers("graphql"), r#"{"data":{"rateLimit":{"cost":17}}}"#)).unwrap();
    assert_eq!((graph.key.as_str(), graph.cost), ("graphql", 17));
    let core =
        Dialect::GitHub.announced(&reply(200, &headers("core"), r#"{"data":{"rateLimit":{"cost":17}}}"#)).unwrap();
    assert_eq!((core.key.as_str(), core.cost), ("core", 1));
    let okta = Dialect::Okta
        .announced(&reply(200, &[("x-rate-limit-remaining", "5"), ("x-rate-limit-reset", &epoch)], ""))
        .unwrap();
    assert_eq!(okta.key, "op", "one limit an endpoint");
}

#[test]
fn milliseconds_are_not_taken_for_seconds() {
    let says = Dialect::Graph.read(&reply(429, &[("retry-after-ms", "1500")], ""));
    assert_eq!(says, Signal::Throttled(Wait::For(Duration::from_millis(1500))));
}

#[test]
fn graph_warns_before_it_refuses() {
    let warns =
        |dialect: Dialect, share: &str| dialect.warns(&reply(200, &[("x-ms-throttle-limit-percentage", share)], ""));
    assert!(warns(Dialect::Graph, "0.8") && warns(Dialect::Graph, "1.8"));
    assert!(!warns(Dialect::Graph, "0.7") && !warns(Dialect::Graph, "much") && !warns(Dialect::Plain, "1.8"));
}
