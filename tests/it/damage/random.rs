//! Random damage of bytes: either nothing that matters changed, or it is a gap.

use std::cell::Cell;
use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::{Sound, native};

#[derive(Debug, Clone)]
enum Damage {
    Cut(usize),
    Flip(usize, u8),
    Drop(usize),
    Duplicate(usize),
    Swap(usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        any::<usize>().prop_map(Damage::Cut),
        (any::<usize>(), 1..=255_u8).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        any::<usize>().prop_map(Damage::Drop),
        any::<usize>().prop_map(Damage::Duplicate),
        (any::<usize>(), any::<usize>()).prop_map(|(one, other)| Damage::Swap(one, other)),
    ]
}

fn apply(bytes: &[u8], damage: &Damage) -> Vec<u8> {
    let by_line = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        change(&mut lines);
        lines.concat()
    };
    match damage {
        Damage::Cut(at) => bytes[..at % bytes.len()].to_vec(),
        Damage::Flip(at, bits) => {
            let mut changed = bytes.to_vec();
            changed[at % bytes.len()] ^= bits;
            changed
        }
        Damage::Drop(at) => by_line(&|lines| drop(lines.remove(at % lines.len()))),
        Damage::Duplicate(at) => by_line(&|lines| {
            let at = at % lines.len();
            lines.insert(at, lines[at].clone());
        }),
        Damage::Swap(one, other) => by_line(&|lines| {
            let (one, other) = (one % lines.len(), other % lines.len());
            lines.swap(one, other);
        }),
    }
}

/// What a file says, as far as anybody may rely on it: its lines, parsed, in any order between header and end.
/// `None` where it is not what its end line says.
fn meaning(bytes: &[u8]) -> Option<Vec<serde_json::Value>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines: Vec<serde_json::Value> = Vec::new();
    for line in text.lines() {
        lines.push(serde_json::from_str(line).ok()?);
    }
    if lines.first()?["record"] != "header" || lines.last()?["record"] != "end" {
        return None;
    }
    let middle = lines.len() - 1;
    lines[1..middle].sort_by_key(ToString::to_string);
    lines.dedup();
    Some(lines)
}

fn sound() -> &'static Sound {
    static SOUND: OnceLock<Sound> = OnceLock::new();
    SOUND.get_or_init(|| {
        let company = native::company();
        company.write_all();
        Sound::new(company, &[])
    })
}

#[test]
fn random_damage_of_an_export_is_seen_or_means_nothing() {
    let sound = sound();
    let bytes = std::fs::read(sound.path().join("crm.ndjson")).expect("the export");
    let meant = meaning(&bytes).expect("sound");
    let (harmless, seen) = (Cell::new(0), Cell::new(0));
    let check = |damage: Damage| -> Result<(), TestCaseError> {
        let damaged = apply(&bytes, &damage);
        let same = meaning(&damaged).as_ref() == Some(&meant);
        let (_copy, run) = sound.after(|folder| std::fs::write(folder.join("crm.ndjson"), &damaged).expect("a file"));
        // A flipped bit inside a value is another value, which no reader can know; everything else must be whole.
        let records = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').count();
        let another_value = matches!(damage, Damage::Flip(..)) && records(&damaged) == records(&bytes);
        prop_assert!(run.closed().is_empty(), "{:?} closed {:?}", damage, run.closed());
        if !another_value || run.flag("gaps") {
            sound.nothing_closes(&format!("{damage:?}"), &run);
        }
        prop_assert!(matches!(run.code, 1 | 4), "{:?}: exit {}\n{}", damage, run.code, run.stdout);
        if run.flag("gaps") {
            seen.set(seen.get() + 1);
        } else {
            harmless.set(harmless.get() + 1);
            prop_assert!(same || another_value, "{:?} went unseen\n{}", damage, run.stdout);
            prop_assert!(sound.is_unchanged(&run) || another_value, "{:?}: {:?}", damage, run.states());
        }
        Ok(())
    };
    // Both ends are met, whatever chance brings: records in another order, and half a file.
    for (sure, met) in [(Damage::Swap(1, 2), &harmless), (Damage::Cut(bytes.len() / 2), &seen)] {
        check(sure.clone()).unwrap_or_else(|failure| panic!("{sure:?}: {failure}"));
        assert_eq!(met.get(), 1, "{sure:?}: {} seen, {} harmless", seen.get(), harmless.get());
    }
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    runner.run(&damage(), check).unwrap_or_else(|failure| panic!("{failure}"));
}
