//! An incoming webhook of Slack (docs.slack.dev, "Sending messages using incoming webhooks").
//!
//! Its address is the secret. There is no key, no look-up and no change: what was sent twice is shown twice. Alerts of one
//! run go out as one message.

use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use scan_contract::Cause;
use scan_transport::{AllowList, Door, OriginRule, Reach};
use serde_json::{Value, json};
use url::Url;

use super::super::markup::{self, mrkdwn};
use super::super::text::{Block, Line, Span, Text};
use super::super::tracker::{Alert, Resend, Sink as Tells, TrackerError};
use super::Ways;
use super::client::{Client, json as with_body};
use super::list::allow_list;
use super::settings::Slack;
use super::sign_in::Kept;

/// What may be sent.
pub static ALLOW: AllowList = allow_list! { "slack",
    Write "POST" "/services/{team}/{app}/{key}" needs ["an incoming webhook"];
    Write "POST" "/triggers/{team}/{id}/{key}" needs ["a webhook trigger"];
};

/// Bytes of one message; Slack cuts what is longer.
const BODY: usize = 12_000;
/// Characters of the line that notifications show.
const TITLE: usize = 150;

/// A channel.
pub struct Sink {
    client: Client,
    address: Kept,
}

impl Sink {
    pub(super) fn new(settings: &Slack, door: Door, ways: &Ways) -> Self {
        let address = Kept::new(settings.address.clone(), Arc::clone(&ways.secrets));
        Self { client: Client { door, base: settings.origin.clone() }, address }
    }

    /// The address, if it has the origin that was configured: the secret does not decide where it goes.
    async fn url(&self) -> Result<Url, TrackerError> {
        let parsed = self.address.with(|text| Url::parse(text.trim())).await.map_err(TrackerError::NotDone)?;
        let refused = |detail: &str| TrackerError::NotDone(Cause::Unauthenticated { detail: String::from(detail) });
        let url = parsed.map_err(|_| refused("what is kept as the address of the webhook is no address"))?;
        let origin = |url: &Url| OriginRule::of(url, Reach::Internal).map(|rule| (rule.scheme, rule.host, rule.port));
        if origin(&url).is_none() || origin(&url) != origin(&self.client.base) {
            return Err(refused("the address of the webhook has another origin than the configured one"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("the address of the webhook has a query, which none of Slack has"));
        }
        Ok(url)
    }

    async fn send(&self, head: &str, text: &Text) -> Result<(), TrackerError> {
        let size = |text: &Text| mrkdwn::elements(text).iter().map(|element| element.to_string().len()).sum();
        let elements = mrkdwn::elements(&markup::fit(text, BODY, size));
        let body = json!({
            "text": mrkdwn::escape(&markup::title(head, TITLE)),
            "mrkdwn": false,
            "parse": "none",
            "link_names": false,
            "unfurl_links": false,
            "unfurl_media": false,
            "blocks": [{ "type": "rich_text", "elements": elements }],
        });
        self.post(&body).await
    }

    async fn post(&self, body: &Value) -> Result<(), TrackerError> {
        let reply = self.client.tell_any(with_body(Method::POST, self.url().await?, body)?).await?;
        match reply.status.as_u16() {
            200 if reply.text().is_ok_and(|text| text.trim() == "ok") => Ok(()),
            200 => {
                let what = format!("{}: `ok` was expected", reply.describe());
                Err(TrackerError::MayHaveHappened(Cause::Malformed { what }))
            }
            // 403 action_prohibited, 404 channel_not_found or no_service, 410 channel_is_archived.
            403 | 404 | 410 => {
                let permission = format!("a webhook that may post to a channel that is there ({})", reply.describe());
                Err(TrackerError::NotDone(Cause::Denied { permission }))
            }
            _ => Err(self.client.not_taken(&reply)),
        }
    }
}

/// One message about all of them: a single one with its text, several as lines.
fn message(what: &str, alerts: &[Alert]) -> (String, Text) {
    if let [alert] = alerts {
        let mut blocks = vec![Block::Heading(format!("{what}: {}", alert.severity)), title(alert)];
        blocks.extend(alert.body.blocks.iter().cloned());
        return (format!("{what}: {}", alert.title), Text { blocks });
    }
    let head = format!("{what}: {} alerts", alerts.len());
    let line = |alert: &Alert| Line {
        done: what == OVER,
        spans: vec![
            Span::Ours(format!("{} ", alert.severity)),
            Span::Value(alert.title.clone()),
            Span::Ours(format!(" ({})", alert.key)),
        ],
    };
    let blocks = vec![Block::Heading(head.clone()), Block::Lines(alerts.iter().map(line).collect())];
    (head, Text { blocks })
}

fn title(alert: &Alert) -> Block {
    Block::Paragraph(vec![Span::Value(alert.title.clone()), Span::Ours(format!(" ({})", alert.key))])
}

/// How a message begins.
const NEW: &str = "Residual access";
const OVER: &str = "No longer open";

#[async_trait]
impl Tells for Sink {
    fn resend(&self) -> Resend {
        Resend::Doubles
    }

    async fn raise(&self, alerts: &[Alert]) -> Result<(), TrackerError> {
        if alerts.is_empty() {
            return Ok(());
        }
        let (head, text) = message(NEW, alerts);
        self.send(&head, &text).await
    }

    async fn resolve(&self, alerts: &[Alert]) -> Result<(), TrackerError> {
        if alerts.is_empty() {
            return Ok(());
        }
        let (head, text) = message(OVER, alerts);
        self.send(&head, &text).await
    }

    async fn check(&self) -> Result<String, TrackerError> {
        self.url().await?;
        Ok(String::from("the address has the configured origin; whether it works is known with the first message"))
    }
}
