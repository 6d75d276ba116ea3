//! Records without their person. What is written by hand in a scanned system or taken from one is withheld, because
//! logins and paths hide in it; what is counted or comes from a closed vocabulary stays.

use scan_contract::Cause;

use super::{PseudonymKey, WITHHELD};
use crate::findings::{Finding, MatchFacts};
use crate::report::{
    AmbiguousGrant, Contradiction, ExceptionFact, GapFact, LeaverVerdict, Notice, RosterFacts, SentinelFact,
    UnattributedGrant,
};

/// Notices that count, or name systems, files, rules and columns. The sentence of any other one may name a person, one that
/// is thought of later included.
const NOTICES_ABOUT_NOBODY: [&str; 21] = [
    "baseline",
    "carried",
    "clock",
    "clock-skew",
    "coverage-gap",
    "exclusion-ended",
    "exclusion-idle",
    "graph-depth",
    "known-apps",
    "roster-aliases",
    "roster-columns",
    "roster-held",
    "roster-not-accepted",
    "roster-not-remembered",
    "roster-presumed",
    "roster-source",
    "roster-surge",
    "roster-vanished",
    "rule-skipped",
    "run-interrupted",
    "tickets-held",
];
/// Gates whose sentence may name somebody: the one about sentinels, and the one about columns. The first line of a file
/// that lost its headers is the row of a person.
const GATES_THAT_NAME: [&str; 2] = ["ROS-10", "ROS-2"];

pub(super) fn finding(finding: &Finding, key: &PseudonymKey) -> Finding {
    let telling: Vec<String> = [
        Some(finding.person_id.as_str()),
        Some(finding.grant_id.as_str()),
        finding.grant_display.as_deref(),
        finding.target.as_deref(),
    ]
    .into_iter()
    .flatten()
    .map(str::to_lowercase)
    .collect();
    let mut hidden = finding.clone();
    hidden.person_id = key.person(&finding.person_id);
    hidden.grant_id = key.grant(&finding.grant_id);
    hidden.grant_display = None;
    hidden.target = finding.target.as_deref().map(|target| key.mask("target", target));
    hidden.matched = MatchFacts {
        method: finding.matched.method.clone(),
        evidence: withheld(&finding.matched.evidence),
        chain: withheld(&finding.matched.chain),
    };
    hidden.evidence = withheld(&finding.evidence);
    hidden.managed_by = finding.managed_by.as_deref().map(|place| scrub(place, &telling));
    hidden.notes = finding.notes.iter().map(|note| scrub(note, &telling)).collect();
    hidden.severity_reasons = finding.severity_reasons.iter().map(|reason| scrub(reason, &telling)).collect();
    hidden.remediation = scrub(&finding.remediation, &telling);
    hidden
}

pub(super) fn leaver(leaver: &LeaverVerdict, key: &PseudonymKey) -> LeaverVerdict {
    LeaverVerdict { person_id: key.person(&leaver.person_id), display_name: None, ..leaver.clone() }
}

pub(super) fn ambiguous(grant: &AmbiguousGrant, key: &PseudonymKey) -> AmbiguousGrant {
    AmbiguousGrant {
        grant_id: key.grant(&grant.grant_id),
        grant_display: None,
        candidates: grant
            .candidates
            .iter()
            .map(|(person, evidence)| (key.person(person), withheld(evidence)))
            .collect(),
        reason: WITHHELD.to_owned(),
        ..grant.clone()
    }
}

pub(super) fn unattributed(grant: &UnattributedGrant, key: &PseudonymKey) -> UnattributedGrant {
    UnattributedGrant {
        grant_id: key.grant(&grant.grant_id),
        grant_display: None,
        reason: WITHHELD.to_owned(),
        ..grant.clone()
    }
}

pub(super) fn exception(exception: &ExceptionFact, key: &PseudonymKey) -> ExceptionFact {
    ExceptionFact {
        person_id: key.person(&exception.person_id),
        problems: withheld(&exception.problems),
        ..exception.clone()
    }
}

pub(super) fn sentinel(sentinel: &SentinelFact, key: &PseudonymKey) -> SentinelFact {
    SentinelFact {
        person_id: key.person(&sentinel.person_id),
        grant_id: key.grant(&sentinel.grant_id),
        ..sentinel.clone()
    }
}

