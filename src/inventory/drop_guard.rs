//! Suspicion when far fewer objects come back than last time (CMP-11): a lost right looks just like an empty system.

/// How much may vanish.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DropGuard {
    /// Share of objects, 0 to 1.
    pub share: f64,
    /// Number of objects that may always vanish.
    pub count: u64,
}

/// Whether a fall from `before` to `now` is suspicious: by more than the share and by more than the count.
pub fn is_suspicious(guard: DropGuard, before: u64, now: u64) -> bool {
    let lost = before.saturating_sub(now);
    lost > guard.count && (lost as f64) > guard.share * (before as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_must_be_passed() {
        let guard = DropGuard { share: 0.2, count: 5 };
        assert!(!is_suspicious(guard, 10, 5), "five may always go");
        assert!(is_suspicious(guard, 10, 4));
        assert!(!is_suspicious(guard, 100, 80), "a fifth may go");
        assert!(is_suspicious(guard, 100, 79));
        assert!(!is_suspicious(guard, 5, 10));
    }
}
