//! From a finding to an event.

use std::collections::BTreeMap;

use scan_contract::{AccessKind, Fact, Instant, Moment};
use serde_json::Value;
use uuid::Uuid;

use super::SCHEMA_VERSION;
use super::event::{
    Account, Analytic, Attack, Cloud, Credential, DetectionFinding, Evidence, FindingInfo, Match, Metadata, Millis,
    Observable, Product, Remediation, Resource, Tag, Technique, Unmapped, User,
};
use super::life::{Life, sentence};
use crate::emit::{EmitContext, Persons, words};
use crate::findings::{Change, Confidence, Finding, FindingState, Severity};
use crate::report::{AmbiguousGrant, Report};
use crate::roster::PersonId;
use crate::rules::controls;

const CLASS_UID: u16 = 2004;
const CLASS_NAME: &str = "Detection Finding";

/// Name space of event ids: a random UUID, fixed for ever.
const EVENTS: Uuid = Uuid::from_u128(0x8c5f_36a0_3f2d_5d0e_9b61_7f7a_50c2_b4e1);

/// What all events of a run share.
pub(super) struct Converter<'a> {
    report: &'a Report,
    context: &'a EmitContext<'a>,
    persons: &'a Persons<'a>,
    /// Connector by system.
    connectors: BTreeMap<&'a str, &'a str>,
}

impl<'a> Converter<'a> {
    pub(super) fn new(report: &'a Report, context: &'a EmitContext<'a>, persons: &'a Persons<'a>) -> Self {
        let connectors = report.systems.iter().map(|system| (system.id.as_str(), system.connector.as_str())).collect();
        Self { report, context, persons, connectors }
    }

    /// The event of one finding, already disguised.
    pub(super) fn finding(&self, finding: &Finding) -> DetectionFinding {
        let life = Life::of(finding);
        let sentence = sentence(finding);
        let cloud = self.cloud(finding.system.as_str(), finding.scope.as_str());
        let uid = finding.fingerprint.to_string();
        let (severity_id, severity) = severity(finding.severity);
        let (risk_level_id, risk_level) = risk(finding.severity);
        let (confidence_id, confidence) = match finding.state {
            FindingState::Ambiguous => (1, "Low"),
            _ => confidence(finding.confidence),
        };
        DetectionFinding {
            severity_id,
            severity,
            confidence_id,
            confidence,
            risk_level_id: Some(risk_level_id),
            risk_level: Some(risk_level),
            status_detail: sentence.clone(),
            message: format!(
                "{} of person {} in {}: {sentence}",
                capital(words::kind(finding.access_kind)),
                finding.person_id,
                finding.system
            ),
            metadata: self.metadata(&uid, life, &finding.rule, cloud.is_some()),
            finding_info: self.finding_info(finding, uid),
            resources: vec![self.resource(finding)],
            evidences: vec![evidence(finding)],
            remediation: self.remediation(finding),
            cloud,
            observables: vec![
                observable("resources[0].uid", 10, "Resource UID", resource_uid(finding)),
                observable("resources[0].owner.name", 4, "User Name", &self.person_name(&finding.person_id)),
            ],
            unmapped: unmapped(finding),
            ..self.base(life)
        }
    }

    /// The event of a grant that may belong to somebody who left. `real` gives the identity, `shown` the texts.
    pub(super) fn ambiguous(&self, real: &AmbiguousGrant, shown: &AmbiguousGrant) -> DetectionFinding {
        let life = Life::unassigned();
        let parts = ["ambiguous", real.system.as_str(), real.kind.as_str(), real.grant_id.as_str()];
        let uid = format!("ambiguous:{}", event_id(&parts).simple());
        let cloud = self.cloud(shown.system.as_str(), shown.scope.as_str());
        let kind = words::kind(shown.kind);
        let sentence = format!("one of {} people, and at least one of them left", shown.candidates.len());
        let grant = shown.grant_id.as_str();
        DetectionFinding {
            status_detail: sentence.clone(),
            message: format!("{} in {} belongs to {sentence}", capital(kind), shown.system),
            metadata: self.metadata(&uid, life, "identity-unmatched", cloud.is_some()),
            finding_info: FindingInfo {
                uid,
                title: String::from("Access that may belong to somebody who left"),
                desc: Some(shown.reason.clone()),
                types: types(shown.kind),
                created_time: None,
                first_seen_time: None,
                last_seen_time: Some(millis(self.report.run.as_of)),
                modified_time: None,
                analytic: None,
                attacks: Vec::new(),
                data_sources: vec![format!("{}/{}", shown.system, shown.scope)],
                tags: Vec::new(),
            },
            resources: vec![Resource {
                uid: grant.to_owned(),
                name: shown.grant_display.clone().unwrap_or_else(|| grant.to_owned()),
                kind,
                role_id: 3,
                role: "Affected",
                namespace: shown.system.to_string(),
                owner: None,
            }],
            evidences: vec![Evidence { name: "candidates", data: candidates(shown) }],
            cloud,
            observables: vec![observable("resources[0].uid", 10, "Resource UID", grant)],
            unmapped: unmapped_ambiguous(shown),
            ..self.base(life)
        }
    }

