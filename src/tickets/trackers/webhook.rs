//! Our own signed messages, for receivers that are written for them. The form is in `docs/trackers.md`.
//!
//! A message is signed after every wait: `Holdover-Timestamp` says when, `Holdover-Signature` is `v1=` and the HMAC-SHA256
//! over the timestamp, a full stop and the body, in hexadecimal. `Holdover-Event` and the `event_id` of each alert are the
//! same whenever the same telling is repeated, so that a receiver can leave out what it knows. What is told again after
//! something else was told is another telling, even if its words are the same.

use std::sync::Arc;

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use scan_contract::Cause;
use scan_transport::{Action, AllowList, Credential, Door, Keep, Operation, Purpose, Request};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::super::markup::{self, plain};
use super::super::tracker::{Alert, Resend, Sink as Tells, TrackerError};
use super::Ways;
use super::client::{Client, json as with_body};
use super::settings::Webhook;
use super::sign_in::Kept;

/// What may be sent.
pub static ALLOW: AllowList = AllowList {
    connector: "webhook",
    operations: &[
        Operation {
            name: "POST /",
            method: "POST",
            path: "/",
            action: Action::Plain,
            purpose: Purpose::Write,
            rights: &[],
            keep: Keep::Nothing,
        },
        Operation {
            name: "POST the configured path",
            method: "POST",
            path: "/{path...}",
            action: Action::Plain,
            purpose: Purpose::Write,
            rights: &[],
            keep: Keep::Nothing,
        },
    ],
};

/// Version of the body.
const VERSION: u32 = 1;
/// Bytes of one text.
const BODY: usize = 16_000;
const TIMESTAMP: HeaderName = HeaderName::from_static("holdover-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("holdover-signature");
const EVENT: HeaderName = HeaderName::from_static("holdover-event");

/// A receiver.
pub struct Sink {
    url: Url,
    client: Client,
}

/// Signs the body of every attempt.
struct Signer {
    key: Kept,
    door: Door,
}

#[async_trait]
impl Credential for Signer {
    async fn headers(&self, request: &Request) -> Result<HeaderMap, Cause> {
        let timestamp = self.door.now().timestamp().to_string();
        let body = request.body.clone();
        let signature = self.key.with(|key| sign(key.as_bytes(), &timestamp, &body)).await??;
        let value = |text: &str| {
            HeaderValue::from_str(text).map_err(|_| Cause::Bug { what: String::from("a signature that is no header") })
        };
        Ok(HeaderMap::from_iter([(TIMESTAMP, value(&timestamp)?), (SIGNATURE, value(&signature)?)]))
    }

    async fn renew(&self) -> Result<bool, Cause> {
        self.key.renew().await
    }
}

/// `v1=` and the HMAC-SHA256 (RFC 2104) over timestamp, full stop and body.
fn sign(key: &[u8], timestamp: &str, body: &[u8]) -> Result<String, Cause> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .map_err(|_| Cause::Unauthenticated { detail: String::from("the key of the webhook cannot sign") })?;
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    Ok(format!("v1={}", HEXLOWER.encode(&mac.finalize().into_bytes())))
}

impl Sink {
    pub(super) fn new(settings: &Webhook, door: &Door, ways: &Ways) -> Self {
        let key = Kept::new(settings.key.clone(), Arc::clone(&ways.secrets));
        let signer = Signer { key, door: door.clone() };
        let client = Client { door: door.with_credential(Arc::new(signer)), base: settings.url.clone() };
        Self { url: settings.url.clone(), client }
    }

    async fn send(&self, action: &str, alerts: &[Alert]) -> Result<(), TrackerError> {
        let entries: Vec<Value> = alerts.iter().map(|alert| entry(action, alert)).collect();
        let id = event_id(entries.iter().filter_map(|entry| entry.get("event_id").and_then(Value::as_str)));
        let body = json!({ "version": VERSION, "event_id": id, "action": action, "alerts": entries });
        let event = HeaderValue::from_str(&id)
            .map_err(|_| TrackerError::NotDone(Cause::Bug { what: String::from("an event id that is no header") }))?;
        let request = with_body(Method::POST, self.url.clone(), &body)?.with(EVENT, event);
        self.client.tell_request(request).await.map(drop)
    }
}

/// The same for the same parts; each has its length before it, so that parts cannot run into each other.
fn event_id<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    HEXLOWER.encode(digest.get(..16).unwrap_or(&digest))
}

fn entry(action: &str, alert: &Alert) -> Value {
    let text = plain::render(&markup::fit(&alert.body, BODY, |text| plain::render(text).len()));
    let began = alert.began_at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let severity = alert.severity.as_str();
    let parts = [action, alert.key.as_str(), &began, severity, &alert.title, &text, &alert.episode];
    let id = event_id(parts.into_iter());
    json!({
        "event_id": id,
        "key": alert.key.as_str(),
        "title": markup::title(&alert.title, 300),
        "text": text,
        "severity": severity,
        "system": alert.system,
        "began_at": began,
    })
}

#[async_trait]
impl Tells for Sink {
    fn resend(&self) -> Resend {
        Resend::Harmless
    }

    async fn raise(&self, alerts: &[Alert]) -> Result<(), TrackerError> {
        self.send("raise", alerts).await
    }

    async fn resolve(&self, alerts: &[Alert]) -> Result<(), TrackerError> {
        self.send("resolve", alerts).await
    }

    async fn check(&self) -> Result<String, TrackerError> {
        // There is no question that a receiver would have to answer without taking it for a message.
        Ok(String::from("not asked: a webhook can only be told something"))
    }
}
