//! How bad it is, with every step written down.

use scan_contract::{AccessKind, Privilege};

use super::{Severity, Usability, UsedAfterEnd};
use crate::roster::{RoleTier, Urgency};

/// What severity depends on. Age is not among it: it has its own figure and its own alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inputs {
    /// What sort of access.
    pub kind: AccessKind,
    /// How far it reaches.
    pub privilege: Privilege,
    /// Whether it can be used.
    pub usability: Usability,
    /// Whether it was used after the end.
    pub used_after_end: UsedAfterEnd,
    /// Tier of the person.
    pub role_tier: Option<RoleTier>,
    /// How fast access has to end.
    pub urgency: Urgency,
    /// Whether a second living owner makes it informative only.
    pub informative: bool,
}

/// The severity and its reasons, in order.
pub fn severity(inputs: Inputs) -> (Severity, Vec<String>) {
    if inputs.kind == AccessKind::License {
        let severity = if inputs.usability.is_remnant() { Severity::Info } else { Severity::Low };
        return (severity, vec![format!("a paid seat is a cost, not access: {severity}")]);
    }
    let (mut severity, mut reasons) = base(inputs);
    if inputs.informative && severity < Severity::Info {
        severity = Severity::Info;
        reasons.push(String::from("a second owner is still here: info"));
    }
    if let Some(why) = step_up(inputs)
        && severity > Severity::Critical
        && !inputs.informative
    {
        severity = one_worse(severity);
        reasons.push(format!("{why}: one step up to {severity}"));
    }
    if inputs.usability.is_remnant() && severity < Severity::Low {
        severity = Severity::Low;
        reasons.push(String::from("cannot be used as it stands: never above low"));
    }
    if inputs.used_after_end == UsedAfterEnd::After {
        severity = Severity::Critical;
        reasons.push(String::from("used after the end of access: critical"));
    }
    (severity, reasons)
}

fn base(inputs: Inputs) -> (Severity, Vec<String>) {
    let mut reasons = Vec::new();
    let privilege = if inputs.privilege == Privilege::Unknown {
        reasons.push(String::from("privilege not known: scored as write"));
        Privilege::Write
    } else {
        inputs.privilege
    };
    let usability = if inputs.usability == Usability::Unknown {
        reasons.push(String::from("status not known: scored as usable now"));
        Usability::UsableNow
    } else {
        inputs.usability
    };
    let severity = match (privilege, usability) {
        (Privilege::Admin, Usability::UsableNow) => Severity::Critical,
        (Privilege::Admin, Usability::UsableIf | Usability::Indirect)
        | (Privilege::Write | Privilege::Unknown, Usability::UsableNow | Usability::Unknown) => Severity::High,
        (Privilege::Write | Privilege::Unknown, Usability::UsableIf | Usability::Indirect)
        | (Privilege::Read, Usability::UsableNow) => Severity::Medium,
        (Privilege::Read, Usability::UsableIf | Usability::Indirect)
        | (Privilege::None, Usability::UsableNow)
        | (Privilege::Admin, _) => Severity::Low,
        (Privilege::Write | Privilege::Unknown | Privilege::Read | Privilege::None, _) => Severity::Info,
    };
    reasons.push(format!("{privilege} and {usability}: {severity}"));
    (severity, reasons)
}

fn step_up(inputs: Inputs) -> Option<&'static str> {
    if inputs.role_tier == Some(RoleTier::Tier0) {
        Some("the person could give others access (tier 0)")
    } else if inputs.urgency == Urgency::Immediate {
        Some("access had to end at once")
    } else {
        None
    }
}

fn one_worse(severity: Severity) -> Severity {
    match severity {
        Severity::Critical | Severity::High => Severity::Critical,
        Severity::Medium => Severity::High,
        Severity::Low => Severity::Medium,
        Severity::Info => Severity::Low,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(privilege: Privilege, usability: Usability) -> Inputs {
        Inputs {
            kind: AccessKind::Account,
            privilege,
            usability,
            used_after_end: UsedAfterEnd::Before,
            role_tier: None,
            urgency: Urgency::Standard,
            informative: false,
        }
    }

    #[test]
    fn the_matrix_holds() {
        use Severity::{Critical, High, Info, Low, Medium};
        use Usability::{Dormant, Indirect, Inert, UsableIf, UsableNow};
        let table = [
            (
                Privilege::Admin,
                [(UsableNow, Critical), (UsableIf, High), (Indirect, High), (Dormant, Low), (Inert, Low)],
            ),
            (
                Privilege::Write,
                [(UsableNow, High), (UsableIf, Medium), (Indirect, Medium), (Dormant, Info), (Inert, Info)],
            ),
            (Privilege::Read, [(UsableNow, Medium), (UsableIf, Low), (Indirect, Low), (Dormant, Info), (Inert, Info)]),
            (Privilege::None, [(UsableNow, Low), (UsableIf, Info), (Indirect, Info), (Dormant, Info), (Inert, Info)]),
        ];
        for (privilege, row) in table {
            for (usability, expected) in row {
                assert_eq!(severity(inputs(privilege, usability)).0, expected, "{privilege} {usability}");
            }
        }
    }

    #[test]
    fn not_known_is_scored_as_the_worse_likely_case() {
        assert_eq!(severity(inputs(Privilege::Unknown, Usability::Unknown)).0, Severity::High);
    }

    #[test]
    fn tier_zero_lifts_by_one_step_but_never_a_remnant_above_low() {
        let mut lifted = inputs(Privilege::Read, Usability::UsableNow);
        lifted.role_tier = Some(RoleTier::Tier0);
        assert_eq!(severity(lifted).0, Severity::High);
        lifted.role_tier = Some(RoleTier::Tier1);
        assert_eq!(severity(lifted).0, Severity::Medium);
        let mut remnant = inputs(Privilege::Admin, Usability::Dormant);
        remnant.role_tier = Some(RoleTier::Tier0);
        assert_eq!(severity(remnant).0, Severity::Low);
    }

    #[test]
    fn use_after_the_end_is_critical_even_on_a_remnant() {
        let mut used = inputs(Privilege::Read, Usability::Dormant);
        used.used_after_end = UsedAfterEnd::After;
        let (worst, reasons) = severity(used);
        assert_eq!(worst, Severity::Critical);
        assert!(reasons.iter().any(|reason| reason.contains("used after")));
        used.used_after_end = UsedAfterEnd::Undecided;
        assert_eq!(severity(used).0, Severity::Info);
    }
}