    /// Everything that does not depend on what was found; the rest is filled over it.
    fn base(&self, life: Life) -> DetectionFinding {
        DetectionFinding {
            activity_id: life.activity_id,
            activity_name: life.activity,
            category_uid: 2,
            category_name: "Findings",
            class_uid: CLASS_UID,
            class_name: CLASS_NAME,
            type_uid: u32::from(CLASS_UID) * 100 + u32::from(life.activity_id),
            type_name: format!("{CLASS_NAME}: {}", life.activity),
            time: millis(self.report.run.as_of),
            timezone_offset: 0,
            severity_id: 0,
            severity: "Unknown",
            status_id: life.status_id,
            status: life.status,
            status_code: life.code,
            status_detail: String::new(),
            confidence_id: 1,
            confidence: "Low",
            risk_level_id: None,
            risk_level: None,
            is_alert: life.is_alert,
            message: String::new(),
            metadata: self.metadata("", life, "", false),
            finding_info: FindingInfo {
                uid: String::new(),
                title: String::new(),
                desc: None,
                types: Vec::new(),
                created_time: None,
                first_seen_time: None,
                last_seen_time: None,
                modified_time: None,
                analytic: None,
                attacks: Vec::new(),
                data_sources: Vec::new(),
                tags: Vec::new(),
            },
            resources: Vec::new(),
            evidences: Vec::new(),
            remediation: None,
            cloud: None,
            observables: Vec::new(),
            unmapped: Unmapped::default(),
        }
    }

    fn metadata(&self, uid: &str, life: Life, rule: &str, cloud: bool) -> Metadata {
        let run = &self.report.run;
        Metadata {
            version: SCHEMA_VERSION,
            uid: event_id(&[run.id.as_str(), uid, life.activity]).to_string(),
            correlation_uid: run.id.clone(),
            event_code: rule.to_owned(),
            profiles: if cloud { vec!["cloud"] } else { Vec::new() },
            product: Product {
                uid: "holdover",
                name: "Holdover",
                vendor_name: "Holdover",
                version: run.version.clone(),
            },
            tenant_uid: run.organisation.clone(),
            log_name: "residual-access",
            logged_time: millis(run.as_of),
        }
    }

    fn finding_info(&self, finding: &Finding, uid: String) -> FindingInfo {
        let rules = self.context.rules;
        let title = rules.title(&finding.rule).unwrap_or(&finding.rule).to_owned();
        let version = finding.rules.iter().find(|hit| hit.rule == finding.rule).map(|hit| hit.version.to_string());
        let mut tags = Vec::new();
        if let Some(tier) = finding.role_tier {
            tags.push(Tag { name: "role_tier", values: vec![tier.as_str().to_owned()] });
        }
        if let Some(team) = &finding.owner_team {
            tags.push(Tag { name: "owner_team", values: vec![team.to_string()] });
        }
        FindingInfo {
            uid,
            desc: rules.reason(&finding.rule).map(str::to_owned),
            types: types(finding.access_kind),
            created_time: Some(millis(finding.first_seen_at)),
            first_seen_time: Some(millis(finding.first_seen_at)),
            last_seen_time: Some(millis(finding.last_seen_at)),
            modified_time: (finding.change != Change::Unchanged).then(|| millis(self.report.run.as_of)),
            analytic: Some(Analytic {
                uid: finding.rule.to_string(),
                name: title.clone(),
                type_id: 1,
                kind: "Rule",
                version,
                category: "residual-access",
            }),
            title,
            attacks: rules.attack(&finding.rule).map(attack).into_iter().collect(),
            data_sources: vec![format!("{}/{}", finding.system, finding.scope)],
            tags,
        }
    }

