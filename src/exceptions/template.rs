//! A new entry as text, to be put into the file by a person and reviewed by others.

use scan_contract::{AccessKind, Instant};

use super::{ExceptionFile, ExceptionType, OnExpiry};

/// Values of a new entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewException {
    /// Id; see [`ExceptionFile::next_id`].
    pub id: String,
    /// Why.
    pub kind: ExceptionType,
    /// Whose access.
    pub person_id: String,
    /// Where.
    pub system: String,
    /// Kinds; empty is all.
    pub access_kinds: Vec<AccessKind>,
    /// Grant id, display text or target.
    pub resource: Option<String>,
    /// The one finding.
    pub fingerprint: Option<String>,
    /// What is needed, and why there is no other way.
    pub reason: String,
    /// What makes it bearable.
    pub compensating_controls: Vec<String>,
    /// Who asks.
    pub requested_by: String,
    /// Who approves.
    pub approved_by: Vec<String>,
    /// When it is approved.
    pub approved_at: Instant,
    /// First instant it holds; `None` is `approved_at`.
    pub starts_at: Option<Instant>,
    /// First instant it no longer holds.
    pub expires_at: Instant,
    /// Link to the approval.
    pub ticket: Option<String>,
    /// Who reviews it.
    pub review_owner: String,
    /// When.
    pub review_next_at: Option<Instant>,
    /// What happens at its end.
    pub on_expiry: OnExpiry,
    /// The entry it follows.
    pub renews: Option<String>,
}

impl NewException {
    /// The entry as an item of the list `exceptions`, indented by two spaces.
    pub fn text(&self) -> String {
        let mut lines = vec![
            format!("- id: {}", text(&self.id)),
            format!("  type: {}", self.kind.as_str()),
            "  scope:".to_owned(),
            format!("    person_id: {}", text(&self.person_id)),
            format!("    system: {}", text(&self.system)),
        ];
        if !self.access_kinds.is_empty() {
            let kinds: Vec<&str> = self.access_kinds.iter().map(|kind| kind.as_str()).collect();
            lines.push(format!("    access_kinds: [{}]", kinds.join(", ")));
        }
        let optional =
            |key: &str, value: &Option<String>| value.as_ref().map(|value| format!("{key}: {}", text(value)));
        lines.extend(optional("    resource", &self.resource));
        lines.extend(optional("    fingerprint", &self.fingerprint));
        lines.push(format!("  reason: {}", text(&self.reason)));
        if !self.compensating_controls.is_empty() {
            lines.push(format!("  compensating_controls: {}", list(&self.compensating_controls)));
        }
        lines.push(format!("  requested_by: {}", text(&self.requested_by)));
        lines.push(format!("  approved_by: {}", list(&self.approved_by)));
        lines.push(format!("  approved_at: {}", instant(self.approved_at)));
        lines.extend(self.starts_at.map(|at| format!("  starts_at: {}", instant(at))));
        lines.push(format!("  expires_at: {}", instant(self.expires_at)));
        lines.extend(optional("  ticket", &self.ticket));
        lines.push("  review:".to_owned());
        lines.push(format!("    owner: {}", text(&self.review_owner)));
        lines.extend(self.review_next_at.map(|at| format!("    next_at: {}", instant(at))));
        let word = match self.on_expiry {
            OnExpiry::Reopen => "reopen",
            OnExpiry::ReopenAndPage => "reopen_and_page",
        };
        lines.push(format!("    on_expiry: {word}"));
        lines.extend(optional("  renews", &self.renews));
        format!("  {}\n", lines.join("\n  "))
    }
}

impl ExceptionFile {
    /// The next free id of a year: one more than the highest that was ever used.
    pub fn next_id(&self, year: i32) -> String {
        let prefix = format!("EX-{year:04}-");
        let used =
            self.entries.iter().filter_map(|entry| entry.id()?.strip_prefix(&prefix)).flat_map(str::parse::<u64>).max();
        format!("{prefix}{:04}", used.unwrap_or_default() + 1)
    }
}

/// A text that is a text whatever it looks like: JSON strings are YAML.
fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

fn list(values: &[String]) -> String {
    format!("[{}]", values.iter().map(|value| text(value)).collect::<Vec<_>>().join(", "))
}

fn instant(at: Instant) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
