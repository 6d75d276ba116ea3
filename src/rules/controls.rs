//! Framework controls and ATT&CK techniques that rules may name. The mapping is ours, not published by the bodies.

/// Version of the mapping; reports cite it.
pub const MAPPING_VERSION: &str = "2026-07-1";

/// Frameworks in the order in which controls are listed: the part before the colon.
pub const FRAMEWORKS: &[&str] =
    &["OWASP-NHI-2025", "NIST-CSF-2.0", "NIST-800-53r5", "PCI-DSS-4.0.1", "SOC2-2017", "ISO-27001-2022", "CIS-8.1"];

/// One control: id in the form `FRAMEWORK-VERSION:ID`, and its short sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Control {
    /// The id findings carry.
    pub id: &'static str,
    /// What it is about, in a few words.
    pub title: &'static str,
}

const fn control(id: &'static str, title: &'static str) -> Control {
    Control { id, title }
}

/// Every control a rule may name.
///
/// Some ids that are often quoted for leavers are missing on purpose: NHI3 is about third parties and improper
/// offboarding is NHI1; PR.AA-04 is about assertions, the life cycle of identities is PR.AA-01 and entitlements are
/// PR.AA-05; CC6.5 is about physical assets.
pub const CONTROLS: &[Control] = &[
    control("OWASP-NHI-2025:NHI1", "Improper offboarding (NHI1:2025)"),
    control("OWASP-NHI-2025:NHI2", "Secret leakage (NHI2:2025)"),
    control("OWASP-NHI-2025:NHI3", "Vulnerable third-party NHI (NHI3:2025)"),
    control("OWASP-NHI-2025:NHI5", "Overprivileged NHI (NHI5:2025)"),
    control("OWASP-NHI-2025:NHI7", "Long-lived secrets (NHI7:2025)"),
    control("OWASP-NHI-2025:NHI9", "NHI reuse (NHI9:2025)"),
    control("OWASP-NHI-2025:NHI10", "Human use of NHI (NHI10:2025)"),
    control("NIST-CSF-2.0:GV.RR-02", "Roles, responsibilities and authorities"),
    control("NIST-CSF-2.0:GV.OV-03", "Performance is reviewed and adjusted"),
    control("NIST-CSF-2.0:ID.AM-02", "Inventory of software, services and systems"),
    control("NIST-CSF-2.0:PR.AA-01", "Identities and credentials are managed"),
    control("NIST-CSF-2.0:PR.AA-04", "Identity assertions are protected and verified"),
    control("NIST-CSF-2.0:PR.AA-05", "Entitlements are managed, enforced and reviewed"),
    control("NIST-CSF-2.0:DE.CM-03", "Personnel activity and technology use are monitored"),
    control("NIST-CSF-2.0:DE.CM-06", "External service providers are monitored"),
    control("NIST-800-53r5:AC-2", "Account management"),
    control("NIST-800-53r5:AC-2(3)", "Disable accounts"),
    control("NIST-800-53r5:AC-2(4)", "Automated audit actions"),
    control("NIST-800-53r5:AC-2(12)", "Account monitoring for atypical usage"),
    control("NIST-800-53r5:AC-2(13)", "Disable accounts for high-risk individuals"),
    control("NIST-800-53r5:AC-6(7)", "Review of user privileges"),
    control("NIST-800-53r5:AC-12", "Session termination"),
    control("NIST-800-53r5:CA-7", "Continuous monitoring"),
    control("NIST-800-53r5:IA-4", "Identifier management"),
    control("NIST-800-53r5:IA-5", "Authenticator management"),
    control("NIST-800-53r5:PS-4", "Personnel termination"),
    control("NIST-800-53r5:PS-5", "Personnel transfer"),
    control("NIST-800-53r5:PS-7", "External personnel security"),
    control("PCI-DSS-4.0.1:7.2.4", "Access is reviewed every six months"),
    control("PCI-DSS-4.0.1:7.2.5", "System accounts have least privilege"),
    control("PCI-DSS-4.0.1:8.2.2", "Shared accounts are the exception"),
    control("PCI-DSS-4.0.1:8.2.4", "Changes of ids and credentials are authorised"),
    control("PCI-DSS-4.0.1:8.2.5", "Access of terminated users is revoked at once"),
    control("PCI-DSS-4.0.1:8.2.7", "Third-party access only when needed, and monitored"),
    control("PCI-DSS-4.0.1:8.6.1", "Interactive use of system accounts is limited"),
    control("PCI-DSS-4.0.1:8.6.3", "Secrets of system accounts are rotated"),
    control("SOC2-2017:CC6.1", "Logical access security"),
    control("SOC2-2017:CC6.2", "Credentials are removed when access is no longer authorised"),
    control("SOC2-2017:CC6.3", "Access is changed and removed by role"),
    control("SOC2-2017:CC7.2", "Anomalies are monitored"),
    control("ISO-27001-2022:A.5.11", "Return of assets"),
    control("ISO-27001-2022:A.5.16", "Identity management"),
    control("ISO-27001-2022:A.5.17", "Authentication information"),
    control("ISO-27001-2022:A.5.18", "Access rights"),
    control("ISO-27001-2022:A.6.5", "Responsibilities after termination or change of employment"),
    control("ISO-27001-2022:A.8.2", "Privileged access rights"),
    control("ISO-27001-2022:A.8.5", "Secure authentication"),
    control("ISO-27001-2022:A.8.16", "Monitoring activities"),
    control("CIS-8.1:5.1", "Inventory of accounts"),
    control("CIS-8.1:5.5", "Inventory of service accounts"),
    control("CIS-8.1:6.1", "Access granting process"),
    control("CIS-8.1:6.2", "Access revoking process"),
];