    fn resource(&self, finding: &Finding) -> Resource {
        let kind = words::kind(finding.access_kind);
        let credential = matches!(
            finding.access_kind,
            AccessKind::ApiToken | AccessKind::AccessKey | AccessKind::ServiceKey | AccessKind::SshKey
        );
        let uid = resource_uid(finding);
        Resource {
            uid: uid.to_owned(),
            name: finding.grant_display.clone().unwrap_or_else(|| uid.to_owned()),
            kind,
            role_id: 3,
            role: "Affected",
            namespace: finding.system.to_string(),
            owner: Some(User {
                uid: finding.person_id.to_string(),
                name: self.person_name(&finding.person_id),
                type_id: 1,
                kind: "User",
                account: self.account(finding),
                programmatic_credentials: if credential {
                    vec![Credential {
                        uid: finding.grant_id.to_string(),
                        kind,
                        last_used_time: finding.last_used_at.known().map(|used| millis(used.at)),
                    }]
                } else {
                    Vec::new()
                },
            }),
        }
    }

    /// Where the person holds it: an account of the cloud, or the system itself.
    fn account(&self, finding: &Finding) -> Account {
        let system = finding.system.as_str();
        let connector = self.connectors.get(system).copied().unwrap_or("system");
        let cloud = (connector == "aws").then(|| aws_account(finding.scope.as_str())).flatten();
        cloud.unwrap_or_else(|| Account {
            uid: system.to_owned(),
            name: system.to_owned(),
            type_id: 99,
            kind: connector.to_owned(),
        })
    }

    fn person_name(&self, person: &PersonId) -> String {
        self.persons.name(person).unwrap_or(person.as_str()).to_owned()
    }

    fn remediation(&self, finding: &Finding) -> Option<Remediation> {
        if finding.remediation.is_empty() {
            return None;
        }
        let references = self.context.places.rule_page(&finding.rule).into_iter().collect();
        Some(Remediation { desc: finding.remediation.clone(), references })
    }

    /// Attributes of the cloud profile, for systems that are a cloud.
    fn cloud(&self, system: &str, scope: &str) -> Option<Cloud> {
        if self.connectors.get(system).copied() != Some("aws") {
            return None;
        }
        Some(Cloud { provider: "AWS", account: aws_account(scope) })
    }
}

/// The account a scope of AWS lies in: its first part, twelve digits.
fn aws_account(scope: &str) -> Option<Account> {
    let account = scope.split('/').next()?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then(|| Account {
        uid: account.to_owned(),
        name: account.to_owned(),
        type_id: 10,
        kind: String::from("AWS Account"),
    })
}

/// UUIDv5 over the parts, each with its length before it, so that parts cannot run into each other.
fn event_id(parts: &[&str]) -> Uuid {
    let mut name = Vec::new();
    for part in parts {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    Uuid::new_v5(&EVENTS, &name)
}

fn millis(at: Instant) -> Millis {
    at.timestamp_millis()
}

fn resource_uid(finding: &Finding) -> &str {
    finding.target.as_deref().unwrap_or(finding.grant_id.as_str())
}

fn observable(name: &'static str, type_id: u8, kind: &'static str, value: &str) -> Observable {
    Observable { name, type_id, kind, value: value.to_owned() }
}

fn types(kind: AccessKind) -> Vec<String> {
    vec![String::from("residual-access"), kind.as_str().replace('_', "-")]
}

fn evidence(finding: &Finding) -> Evidence {
    let mut data: BTreeMap<&'static str, Value> = BTreeMap::new();
    data.insert("status", finding.status.as_str().into());
    data.insert("relation", finding.relation.as_str().into());
    data.insert("subtype", finding.subtype.map_or(Value::Null, |subtype| subtype.as_str().into()));
    data.insert("created_at", moment(&finding.created_at));
    data.insert("last_used_at", moment(&finding.last_used_at));
    data.insert("expires_at", moment(&finding.expires_at));
    data.insert("severity_reasons", finding.severity_reasons.clone().into());
    data.insert("notes", finding.notes.clone().into());
    data.insert("seen_at", finding.evidence.clone().into());
    Evidence { name: "grant as read", data }
}

fn candidates(grant: &AmbiguousGrant) -> BTreeMap<&'static str, Value> {
    let list: Vec<Value> = grant
        .candidates
        .iter()
        .map(|(person, evidence)| {
            let mut one = serde_json::Map::new();
            one.insert(String::from("person_id"), person.as_str().into());
            one.insert(String::from("evidence"), evidence.clone().into());
            Value::Object(one)
        })
        .collect();
    BTreeMap::from([("candidates", Value::Array(list)), ("reason", grant.reason.clone().into())])
}

