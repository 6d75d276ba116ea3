//! One residual finding with everything that led to it.

use crate::emit::{EmitContext, Persons, words};
use crate::findings::Finding;
use crate::hostile::line as inert;

/// One residual finding.
pub(crate) struct Card {
    pub(crate) severity: &'static str,
    pub(crate) title: String,
    pub(crate) person: String,
    pub(crate) system: String,
    pub(crate) kind: &'static str,
    pub(crate) grant: String,
    pub(crate) grant_id: String,
    pub(crate) since: String,
    pub(crate) used_after: bool,
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) reasons: Vec<String>,
    pub(crate) evidence: Vec<String>,
    pub(crate) chain: Vec<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) remedy: String,
    pub(crate) team: String,
    pub(crate) fingerprint: String,
}

impl Card {
    pub(crate) fn of(finding: &Finding, context: &EmitContext<'_>, persons: &Persons<'_>) -> Self {
        let used_after = finding.used_after_end == crate::findings::UsedAfterEnd::After;
        Self {
            severity: finding.severity.as_str(),
            title: inert(context.rules.title(&finding.rule).unwrap_or(&finding.rule)),
            person: inert(&persons.label(&finding.person_id)),
            system: inert(finding.system.as_str()),
            kind: words::kind(finding.access_kind),
            grant: inert(finding.grant_display.as_deref().unwrap_or(finding.grant_id.as_str())),
            grant_id: inert(finding.grant_id.as_str()),
            since: words::after_the_end(finding),
            used_after,
            facts: facts(finding),
            reasons: finding.severity_reasons.iter().map(|text| inert(text)).collect(),
            evidence: finding.matched.evidence.iter().map(|text| inert(text)).collect(),
            chain: finding.matched.chain.iter().map(|text| inert(text)).collect(),
            notes: finding.notes.iter().map(|text| inert(text)).collect(),
            remedy: inert(&finding.remediation),
            team: inert(finding.owner_team.as_deref().unwrap_or("no owner team configured")),
            fingerprint: finding.fingerprint.to_string(),
        }
    }
}

fn facts(finding: &Finding) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("State", format!("{}, {}", finding.state, finding.change)),
        ("Access ended", ended(finding)),
        ("Due", format!("{} ({})", words::seconds(finding.due_at), inert(&finding.due_rule))),
        ("Usable", format!("{}, {} privilege", words::usability(finding.usability), finding.privilege)),
        ("Use", words::use_after_end(finding.used_after_end).to_owned()),
        ("Last used", inert(&words::fact(&finding.last_used_at, "never, says the source"))),
        ("Made", inert(&words::fact(&finding.created_at, "not known"))),
        ("Ends by itself", inert(&words::fact(&finding.expires_at, "never, says the source"))),
        (
            "Seen",
            format!("first {}, last {}", words::seconds(finding.first_seen_at), words::seconds(finding.last_seen_at)),
        ),
        ("Scope", inert(finding.scope.as_str())),
        ("Relation", finding.relation.as_str().to_owned()),
        ("Match", format!("{}, {} confidence", inert(&finding.matched.method), finding.confidence)),
        ("Rules", inert(&finding.rules.iter().map(|hit| hit.rule.as_ref()).collect::<Vec<_>>().join(", "))),
        ("Controls", inert(&finding.controls.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(", "))),
    ];
    let optional = [
        ("Opens", finding.target.as_deref()),
        ("Kept in", finding.managed_by.as_deref()),
        ("Ticket", finding.ticket.as_deref()),
        ("Exception ended", finding.exception_id.as_deref()),
    ];
    facts.extend(optional.into_iter().filter_map(|(name, text)| Some((name, inert(text?)))));
    if let Some(until) = finding.live_until {
        facts.push(("Can be alive until", words::seconds(until)));
    }
    for undecided in &finding.undecided {
        facts.push(("Not decided", inert(&format!("{}: {} is not known", undecided.rule, undecided.fact))));
    }
    for seen in &finding.evidence {
        facts.push(("Seen at", inert(seen)));
    }
    facts
}

fn ended(finding: &Finding) -> String {
    let end = &finding.access_end;
    if end.is_exact() {
        return format!("{} ({})", words::seconds(end.at), inert(&end.zone));
    }
    format!(
        "{}, at the earliest {}, at the latest {} (default zone {})",
        words::seconds(end.at),
        words::seconds(end.earliest),
        words::seconds(end.latest),
        inert(&end.zone)
    )
}
