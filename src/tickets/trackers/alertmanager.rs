//! Alertmanager, API v2 (prometheus/alertmanager, `api/v2/openapi.yaml`).
//!
//! An alert is its set of labels: severity, counts and texts are annotations, or every change would be another alert.
//! Alertmanager forgets: each alert has an end, and is sent again in every run. The members of a cluster do not tell each
//! other of alerts, so that every one of them is told.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use http::Method;
use scan_contract::{Cause, Instant};
use scan_transport::{AllowList, Door};
use serde_json::{Map, Value, json};

use super::super::markup::{self, plain};
use super::super::tracker::{Alert, Resend, Sink as Tells, TrackerError};
use super::Ways;
use super::client::Client;
use super::list::allow_list;
use super::settings::Alertmanager;
use super::sign_in::InHeader;
use crate::hostile;

/// What may be sent.
pub static ALLOW: AllowList = allow_list! { "alertmanager",
    Read "GET" "/api/v2/status" needs [];
    Write "POST" "/api/v2/alerts" needs [];
};

/// Alerts of one request.
const AT_ONCE: usize = 200;
/// Bytes of a description.
const BODY: usize = 8_000;
/// Name of all our alerts of residual access.
pub const NAME: &str = "HoldoverResidualAccess";

/// All members of one Alertmanager.
pub struct Sink {
    settings: Alertmanager,
    members: Vec<Client>,
}

impl Sink {
    pub(super) fn new(settings: Alertmanager, door: &Door, ways: &Ways) -> Self {
        let door = match &settings.sign_in {
            None => door.clone(),
            Some(sign_in) => {
                let token = (http::header::AUTHORIZATION, "Bearer ");
                door.with_credential(Arc::new(InHeader::of(sign_in, token, Arc::clone(&ways.secrets))))
            }
        };
        let members = settings.urls.iter().map(|url| Client { door: door.clone(), base: url.clone() }).collect();
        Self { settings, members }
    }

    fn render(&self, alert: &Alert, now: Instant, ends: Instant) -> Value {
        let mut labels: Map<String, Value> =
            self.settings.labels.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        labels.insert(String::from("alertname"), json!(NAME));
        labels.insert(String::from("holdover_key"), json!(alert.key.as_str()));
        labels.insert(String::from("system"), json!(hostile::short(&alert.system, 120)));
        let text = markup::fit(&alert.body, BODY, |text| plain::render(text).len());
        let annotations = json!({
            "summary": markup::title(&alert.title, 300),
            "description": plain::render(&text),
            "severity": alert.severity.as_str(),
        });
        // It may not begin after its end.
        let begins = alert.began_at.min(now).min(ends);
        json!({ "labels": labels, "annotations": annotations, "startsAt": stamp(begins), "endsAt": stamp(ends) })
    }

    async fn send(&self, alerts: &[Alert], lasts: TimeDelta) -> Result<(), TrackerError> {
        let mut failed: Option<TrackerError> = None;
        let mut told = 0;
        for member in &self.members {
            match self.send_to(member, alerts, lasts).await {
                Ok(()) => told += 1,
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            None => Ok(()),
            Some(error) if told == 0 => Err(error),
            // Sending again is harmless, so that the members which took it are told again.
            Some(_) => {
                let detail = format!("{told} of {} members took it", self.members.len());
                Err(TrackerError::NotDone(Cause::Unreachable {
                    step: String::from("tell every member of Alertmanager"),
                    detail,
                }))
            }
        }
    }

    async fn send_to(&self, member: &Client, alerts: &[Alert], lasts: TimeDelta) -> Result<(), TrackerError> {
        for some in alerts.chunks(AT_ONCE) {
            let now = member.now();
            let ends = now.checked_add_signed(lasts).unwrap_or(now);
            let body: Vec<Value> = some.iter().map(|alert| self.render(alert, now, ends)).collect();
            let url = member.url(&["api", "v2", "alerts"], &[])?;
            member.tell(Method::POST, url, &Value::Array(body)).await?;
        }
        Ok(())
    }
}

fn stamp(at: Instant) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[async_trait]
impl Tells for Sink {
    fn resend(&self) -> Resend {
        Resend::Harmless
    }

    fn needs_reminding(&self) -> bool {
        true
    }

    async fn raise(&self, alerts: &[Alert]) -> Result<(), TrackerError> {
        let lasts = TimeDelta::from_std(self.settings.keep_for).unwrap_or(TimeDelta::hours(48));
        self.send(alerts, lasts).await
    }

    async fn resolve(&self, alerts: &[Alert]) -> Result<(), TrackerError> {
        self.send(alerts, TimeDelta::zero()).await
    }

    async fn check(&self) -> Result<String, TrackerError> {
        let mut says = Vec::new();
        for member in &self.members {
            let reply = member.ask_well(member.url(&["api", "v2", "status"], &[])?).await?;
            let status: Value = reply.json().map_err(TrackerError::NotDone)?;
            let text = |at: &str| hostile::short(status.pointer(at).and_then(Value::as_str).unwrap_or("unknown"), 20);
            let host = member.base.host_str().unwrap_or_default();
            says.push(format!(
                "{host}: Alertmanager {}, cluster {}",
                text("/versionInfo/version"),
                text("/cluster/status")
            ));
        }
        Ok(says.join("; "))
    }
}