fn moment(fact: &Fact<Moment>) -> Value {
    match fact {
        Fact::Known(moment) => words::exact(moment.at).into(),
        Fact::None => "none".into(),
        Fact::Hidden(_) => Value::Null,
    }
}

fn attack(id: &str) -> Attack {
    let title = controls::technique_named(id).map_or(id, |technique| technique.title);
    let technique = |id: &str, name: &str| Technique { uid: id.to_owned(), name: name.to_owned() };
    let Some((parent, _)) = id.split_once('.') else {
        return Attack { technique: technique(id, title), sub_technique: None };
    };
    // Titles of sub-techniques name both: `Valid accounts: cloud accounts`.
    let (above, below) = title.split_once(": ").unwrap_or((parent, title));
    Attack { technique: technique(parent, above), sub_technique: Some(technique(id, below)) }
}

fn unmapped(finding: &Finding) -> Unmapped {
    Unmapped {
        person_id: Some(finding.person_id.to_string()),
        candidates: Vec::new(),
        system: finding.system.to_string(),
        scope: finding.scope.to_string(),
        state: finding.state.as_str(),
        access_kind: finding.access_kind.as_str(),
        grant_id: finding.grant_id.to_string(),
        usability: Some(finding.usability.as_str()),
        privilege: Some(finding.privilege.as_str()),
        rules: finding.rules.iter().map(|hit| hit.rule.to_string()).collect(),
        used_after_end: Some(finding.used_after_end.as_str()),
        access_end_at: Some(words::exact(finding.access_end.at)),
        due_at: Some(words::exact(finding.due_at)),
        due: Some(finding.due),
        exposure_seconds: Some(finding.exposure_seconds),
        matched: Some(Match {
            method: finding.matched.method.clone(),
            evidence: finding.matched.evidence.clone(),
            chain: finding.matched.chain.clone(),
        }),
        exception_id: finding.exception_id.as_deref().map(str::to_owned),
        controls: finding.controls.iter().map(ToString::to_string).collect(),
    }
}

fn unmapped_ambiguous(grant: &AmbiguousGrant) -> Unmapped {
    Unmapped {
        candidates: grant.candidates.iter().map(|(person, _)| person.to_string()).collect(),
        system: grant.system.to_string(),
        scope: grant.scope.to_string(),
        state: FindingState::Ambiguous.as_str(),
        access_kind: grant.kind.as_str(),
        grant_id: grant.grant_id.to_string(),
        ..Unmapped::default()
    }
}

fn severity(severity: Severity) -> (u8, &'static str) {
    match severity {
        Severity::Critical => (5, "Critical"),
        Severity::High => (4, "High"),
        Severity::Medium => (3, "Medium"),
        Severity::Low => (2, "Low"),
        Severity::Info => (1, "Informational"),
    }
}

fn risk(severity: Severity) -> (u8, &'static str) {
    match severity {
        Severity::Critical => (4, "Critical"),
        Severity::High => (3, "High"),
        Severity::Medium => (2, "Medium"),
        Severity::Low => (1, "Low"),
        Severity::Info => (0, "Info"),
    }
}

fn confidence(confidence: Confidence) -> (u8, &'static str) {
    match confidence {
        Confidence::High => (3, "High"),
        Confidence::Medium => (2, "Medium"),
        Confidence::Low => (1, "Low"),
    }
}

fn capital(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
