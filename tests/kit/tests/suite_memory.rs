//! A hundred thousand objects in little memory, and a scanner that hoards them. One test in a program of its own, since
//! memory is that of the whole process.
#![expect(clippy::expect_used, reason = "helpers of tests")]

#[path = "suite/bench.rs"]
mod bench;
#[path = "suite/scanner.rs"]
mod scanner;
#[path = "suite/stub.rs"]
mod stub;

use std::panic::{AssertUnwindSafe, catch_unwind};

use holdover_kit::suite::hundred_thousand_objects_within;

const LIMIT: u64 = 24 << 20;

#[test]
fn memory_does_not_grow_with_the_club() {
    let took = hundred_thousand_objects_within(&bench::ClubBench(scanner::Twin::Right), LIMIT).expect("not excused");
    println!("{took:?}");
    assert_eq!((took.records, took.requests), (100_000, 102));
    let hoards = || hundred_thousand_objects_within(&bench::ClubBench(scanner::Twin::Hoards), LIMIT);
    let panic = catch_unwind(AssertUnwindSafe(hoards)).expect_err("the twin goes beyond");
    let said = panic.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(said.contains("memory grew by"), "{said}");
}
