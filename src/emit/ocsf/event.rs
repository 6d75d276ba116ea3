//! The attributes of class 2004 that are used, in the schema's own names. `None` is left out; nothing else exists.

use std::collections::BTreeMap;

use serde::Serialize;

/// Milliseconds since 1970 (`timestamp_t`).
pub(super) type Millis = i64;

#[derive(Serialize)]
pub(super) struct DetectionFinding {
    pub(super) activity_id: u8,
    pub(super) activity_name: &'static str,
    pub(super) category_uid: u8,
    pub(super) category_name: &'static str,
    pub(super) class_uid: u16,
    pub(super) class_name: &'static str,
    pub(super) type_uid: u32,
    pub(super) type_name: String,
    pub(super) time: Millis,
    pub(super) timezone_offset: i32,
    pub(super) severity_id: u8,
    pub(super) severity: &'static str,
    pub(super) status_id: u8,
    pub(super) status: &'static str,
    pub(super) status_code: &'static str,
    pub(super) status_detail: String,
    pub(super) confidence_id: u8,
    pub(super) confidence: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) risk_level_id: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) risk_level: Option<&'static str>,
    pub(super) is_alert: bool,
    pub(super) message: String,
    pub(super) metadata: Metadata,
    pub(super) finding_info: FindingInfo,
    pub(super) resources: Vec<Resource>,
    pub(super) evidences: Vec<Evidence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remediation: Option<Remediation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cloud: Option<Cloud>,
    pub(super) observables: Vec<Observable>,
    pub(super) unmapped: Unmapped,
}

#[derive(Serialize)]
pub(super) struct Metadata {
    pub(super) version: &'static str,
    pub(super) uid: String,
    pub(super) correlation_uid: String,
    pub(super) event_code: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) profiles: Vec<&'static str>,
    pub(super) product: Product,
    pub(super) tenant_uid: String,
    pub(super) log_name: &'static str,
    pub(super) logged_time: Millis,
}

#[derive(Serialize)]
pub(super) struct Product {
    pub(super) uid: &'static str,
    pub(super) name: &'static str,
    pub(super) vendor_name: &'static str,
    pub(super) version: String,
}

#[derive(Serialize)]
pub(super) struct FindingInfo {
    pub(super) uid: String,
    pub(super) title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) desc: Option<String>,
    pub(super) types: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created_time: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_seen_time: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_seen_time: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) modified_time: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) analytic: Option<Analytic>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) attacks: Vec<Attack>,
    pub(super) data_sources: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<Tag>,
}

#[derive(Serialize)]
pub(super) struct Analytic {
    pub(super) uid: String,
    pub(super) name: String,
    pub(super) type_id: u8,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    pub(super) category: &'static str,
}

#[derive(Serialize)]
pub(super) struct Attack {
    pub(super) technique: Technique,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sub_technique: Option<Technique>,
}

#[derive(Serialize)]
pub(super) struct Technique {
    pub(super) uid: String,
    pub(super) name: String,
}

#[derive(Serialize)]
pub(super) struct Tag {
    pub(super) name: &'static str,
    pub(super) values: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Resource {
    pub(super) uid: String,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) role_id: u8,
    pub(super) role: &'static str,
    pub(super) namespace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<User>,
}

#[derive(Serialize)]
pub(super) struct User {
    pub(super) uid: String,
    pub(super) name: String,
    pub(super) type_id: u8,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) account: Account,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) programmatic_credentials: Vec<Credential>,
}

#[derive(Serialize)]
pub(super) struct Credential {
    pub(super) uid: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_used_time: Option<Millis>,
}

#[derive(Serialize)]
pub(super) struct Evidence {
    pub(super) name: &'static str,
    pub(super) data: BTreeMap<&'static str, serde_json::Value>,
}

#[derive(Serialize)]
pub(super) struct Remediation {
    pub(super) desc: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) references: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Cloud {
    pub(super) provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<Account>,
}

#[derive(Serialize)]
pub(super) struct Account {
    pub(super) uid: String,
    pub(super) name: String,
    pub(super) type_id: u8,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

#[derive(Serialize)]
pub(super) struct Observable {
    pub(super) name: &'static str,
    pub(super) type_id: u8,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) value: String,
}

/// What the schema has no attribute for; the names are ours and stable.
#[derive(Default, Serialize)]
pub(super) struct Unmapped {
    pub(super) person_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) candidates: Vec<String>,
    pub(super) system: String,
    pub(super) scope: String,
    pub(super) state: &'static str,
    pub(super) access_kind: &'static str,
    pub(super) grant_id: String,
    pub(super) usability: Option<&'static str>,
    pub(super) privilege: Option<&'static str>,
    pub(super) rules: Vec<String>,
    pub(super) used_after_end: Option<&'static str>,
    pub(super) access_end_at: Option<String>,
    pub(super) due_at: Option<String>,
    pub(super) due: Option<bool>,
    pub(super) exposure_seconds: Option<i64>,
    #[serde(rename = "match")]
    pub(super) matched: Option<Match>,
    pub(super) exception_id: Option<String>,
    pub(super) controls: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Match {
    pub(super) method: String,
    pub(super) evidence: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) chain: Vec<String>,
}
