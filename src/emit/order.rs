//! The one order of findings in every output: severity, end of access, system, fingerprint. Outputs of equal states
//! are then equal byte for byte.

use std::cmp::Ordering;

use crate::findings::Finding;

/// Compares two findings as outputs list them.
pub fn compare(left: &Finding, right: &Finding) -> Ordering {
    (left.severity, left.access_end.at, &left.system, left.fingerprint).cmp(&(
        right.severity,
        right.access_end.at,
        &right.system,
        right.fingerprint,
    ))
}

/// Sorts findings as outputs list them.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(compare);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::sample;

    #[test]
    fn the_order_of_the_input_does_not_change_the_order_of_the_output() {
        let report = sample::rich();
        let mut forwards = report.findings.clone();
        let mut backwards: Vec<_> = report.findings.iter().rev().cloned().collect();
        sort(&mut forwards);
        sort(&mut backwards);
        assert_eq!(forwards, backwards);
        assert!(forwards.windows(2).all(|pair| compare(&pair[0], &pair[1]) == Ordering::Less));
    }
}