/// ATT&CK techniques a rule may name (Enterprise). Tactics differ between versions and are left out.
pub const TECHNIQUES: &[Control] = &[
    control("T1053", "Scheduled task or job"),
    control("T1078", "Valid accounts"),
    control("T1078.004", "Valid accounts: cloud accounts"),
    control("T1098", "Account manipulation"),
    control("T1098.001", "Account manipulation: additional cloud credentials"),
    control("T1098.004", "Account manipulation: SSH authorized keys"),
    control("T1098.005", "Account manipulation: device registration"),
    control("T1114.003", "Email collection: email forwarding rule"),
    control("T1199", "Trusted relationship"),
    control("T1550.001", "Alternate authentication material: application access token"),
    control("T1550.004", "Alternate authentication material: web session cookie"),
    control("T1552", "Unsecured credentials"),
];

/// Controls of the notice `coverage-gap`, which is no rule.
pub const COVERAGE_GAP_CONTROLS: &[&str] =
    &["NIST-CSF-2.0:GV.OV-03", "NIST-CSF-2.0:DE.CM-03", "NIST-800-53r5:CA-7", "ISO-27001-2022:A.8.16"];

/// The control of that id.
pub fn control_named(id: &str) -> Option<&'static Control> {
    CONTROLS.iter().find(|control| control.id == id)
}

/// The technique of that id.
pub fn technique_named(id: &str) -> Option<&'static Control> {
    TECHNIQUES.iter().find(|technique| technique.id == id)
}

/// Place of a control in the order of frameworks and ids.
pub(super) fn rank(id: &str) -> Option<usize> {
    CONTROLS.iter().position(|control| control.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_names_its_framework_and_they_stand_in_the_order_of_frameworks() {
        let order: Vec<usize> = CONTROLS
            .iter()
            .map(|control| {
                let (framework, id) = control.id.split_once(':').expect("framework and id");
                assert!(!id.is_empty());
                FRAMEWORKS.iter().position(|known| *known == framework).expect("a known framework")
            })
            .collect();
        assert!(order.is_sorted());
    }

    #[test]
    fn ids_that_are_often_quoted_wrongly_are_not_in_the_table() {
        for wrong in ["SOC2-2017:CC6.5", "PCI-DSS-4.0.1:8.1.3", "ISO-27001-2022:A.9.2.6", "CIS-8.1:16.1"] {
            assert_eq!(control_named(wrong), None, "{wrong}");
        }
    }
}
