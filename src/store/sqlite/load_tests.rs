//! Size: a run of two hundred thousand findings. Slow in a build without optimisation, therefore asked for by name.

use crate::findings::FindingState;
use crate::store::sample::{fingerprint, memory, now, open, state_line};
use crate::store::{RunChanges, Store};

const FINDINGS: u32 = 200_000;

#[test]
#[ignore = "large; run with --ignored --nocapture"]
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn s6_two_hundred_thousand_findings_are_committed_recalled_and_walked() {
    let place = tempfile::tempdir().unwrap();
    let mut store = open(place.path()).unwrap();
    for round in 1..=2 {
        let run = format!("run-{round}");
        store.begin_run(&run, now(), "c1").unwrap();
        let memories: Vec<_> = (0..FINDINGS).map(|number| memory(number, FindingState::Confirmed)).collect();
        let ledger = memories.iter().map(|memory| state_line(&run, memory)).collect();
        let start = std::time::Instant::now();
        store.apply(&run, now(), RunChanges { memories, ledger, ..RunChanges::default() }).unwrap();
        println!("round {round}: apply {:?}", start.elapsed());
    }
    let start = std::time::Instant::now();
    for number in 0..10_000 {
        assert!(store.recall(&fingerprint(number * 17)).unwrap().is_some());
    }
    println!("recall {:?} each", start.elapsed() / 10_000);
    let start = std::time::Instant::now();
    let mut seen = 0;
    store
        .for_each_open(&mut |_| {
            seen += 1;
            Ok(())
        })
        .unwrap();
    assert_eq!(seen, FINDINGS);
    println!("walk {:?}", start.elapsed());
    let start = std::time::Instant::now();
    assert_eq!(store.verify_ledger().unwrap().records, u64::from(FINDINGS) * 2 + 3);
    println!("verify {:?}", start.elapsed());
    drop(store);
    let start = std::time::Instant::now();
    let store = open(place.path()).unwrap();
    println!(
        "open {:?}, file {} MB",
        start.elapsed(),
        std::fs::metadata(store.directory.file("state.db")).unwrap().len() / 1_000_000
    );
}
