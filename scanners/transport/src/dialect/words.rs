//! Limits that are told in bodies.

use serde::Deserialize;

use crate::reply::Reply;

/// How much of a refusal is looked at, in bytes.
const HEAD: usize = 16 * 1024;
/// Largest GraphQL answer that is looked through for an error, in bytes. An answer that was cut short by a limit is
/// short.
const LIMITED: usize = 64 * 1024;

/// Codes of the AWS services that mean "slow down" (AWS SDKs and tools reference, "Retry behavior").
const AWS: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];

fn head(reply: &Reply) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(reply.body.get(..HEAD).unwrap_or(&reply.body))
}

/// Whether a refusal of AWS carries a throttling code: in `x-amzn-errortype`, in `__type` or `code` of a JSON body, in
/// `Code` of an XML body.
pub(super) fn aws_throttles(reply: &Reply) -> bool {
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(rename = "__type")]
        kind: Option<String>,
        code: Option<String>,
        #[serde(rename = "Code")]
        upper: Option<String>,
    }
    // `com.amazonaws.sso#ThrottlingException:http://...`: the name stands between the last hash and the first colon.
    let bare = |text: &str| {
        let name = text.split(':').next().unwrap_or_default();
        AWS.contains(&name.rsplit('#').next().unwrap_or_default().trim())
    };
    if let Some(kind) = reply.header("x-amzn-errortype") {
        return bare(kind);
    }
    if let Ok(refusal) = serde_json::from_slice::<Refusal>(&reply.body) {
        return [refusal.kind, refusal.code, refusal.upper].into_iter().flatten().any(|kind| bare(&kind));
    }
    let text = head(reply);
    text.split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"))
        .is_some_and(|(code, _)| bare(code.trim()))
}

/// Whether a refusal of GitHub speaks of a secondary limit. The texts are those of the service; they are looked at only
/// beside a status that is a refusal, and mean nothing worse than waiting.
pub(super) fn github_secondary(reply: &Reply) -> bool {
    #[derive(Deserialize)]
    struct Refusal {
        message: Option<String>,
        documentation_url: Option<String>,
    }
    let Ok(refusal) = serde_json::from_slice::<Refusal>(&reply.body) else { return false };
    let message = refusal.message.unwrap_or_default().to_ascii_lowercase();
    let page = refusal.documentation_url.unwrap_or_default().to_ascii_lowercase();
    ["secondary rate limit", "abuse detection", "api rate limit exceeded"].iter().any(|words| message.contains(words))
        || ["secondary-rate-limits", "abuse-rate-limits", "#rate-limiting"].iter().any(|words| page.contains(words))
}

/// Whether an error of GitHub's GraphQL interface is a limit: by its type, in the word of the documentation or in the one
/// the service answers with at present, or by its code. The English text beside them decides nothing.
pub fn is_graphql_limit(kind: Option<&str>, code: Option<&str>) -> bool {
    matches!(kind, Some("RATE_LIMITED" | "RATE_LIMIT")) || code == Some("graphql_rate_limit")
}

/// Whether a GraphQL answer was refused for a limit.
pub(super) fn graphql_limited(reply: &Reply) -> bool {
    #[derive(Deserialize)]
    struct Extensions {
        code: Option<String>,
    }
    #[derive(Deserialize)]
    struct Problem {
        #[serde(rename = "type")]
        kind: Option<String>,
        code: Option<String>,
        extensions: Option<Extensions>,
    }
    impl Problem {
        fn is_limit(&self) -> bool {
            let extended = self.extensions.as_ref().and_then(|extensions| extensions.code.as_deref());
            is_graphql_limit(self.kind.as_deref(), self.code.as_deref().or(extended))
        }
    }
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        errors: Vec<Problem>,
    }
    // Every such word holds this one; only an answer with it is decoded.
    let word = b"rate_limit";
    if reply.body.len() > LIMITED || !reply.body.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word)) {
        return false;
    }
    serde_json::from_slice::<Answer>(&reply.body).is_ok_and(|answer| answer.errors.iter().any(Problem::is_limit))
}

/// Points that a GraphQL answer cost, where the document asked for `rateLimit { cost }`.
pub(super) fn graphql_cost(reply: &Reply) -> Option<u64> {
    #[derive(Deserialize)]
    struct Limit {
        cost: Option<u64>,
    }
    #[derive(Deserialize)]
    struct Data {
        #[serde(rename = "rateLimit")]
        limit: Option<Limit>,
    }
    #[derive(Deserialize)]
    struct Answer {
        data: Option<Data>,
    }
    let answer: Answer = serde_json::from_slice(&reply.body).ok()?;
    answer.data?.limit?.cost
}
