//! How long a session can live at most, by the organisation's sign-on policies.

use chrono::TimeDelta;
use scan_contract::{Cause, Outlet};

use super::Reader;
use super::lane::Lane;
use crate::client::{Found, Shape};
use crate::scopes::SESSION_POLICIES;
use crate::text::short;
use crate::wire::{Policy, PolicyRule};

/// Longest life of a session, over all rules in force: which rule let somebody in is not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LongestSession {
    /// No session lives longer.
    Bounded(TimeDelta),
    /// Some rule lets sessions live until they idle.
    Unbounded,
}

/// Reads the policies, and keeps the answer for sessions.
pub(crate) async fn read(reader: &Reader, outlet: &Outlet) -> Result<(), Cause> {
    let mut lane = Lane::new(outlet, SESSION_POLICIES);
    lane.open(super::lane::now(reader)).await?;
    if let Err(cause) = longest(reader).await {
        lane.fail(cause).await?;
    }
    lane.end().await
}

/// Longest life of a session; asked for once, and again after what may pass by itself.
pub(crate) async fn longest(reader: &Reader) -> Result<LongestSession, Cause> {
    let mut known = reader.longest_session.lock().await;
    if let Some(answer) = known.as_ref() {
        return answer.clone();
    }
    let answer = ask(reader).await;
    if matches!(answer, Ok(_) | Err(Cause::Denied { .. } | Cause::NotSupported { .. })) {
        *known = Some(answer.clone());
    }
    answer
}

async fn ask(reader: &Reader) -> Result<LongestSession, Cause> {
    let mut longest: Option<u64> = None;
    let mut walk = reader.client.walk(&["api", "v1", "policies"], &[("type", "OKTA_SIGN_ON")], Shape::Array)?;
    let mut policies = Vec::new();
    while let Some(page) = walk.page::<Policy>().await? {
        let Found::There(page) = page else {
            return Err(Cause::NotSupported { what: String::from("this organisation has no sign-on policies") });
        };
        for policy in page.elements {
            let policy = policy.map_err(|damaged| undecoded("policy", damaged.position))?;
            if policy.status.as_deref() != Some("INACTIVE") {
                policies.push(policy.id);
            }
        }
    }
    for id in policies {
        let mut walk = reader.client.walk(&["api", "v1", "policies", &id, "rules"], &[], Shape::Array)?;
        while let Some(page) = walk.page::<PolicyRule>().await? {
            let Found::There(page) = page else {
                return Err(Cause::NotSupported { what: format!("policy {} is gone", short(&id)) });
            };
            for rule in page.elements {
                let rule = rule.map_err(|damaged| undecoded("rule", damaged.position))?;
                match minutes(&rule) {
                    Minutes::LetsNobodyIn => {}
                    Minutes::NoEnd => return Ok(LongestSession::Unbounded),
                    Minutes::AtMost(minutes) => longest = Some(longest.unwrap_or(0).max(minutes)),
                }
            }
        }
    }
    let bounded = longest.and_then(|minutes| TimeDelta::try_minutes(i64::try_from(minutes).unwrap_or(i64::MAX)));
    Ok(bounded.map_or(LongestSession::Unbounded, LongestSession::Bounded))
}

fn undecoded(what: &str, position: usize) -> Cause {
    Cause::Malformed { what: format!("sign-on {what} {position} could not be decoded") }
}

#[derive(Debug, PartialEq, Eq)]
enum Minutes {
    LetsNobodyIn,
    NoEnd,
    AtMost(u64),
}

fn minutes(rule: &PolicyRule) -> Minutes {
    let sign_on = rule.actions.as_ref().and_then(|actions| actions.signon.as_ref());
    if rule.status.as_deref() == Some("INACTIVE") || sign_on.is_some_and(|on| on.access.as_deref() == Some("DENY")) {
        return Minutes::LetsNobodyIn;
    }
    let most = sign_on.and_then(|on| on.session.as_ref()).and_then(|session| session.max_session_lifetime_minutes);
    match most {
        Some(0) | None => Minutes::NoEnd,
        Some(minutes) => Minutes::AtMost(minutes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> PolicyRule {
        serde_json::from_str(text).expect("a test writes rules")
    }

    #[test]
    fn a_rule_without_a_limit_has_no_end() {
        let with = |session: &str| {
            rule(&format!(r#"{{"status":"ACTIVE","actions":{{"signon":{{"access":"ALLOW","session":{session}}}}}}}"#))
        };
        assert_eq!(minutes(&with(r#"{"maxSessionLifetimeMinutes":720}"#)), Minutes::AtMost(720));
        assert_eq!(minutes(&with(r#"{"maxSessionLifetimeMinutes":0,"maxSessionIdleMinutes":120}"#)), Minutes::NoEnd);
        assert_eq!(minutes(&with("{}")), Minutes::NoEnd);
        assert_eq!(minutes(&rule("{}")), Minutes::NoEnd);
        assert_eq!(minutes(&rule(r#"{"status":"INACTIVE"}"#)), Minutes::LetsNobodyIn);
        assert_eq!(minutes(&rule(r#"{"actions":{"signon":{"access":"DENY"}}}"#)), Minutes::LetsNobodyIn);
    }
}
