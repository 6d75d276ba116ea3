//! PagerDuty, Events API v2 (PagerDuty/api-schema, `reference/events-v2`).
//!
//! `dedup_key` is our key: while an alert is open, the same key is the same alert, so that sending again is harmless. The
//! integration key stands in the body of every request, and nowhere else.

use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, StatusCode};
use scan_contract::Cause;
use scan_transport::{AllowList, Door, Reply};
use serde_json::{Value, json};

use super::super::markup::{self, plain};
use super::super::tracker::{Alert, Resend, Sink as Tells, TrackerError};
use super::Ways;
use super::client::{Client, json as with_body, rejected};
use super::list::allow_list;
use super::settings::PagerDuty;
use super::sign_in::Kept;
use crate::findings::Severity;
use crate::hostile;

/// What may be sent.
pub static ALLOW: AllowList = allow_list! { "pagerduty",
    Write "POST" "/v2/enqueue" needs ["an integration key of the Events API v2"];
};

/// Characters of a summary.
const TITLE: usize = 1_024;
/// Bytes of a text; a whole event may have 512 KiB.
const BODY: usize = 60_000;

/// A service.
pub struct Sink {
    client: Client,
    key: Kept,
}

impl Sink {
    pub(super) fn new(settings: &PagerDuty, door: Door, ways: &Ways) -> Self {
        let key = Kept::new(settings.routing_key.clone(), Arc::clone(&ways.secrets));
        Self { client: Client { door, base: settings.url.clone() }, key }
    }

    async fn send(&self, mut event: Value) -> Result<(), TrackerError> {
        let key = |key: &str| event["routing_key"] = json!(key);
        self.key.with(key).await.map_err(TrackerError::NotDone)?;
        let url = self.client.url(&["v2", "enqueue"], &[])?;
        let reply = self.client.tell_any(with_body(Method::POST, url, &event)?).await?;
        match reply.status {
            StatusCode::ACCEPTED => Ok(()),
            StatusCode::BAD_REQUEST if is_about_key(&reply) => {
                let detail = format!("{}: it does not take the routing key", reply.describe());
                Err(TrackerError::NotDone(Cause::Unauthenticated { detail }))
            }
            StatusCode::BAD_REQUEST => Err(rejected(&reply)),
            // Nothing else is an answer of this interface: a proxy may have answered.
            status if status.is_success() => {
                let what = format!("{}: 202 was expected", reply.describe());
                Err(TrackerError::MayHaveHappened(Cause::Malformed { what }))
            }
            _ => Err(self.client.not_taken(&reply)),
        }
    }
}

/// Whether a refusal complains of the routing key: it says so in `message` or in one of `errors`. An event that is refused for
/// the key is no worse for it, and is told again once the key is right.
fn is_about_key(reply: &Reply) -> bool {
    let Ok(says) = reply.json::<Value>() else { return false };
    let errors = says.get("errors").and_then(Value::as_array).into_iter().flatten();
    let mut words = errors.chain(says.get("message")).filter_map(Value::as_str).map(str::to_ascii_lowercase);
    words.any(|words| words.contains("routing_key") || words.contains("routing key"))
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "info",
    }
}

fn trigger(alert: &Alert) -> Value {
    let text = markup::fit(&alert.body, BODY, |text| plain::render(text).len());
    json!({
        "event_action": "trigger",
        "dedup_key": alert.key.as_str(),
        "client": "Holdover",
        "payload": {
            "summary": markup::title(&alert.title, TITLE),
            "source": hostile::short(&alert.system, 200),
            "severity": word(alert.severity),
            "timestamp": alert.began_at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "class": "residual access",
            "custom_details": { "severity": alert.severity.as_str(), "text": plain::render(&text) },
        },
    })
}

#[async_trait]
impl Tells for Sink {
    fn resend(&self) -> Resend {
        Resend::Harmless
    }

    fn takes_lists(&self) -> bool {
        false
    }

    async fn raise(&self, alerts: &[Alert]) -> Result<(), TrackerError> {
        for alert in alerts {
            self.send(trigger(alert)).await?;
        }
        Ok(())
    }

    async fn resolve(&self, alerts: &[Alert]) -> Result<(), TrackerError> {
        for alert in alerts {
            self.send(json!({ "event_action": "resolve", "dedup_key": alert.key.as_str() })).await?;
        }
        Ok(())
    }

    async fn check(&self) -> Result<String, TrackerError> {
        let length = self.key.with(str::len).await.map_err(TrackerError::NotDone)?;
        Ok(format!("not asked: every request is an event; the integration key has {length} characters, 32 are usual"))
    }
}
