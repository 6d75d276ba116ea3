//! Holds one reading against another.

use super::read::{Reading, ScopeReading};

/// Everything in which two readings differ; cursors and times of reading aside.
pub fn differences(first: &Reading, second: &Reading) -> Vec<String> {
    let mut all = Vec::new();
    for (name, one) in &first.scopes {
        match second.scopes.get(name) {
            None => all.push(format!("scope {name} is missing in the second reading")),
            Some(other) => scope_differences(name, one, other, &mut all),
        }
    }
    for name in second.scopes.keys().filter(|name| !first.scopes.contains_key(*name)) {
        all.push(format!("scope {name} is missing in the first reading"));
    }
    if first.offered != second.offered {
        all.push(format!("follow-ups offered differ: {} and {}", first.offered.len(), second.offered.len()));
    }
    all
}

fn scope_differences(name: &str, one: &ScopeReading, other: &ScopeReading, all: &mut Vec<String>) {
    if one.state() != other.state() {
        let gaps = [one.shown_gaps(), other.shown_gaps()].join(" / ");
        all.push(format!("{name} is {:?}, then {:?}: {gaps}", one.state(), other.state()));
    }
    for (key, access) in &one.records {
        match other.records.get(key) {
            None => all.push(format!("{name}: {} {} is missing in the second reading", key.0, key.1)),
            Some(same) if same == access => {}
            Some(_) => all.push(format!("{name}: {} {} has other facts in the second reading", key.0, key.1)),
        }
    }
    for key in other.records.keys().filter(|key| !one.records.contains_key(key)) {
        all.push(format!("{name}: {} {} is missing in the first reading", key.0, key.1));
    }
}

/// What `reading` lost against a whole reading of the same world without saying so. This is the failure that comes
/// first among those refused: a scope called complete that does not hold everything, or that is gone altogether.
pub fn silent_losses(whole: &Reading, reading: &Reading) -> Vec<String> {
    let mut all = Vec::new();
    let says_something = !reading.is_complete() || reading.undeclared.is_some();
    for (name, expected) in &whole.scopes {
        let Some(found) = reading.scopes.get(name) else {
            // A container or follow-up that was never found: something must say that its list was not whole.
            if !says_something {
                all.push(format!("scope {name} is gone, and everything that is left is called complete"));
            }
            continue;
        };
        if !found.is_complete() {
            continue;
        }
        for key in expected.records.keys().filter(|key| !found.records.contains_key(key)) {
            all.push(format!("{name} is called complete, and {} {} is not in it", key.0, key.1));
        }
        for key in found.records.keys().filter(|key| !expected.records.contains_key(key)) {
            all.push(format!("{name}: {} {} is not in the world", key.0, key.1));
        }
    }
    let whole_lists = reading.scopes.values().filter(|scope| !scope.follow_up).all(ScopeReading::is_complete);
    if whole_lists && reading.undeclared.is_none() && !reading.scopes.is_empty() {
        let lost = whole.offered.difference(&reading.offered).take(3).cloned().collect::<Vec<_>>();
        if !lost.is_empty() {
            all.push(format!("all lists are called complete, and these follow-ups are not offered: {lost:?}"));
        }
    }
    all
}