pub(super) fn contradiction(one: &Contradiction, key: &PseudonymKey) -> Contradiction {
    Contradiction { person_id: key.person(&one.person_id), grant_id: key.grant(&one.grant_id), ..one.clone() }
}

pub(super) fn notice(notice: &Notice) -> Notice {
    let about_nobody = NOTICES_ABOUT_NOBODY.contains(&notice.id.as_str())
        && !GATES_THAT_NAME.iter().any(|gate| notice.says.contains(gate));
    let says = if about_nobody { scrub(&notice.says, &[]) } else { WITHHELD.to_owned() };
    Notice { says, ..notice.clone() }
}

pub(super) fn roster(roster: &RosterFacts) -> RosterFacts {
    let mut hidden = RosterFacts { conflicts: withheld(&roster.conflicts), ..roster.clone() };
    for gate in hidden.gates.iter_mut().filter(|gate| GATES_THAT_NAME.contains(&gate.gate.as_str())) {
        WITHHELD.clone_into(&mut gate.says);
    }
    hidden
}

/// A gap stays a gap, with its cause, figures and permission; only texts that come from the source are withheld.
pub(super) fn gap(gap: &GapFact, key: &PseudonymKey) -> GapFact {
    GapFact { part: gap.part.as_deref().map(|part| key.mask("part", part)), cause: cause(&gap.cause), count: gap.count }
}

fn cause(cause: &Cause) -> Cause {
    let hidden = || WITHHELD.to_owned();
    match cause {
        Cause::Unauthenticated { .. } => Cause::Unauthenticated { detail: hidden() },
        Cause::Unreachable { .. } => Cause::Unreachable { step: String::from("reading"), detail: hidden() },
        Cause::Malformed { .. } => Cause::Malformed { what: hidden() },
        Cause::CutOff { .. } => Cause::CutOff { what: hidden() },
        Cause::ProducerGap { .. } => Cause::ProducerGap { detail: hidden() },
        Cause::NotSeen { .. } => Cause::NotSeen { what: hidden() },
        Cause::DigestDiffers { .. } => Cause::DigestDiffers { what: hidden() },
        Cause::UnknownWord { field, rows, .. } => {
            Cause::UnknownWord { field: field.clone(), word: hidden(), rows: *rows, first: hidden() }
        }
        Cause::CountDiffers { what, announced, found } => {
            Cause::CountDiffers { what: scrub(what, &[]), announced: *announced, found: *found }
        }
        Cause::Denied { permission } => Cause::Denied { permission: scrub(permission, &[]) },
        Cause::Excluded { reason, until } => Cause::Excluded { reason: scrub(reason, &[]), until: until.clone() },
        Cause::NotOnPlan { .. }
        | Cause::NotSupported { .. }
        | Cause::Throttled { .. }
        | Cause::WrongSystem { .. }
        | Cause::NotProven { .. }
        | Cause::Stale { .. }
        | Cause::NotInSource { .. }
        | Cause::Needs { .. }
        | Cause::SuspiciousDrop { .. }
        | Cause::LimitHit { .. }
        | Cause::Stopped
        | Cause::Bug { .. } => cause.clone(),
    }
}

/// As many withheld texts as there were: their number is no secret.
pub(super) fn withheld(texts: &[String]) -> Vec<String> {
    texts.iter().map(|_| WITHHELD.to_owned()).collect()
}

/// A text of ours, unless it quotes something that leads to the person, an address, or a home directory.
fn scrub(text: &str, telling: &[String]) -> String {
    let lower = text.to_lowercase();
    let quotes = telling.iter().any(|word| word.chars().count() > 1 && lower.contains(word.as_str()));
    if quotes || lower.contains('@') || lower.contains("/home/") || lower.contains("/users/") || lower.contains("user/")
    {
        return WITHHELD.to_owned();
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_quotes_the_person_is_withheld_and_its_twin_stays() {
        let telling = vec![String::from("p-1")];
        assert_eq!(scrub("policy decided by P-1", &telling), WITHHELD);
        assert_eq!(scrub("admin: can grant access", &telling), "admin: can grant access");
        assert_eq!(scrub("mail to ada@acme.example", &telling), WITHHELD);
    }
}
